/* SPDX-License-Identifier: MIT */
#include "baseline.h"
static const struct guid MEM_TYPE = {{ 0x14,0x11,0xbc,0xa5,0x64,0x6f,0xde,0x4e,0xb8,0x63,0x3e,0x83,0xed,0x7c,0x83,0xb1 }};
static const struct guid PCIE_TYPE = {{ 0x54,0xe9,0x95,0xd9,0xc1,0xbb,0x0f,0x43,0xad,0x91,0xb4,0x4d,0xcb,0x3c,0x6f,0x35 }};
static const struct guid LINUX = {{ 0xe3,0x74,0xa5,0x75,0x52,0x50,0x29,0x4b,0x8a,0x8e,0xbe,0x2c,0x64,0x90,0xb8,0x9d }};
static const struct guid MCE = {{ 0xfe,0x6f,0xf5,0xe8,0x9c,0x91,0xc5,0x4c,0xba,0x88,0x65,0xab,0xe1,0x49,0x13,0xbb }};
static const struct guid LINUX_MCE = {{ 0xbe,0xff,0x08,0xfe,0xe4,0x95,0xe7,0x4b,0xbc,0x73,0x40,0x96,0x04,0x4a,0x38,0xfc }};
uint8_t cper_template[280];
static inline uint8_t bcd(unsigned v) { return (uint8_t)(v + 6 * (v / 10)); }

