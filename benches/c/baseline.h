/* What a kernel or firmware engineer would write in C for the same records: packed structs, plain stores.
 * Layouts from the field tables of UEFI Appendix N and of Linux' struct mce. Little-endian host. */
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
void cper_fill_two(uint8_t *out, const struct mem_input *in);       /* two memory sections */
void cper_fill_mce(uint8_t *out, const uint8_t *mce, uint64_t id);  /* what Linux' apei_write_mce writes */
void cper_fill_pcie(uint8_t *out, const struct mem_input *in, const uint8_t *capability, const uint8_t *aer);
uint64_t cper_read_mem(const uint8_t *bytes, size_t len);           /* every field, bounds checked */
void cper_copy(uint8_t *out, const uint8_t *from, size_t len);      /* libc memcpy: the floor */
extern uint8_t cper_template[280];
#endif
