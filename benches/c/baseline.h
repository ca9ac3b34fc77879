/* What a kernel or firmware engineer would write in C for the same records: packed structs, plain stores.
 * Layouts from the field tables of UEFI Appendix N and of Linux's struct mce. Little-endian host. */
#ifndef BASELINE_H
#define BASELINE_H
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stddef.h>
#include <string.h>

#define PK __attribute__((packed))
struct guid { uint8_t b[16]; };

struct PK cper_ts { uint8_t sec, min, hour, precise, day, month, year, century; };
struct PK cper_hdr {
	uint32_t sig_start; uint16_t revision; uint32_t sig_end; uint16_t section_count;
	uint32_t severity; uint32_t valid; uint32_t record_length; struct cper_ts ts;
	struct guid platform_id, partition_id, creator_id, notify_type;
	uint64_t record_id; uint32_t flags; uint64_t persistence; uint8_t rsvd[12];
};
struct PK cper_sec_desc {
	uint32_t offset, length; uint16_t revision; uint8_t valid, rsvd; uint32_t flags;
	struct guid type, fru_id; uint32_t severity; char fru_text[20];
};
struct PK cper_mem_err {
	uint64_t valid, error_status, phys_addr, phys_addr_mask;
	uint16_t node, card, module, bank, device, row, column, bit_pos;
	uint64_t requestor_id, responder_id, target_id;
	uint8_t error_type, extended; uint16_t rank, card_handle, module_handle;
};
struct PK cper_mem_record { struct cper_hdr h; struct cper_sec_desc d; struct cper_mem_err m; };
_Static_assert(sizeof(struct cper_hdr) == 128, "hdr");
_Static_assert(sizeof(struct cper_sec_desc) == 72, "desc");
_Static_assert(sizeof(struct cper_mem_err) == 80, "mem");
_Static_assert(sizeof(struct cper_mem_record) == 280, "rec");

struct PK cper_two_record { struct cper_hdr h; struct cper_sec_desc d[2]; struct cper_mem_err m[2]; };
_Static_assert(sizeof(struct cper_two_record) == 432, "two");

/* The 128-byte struct mce of Linux 5.8 and later, as bytes: the record carries it unread. */
struct PK cper_mce_record { struct cper_hdr h; struct cper_sec_desc d; uint8_t mce[128]; };
_Static_assert(sizeof(struct cper_mce_record) == 328, "mce");

struct PK cper_pcie_err {
	uint64_t valid; uint32_t port_type, version; uint16_t command, status; uint32_t rcrb_high;
	uint16_t vendor, device; uint8_t class_code[3], function, device_number; uint16_t segment; uint8_t bus, secondary_bus;
	uint16_t slot; uint8_t rsvd; uint64_t serial; uint16_t bridge_status, bridge_control;
	uint8_t capability[60], aer[96];
};
struct PK cper_pcie_record { struct cper_hdr h; struct cper_sec_desc d; struct cper_pcie_err p; };
_Static_assert(sizeof(struct cper_pcie_err) == 208, "pcie");

struct PK cper_generic_err {
	uint64_t valid; uint8_t type, isa, error_type, operation, flags, level; uint16_t rsvd; uint64_t version; uint8_t brand[128];
	uint64_t processor, target, requestor, responder, ip;
};
struct PK cper_generic_record { struct cper_hdr h; struct cper_sec_desc d; struct cper_generic_err g; };
_Static_assert(sizeof(struct cper_generic_err) == 192, "generic");

struct PK cper_arm_err {
	uint32_t valid; uint16_t errors, contexts; uint32_t length; uint8_t affinity, rsvd[3]; uint64_t mpidr, midr; uint32_t running, psci;
};
struct PK cper_arm_info {
	uint8_t version, length; uint16_t valid; uint8_t type; uint16_t multiple; uint8_t flags; uint64_t info, virt, phys;
};
struct PK cper_arm_record { struct cper_hdr h; struct cper_sec_desc d; struct cper_arm_err a; struct cper_arm_info e; };
_Static_assert(sizeof(struct cper_arm_record) == 272, "arm");

struct PK acpi_status { uint32_t block_status, raw_offset, raw_length, data_length, severity; };
struct PK acpi_data {
	struct guid type; uint32_t severity; uint16_t revision; uint8_t valid, flags; uint32_t length; struct guid fru;
	char fru_text[20]; struct cper_ts ts;
};
_Static_assert(sizeof(struct acpi_data) == 72, "data");

/* Plain values, natural alignment, as a caller has them. */
struct mem_input {
	unsigned year, month, day, hour, min, sec; int precise;
	uint32_t severity; uint64_t record_id; uint32_t flags;
	struct guid platform, creator, notify, fru;
	const char *fru_text; size_t fru_len;
	uint64_t valid, status, pa, pa_mask, requestor, responder, target;
	uint16_t node, card, module, bank, device, row, column, bit_pos, rank, card_handle, module_handle;
	uint8_t error_type, extended;
};

void cper_fill_mem(uint8_t *out, const struct mem_input *in);       /* every field, BCD time computed */
void cper_fill_mem_patch(uint8_t *out, const struct mem_input *in); /* copy of a template, changing fields patched */
const uint8_t *cper_patch_address(uint8_t *record, uint64_t id, uint64_t status, uint64_t address);
const uint8_t *cper_patch_mem(uint8_t *record, const struct mem_input *in);
const uint8_t *cper_patch_mem_time(uint8_t *record, const struct mem_input *in);
/* Two memory sections. */
void cper_fill_two(uint8_t *out, const struct mem_input *in, const struct mem_input *second);
void cper_fill_mce(uint8_t *out, const uint8_t *mce, uint64_t id);  /* what Linux's apei_write_mce writes */
void cper_fill_pcie(uint8_t *out, const struct mem_input *in, const uint8_t *capability, const uint8_t *aer);
void cper_fill_generic(uint8_t *out, const struct mem_input *in, const uint8_t *brand);
void cper_fill_arm(uint8_t *out, const struct mem_input *in);
size_t cper_fill_entries(uint8_t *out, size_t len, const uint8_t *block, size_t block_len, uint64_t id); /* 0: does not fit */
uint64_t cper_read_mem(const uint8_t *bytes, size_t len);           /* every field, bounds checked */
uint64_t cper_read_pcie(const uint8_t *bytes, size_t len);
uint64_t cper_read_generic(const uint8_t *bytes, size_t len);
uint64_t cper_read_arm(const uint8_t *bytes, size_t len);
int cper_validate(const uint8_t *bytes, size_t len);                /* every section inside the record */
void cper_seal(uint8_t *record, size_t len);                        /* CRC-32 over all but its own field */
uint64_t cper_read_once(const uint8_t *bytes, size_t len);          /* the floor of a walk: all words added up */
void cper_copy(uint8_t *out, const uint8_t *from, size_t len);      /* libc memcpy: the floor */
extern uint8_t cper_template[280];
#endif