__attribute__((noinline)) void cper_fill_mem(uint8_t *out, const struct mem_input *in)
{
	struct cper_mem_record *r = (struct cper_mem_record *)out;
	size_t n;
	r->h.sig_start = 0x52455043u; r->h.revision = 0x0101; r->h.sig_end = 0xffffffffu;
	r->h.section_count = 1; r->h.severity = in->severity; r->h.valid = 3;
	r->h.record_length = sizeof *r;
	r->h.ts.sec = bcd(in->sec); r->h.ts.min = bcd(in->min); r->h.ts.hour = bcd(in->hour);
	r->h.ts.precise = in->precise != 0; r->h.ts.day = bcd(in->day); r->h.ts.month = bcd(in->month);
	r->h.ts.year = bcd(in->year % 100); r->h.ts.century = bcd(in->year / 100);
	r->h.platform_id = in->platform; memset(&r->h.partition_id, 0, 16);
	r->h.creator_id = in->creator; r->h.notify_type = in->notify;
	r->h.record_id = in->record_id; r->h.flags = in->flags; r->h.persistence = 0;
	memset(r->h.rsvd, 0, sizeof r->h.rsvd);
	r->d.offset = 200; r->d.length = 80; r->d.revision = 0x0100; r->d.valid = 3; r->d.rsvd = 0;
	r->d.flags = 1; r->d.type = MEM_TYPE; r->d.fru_id = in->fru; r->d.severity = in->severity;
	n = in->fru_len < 20 ? in->fru_len : 20;
	memset(r->d.fru_text, 0, 20); memcpy(r->d.fru_text, in->fru_text, n);
	r->m.valid = in->valid; r->m.error_status = in->status; r->m.phys_addr = in->pa; r->m.phys_addr_mask = in->pa_mask;
	r->m.node = in->node; r->m.card = in->card; r->m.module = in->module; r->m.bank = in->bank;
	r->m.device = in->device; r->m.row = in->row; r->m.column = in->column; r->m.bit_pos = in->bit_pos;
	r->m.requestor_id = in->requestor; r->m.responder_id = in->responder; r->m.target_id = in->target;
	r->m.error_type = in->error_type; r->m.extended = in->extended; r->m.rank = in->rank;
	r->m.card_handle = in->card_handle; r->m.module_handle = in->module_handle;
}
__attribute__((noinline)) void cper_fill_mem_patch(uint8_t *out, const struct mem_input *in)
{
	struct cper_mem_record *r = (struct cper_mem_record *)out;
	memcpy(out, cper_template, sizeof *r);
	r->h.severity = in->severity; r->d.severity = in->severity;
	r->h.ts.sec = bcd(in->sec); r->h.ts.min = bcd(in->min); r->h.ts.hour = bcd(in->hour);
	r->h.ts.precise = in->precise != 0; r->h.ts.day = bcd(in->day); r->h.ts.month = bcd(in->month);
	r->h.ts.year = bcd(in->year % 100); r->h.ts.century = bcd(in->year / 100);
	r->h.record_id = in->record_id; r->h.flags = in->flags;
	r->m.valid = in->valid; r->m.error_status = in->status; r->m.phys_addr = in->pa; r->m.phys_addr_mask = in->pa_mask;
	r->m.node = in->node; r->m.card = in->card; r->m.module = in->module; r->m.bank = in->bank;
	r->m.device = in->device; r->m.row = in->row; r->m.column = in->column; r->m.bit_pos = in->bit_pos;
	r->m.error_type = in->error_type; r->m.rank = in->rank;
}
static void header(struct cper_hdr *h, const struct mem_input *in, unsigned count, uint32_t length)
{
	h->sig_start = 0x52455043u; h->revision = 0x0101; h->sig_end = 0xffffffffu;
	h->section_count = count; h->severity = in->severity; h->valid = 3; h->record_length = length;
	h->ts.sec = bcd(in->sec); h->ts.min = bcd(in->min); h->ts.hour = bcd(in->hour);
	h->ts.precise = in->precise != 0; h->ts.day = bcd(in->day); h->ts.month = bcd(in->month);
	h->ts.year = bcd(in->year % 100); h->ts.century = bcd(in->year / 100);
	h->platform_id = in->platform; memset(&h->partition_id, 0, 16);
	h->creator_id = in->creator; h->notify_type = in->notify;
	h->record_id = in->record_id; h->flags = in->flags; h->persistence = 0;
	memset(h->rsvd, 0, sizeof h->rsvd);
}
static void descriptor(struct cper_sec_desc *d, const struct mem_input *in, const struct guid *type, uint32_t offset, uint32_t length)
{
	size_t n = in->fru_len < 20 ? in->fru_len : 20;
	d->offset = offset; d->length = length; d->revision = 0x0100; d->valid = 3; d->rsvd = 0;
	d->flags = 1; d->type = *type; d->fru_id = in->fru; d->severity = in->severity;
	memset(d->fru_text, 0, 20); memcpy(d->fru_text, in->fru_text, n);
}
static void memory(struct cper_mem_err *m, const struct mem_input *in)
{
	m->valid = in->valid; m->error_status = in->status; m->phys_addr = in->pa; m->phys_addr_mask = in->pa_mask;
	m->node = in->node; m->card = in->card; m->module = in->module; m->bank = in->bank;
	m->device = in->device; m->row = in->row; m->column = in->column; m->bit_pos = in->bit_pos;
	m->requestor_id = in->requestor; m->responder_id = in->responder; m->target_id = in->target;
	m->error_type = in->error_type; m->extended = in->extended; m->rank = in->rank;
	m->card_handle = in->card_handle; m->module_handle = in->module_handle;
}
__attribute__((noinline)) void cper_fill_two(uint8_t *out, const struct mem_input *in)
{
	struct cper_two_record *r = (struct cper_two_record *)out;
	header(&r->h, in, 2, sizeof *r);
	descriptor(&r->d[0], in, &MEM_TYPE, 272, 80);
	memset(&r->d[1], 0, 72);
	r->d[1].offset = 352; r->d[1].length = 80; r->d[1].revision = 0x0100; r->d[1].type = MEM_TYPE; r->d[1].severity = 2;
	memory(&r->m[0], in); memory(&r->m[1], in);
}
__attribute__((noinline)) void cper_fill_mce(uint8_t *out, const uint8_t *mce, uint64_t id)
{
	struct cper_mce_record *r = (struct cper_mce_record *)out;
	memset(r, 0, 200);
	r->h.sig_start = 0x52455043u; r->h.revision = 0x0100; r->h.sig_end = 0xffffffffu; r->h.section_count = 1;
	r->h.severity = 1; r->h.record_length = sizeof *r; r->h.creator_id = LINUX; r->h.notify_type = MCE;
	r->h.record_id = id; r->h.flags = 2;
	r->d.offset = 200; r->d.length = 128; r->d.revision = 0x0100; r->d.flags = 1; r->d.type = LINUX_MCE; r->d.severity = 1;
	memcpy(r->mce, mce, 128);
}
__attribute__((noinline)) void cper_fill_pcie(uint8_t *out, const struct mem_input *in, const uint8_t *capability, const uint8_t *aer)
{
	struct cper_pcie_record *r = (struct cper_pcie_record *)out;
	header(&r->h, in, 1, sizeof *r);
	descriptor(&r->d, in, &PCIE_TYPE, 200, 208);
	r->p = (struct cper_pcie_err){ .valid = 0xff, .port_type = 4, .version = 0x0301, .command = in->card, .status = in->module,
		.vendor = in->bank, .device = in->device, .function = 1, .device_number = 2, .segment = in->node, .bus = in->error_type,
		.slot = in->row, .serial = in->requestor };
	memcpy(r->p.capability, capability, 60); memcpy(r->p.aer, aer, 96);
}
static inline uint64_t fold(const struct guid *guid)
{
	uint64_t g[2];
	memcpy(g, guid, 16);
	return g[0] ^ g[1];
}
__attribute__((noinline)) uint64_t cper_read_mem(const uint8_t *bytes, size_t len)
{
	const struct cper_mem_record *r = (const struct cper_mem_record *)bytes;
	const struct cper_mem_err *m = &r->m;
	uint64_t sum, time, v;
	uint64_t text[2];
	uint32_t end;
	if (len < sizeof *r || r->h.sig_start != 0x52455043u || r->h.record_length > len || r->h.section_count < 1)
		return 0;
	if (r->d.offset != 200 || r->d.length < 80 || memcmp(&r->d.type, &MEM_TYPE, 16))
		return 0;
#define IF(bit, x) (v & (1ull << (bit)) ? (uint64_t)(x) : 0)
	memcpy(&time, &r->h.ts, 8);
	sum = r->h.revision ^ r->h.severity ^ r->h.valid ^ (r->h.valid & 2 ? time : 0);
	sum ^= (r->h.valid & 1 ? fold(&r->h.platform_id) : 0) ^ (r->h.valid & 4 ? fold(&r->h.partition_id) : 0);
	sum ^= fold(&r->h.creator_id) ^ fold(&r->h.notify_type) ^ r->h.record_id ^ r->h.flags ^ r->h.persistence;
	memcpy(text, r->d.fru_text, 16);
	memcpy(&end, r->d.fru_text + 16, 4);
	sum ^= r->d.offset ^ r->d.length ^ r->d.revision ^ r->d.flags ^ (r->d.valid & 1 ? fold(&r->d.fru_id) : 0) ^ r->d.severity;
	sum ^= r->d.valid & 2 ? text[0] ^ text[1] ^ end : 0;
	v = m->valid;
	sum ^= IF(0, m->error_status) ^ IF(1, m->phys_addr) ^ IF(2, m->phys_addr_mask) ^ IF(3, m->node) ^ IF(4, m->card) ^ IF(5, m->module);
	sum ^= IF(6, m->bank) ^ IF(7, m->device) ^ IF(9, m->column) ^ IF(10, m->bit_pos) ^ IF(11, m->requestor_id) ^ IF(12, m->responder_id);
	sum ^= IF(13, m->target_id) ^ IF(14, m->error_type) ^ IF(15, m->rank) ^ IF(16, m->card_handle) ^ IF(17, m->module_handle);
	sum ^= v & (1ull << 18) ? (m->extended & 3u) << 16 | m->row : IF(8, m->row);
	return sum;
}
static void *(*volatile libc_memcpy)(void *, const void *, size_t) = memcpy;
__attribute__((noinline)) void cper_copy(uint8_t *out, const uint8_t *from, size_t len) { libc_memcpy(out, from, len); }
