/* SPDX-License-Identifier: MIT */
#include "baseline.h"
static const struct guid MEM_TYPE = {{ 0x14,0x11,0xbc,0xa5,0x64,0x6f,0xde,0x4e,0xb8,0x63,0x3e,0x83,0xed,0x7c,0x83,0xb1 }};
static const struct guid PCIE_TYPE = {{ 0x54,0xe9,0x95,0xd9,0xc1,0xbb,0x0f,0x43,0xad,0x91,0xb4,0x4d,0xcb,0x3c,0x6f,0x35 }};
static const struct guid GENERIC_TYPE = {{ 0xad,0xcc,0x76,0x98,0xb4,0x47,0xdb,0x4b,0xb6,0x5e,0x16,0xf1,0x93,0xc4,0xf3,0xdb }};
static const struct guid ARM_TYPE = {{ 0x16,0x3d,0x9e,0xe1,0x11,0xbc,0xe4,0x11,0x9c,0xaa,0xc2,0x05,0x1d,0x5d,0x46,0xb0 }};
static const struct guid NMI = {{ 0xff,0x89,0xad,0x5b,0xe6,0xb7,0xc9,0x42,0x81,0x4a,0xcf,0x24,0x85,0xd6,0xe9,0x8a }};
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
/* The stores of a patch into a record that lies prepared, each value and its validity bit. */
__attribute__((noinline)) const uint8_t *cper_patch_address(uint8_t *record, uint64_t id, uint64_t status, uint64_t address)
{
	struct cper_mem_record *r = (struct cper_mem_record *)record;
	r->h.record_id = id; r->m.error_status = status; r->m.phys_addr = address; r->m.valid |= 3;
	return record;
}
static inline void stores(struct cper_mem_record *r, const struct mem_input *in)
{
	r->h.severity = in->severity; r->d.severity = in->severity; r->h.record_id = in->record_id; r->h.flags = in->flags;
	r->m.valid = in->valid; r->m.error_status = in->status; r->m.phys_addr = in->pa; r->m.phys_addr_mask = in->pa_mask;
	r->m.node = in->node; r->m.card = in->card; r->m.module = in->module; r->m.bank = in->bank;
	r->m.device = in->device; r->m.row = in->row; r->m.extended = in->extended; r->m.column = in->column; r->m.bit_pos = in->bit_pos;
	r->m.error_type = in->error_type; r->m.rank = in->rank;
}
__attribute__((noinline)) const uint8_t *cper_patch_mem(uint8_t *record, const struct mem_input *in)
{
	stores((struct cper_mem_record *)record, in);
	return record;
}
__attribute__((noinline)) const uint8_t *cper_patch_mem_time(uint8_t *record, const struct mem_input *in)
{
	struct cper_mem_record *r = (struct cper_mem_record *)record;
	stores(r, in);
	r->h.ts.sec = bcd(in->sec); r->h.ts.min = bcd(in->min); r->h.ts.hour = bcd(in->hour);
	r->h.ts.precise = in->precise != 0; r->h.ts.day = bcd(in->day); r->h.ts.month = bcd(in->month);
	r->h.ts.year = bcd(in->year % 100); r->h.ts.century = bcd(in->year / 100);
	return record;
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
__attribute__((noinline)) void cper_fill_two(uint8_t *out, const struct mem_input *in, const struct mem_input *second)
{
	struct cper_two_record *r = (struct cper_two_record *)out;
	header(&r->h, in, 2, sizeof *r);
	descriptor(&r->d[0], in, &MEM_TYPE, 272, 80);
	memset(&r->d[1], 0, 72);
	r->d[1].offset = 352; r->d[1].length = 80; r->d[1].revision = 0x0100; r->d[1].type = MEM_TYPE; r->d[1].severity = 2;
	memory(&r->m[0], in); memory(&r->m[1], second);
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
		.slot = (uint16_t)(in->row << 3), .serial = in->requestor };
	memcpy(r->p.capability, capability, 60); memcpy(r->p.aer, aer, 96);
}
static inline uint64_t fold(const struct guid *guid)
{
	uint64_t g[2];
	memcpy(g, guid, 16);
	return g[0] ^ g[1];
}
__attribute__((noinline)) void cper_fill_generic(uint8_t *out, const struct mem_input *in, const uint8_t *brand)
{
	struct cper_generic_record *r = (struct cper_generic_record *)out;
	header(&r->h, in, 1, sizeof *r);
	descriptor(&r->d, in, &GENERIC_TYPE, 200, 192);
	r->g.valid = in->valid; r->g.type = in->error_type; r->g.isa = in->extended; r->g.error_type = 1; r->g.operation = 3;
	r->g.flags = 4; r->g.level = 2; r->g.rsvd = 0; r->g.version = in->status; memcpy(r->g.brand, brand, 128);
	r->g.processor = in->target; r->g.target = in->pa; r->g.requestor = in->requestor; r->g.responder = in->responder;
	r->g.ip = in->pa_mask;
}
__attribute__((noinline)) void cper_fill_arm(uint8_t *out, const struct mem_input *in)
{
	struct cper_arm_record *r = (struct cper_arm_record *)out;
	header(&r->h, in, 1, sizeof *r);
	descriptor(&r->d, in, &ARM_TYPE, 200, 72);
	r->a = (struct cper_arm_err){ .valid = (uint32_t)in->valid, .errors = 1, .length = 72, .affinity = in->extended,
		.mpidr = in->requestor, .midr = in->responder, .running = in->rank, .psci = in->node };
	r->e = (struct cper_arm_info){ .length = 32, .valid = in->module, .type = in->error_type, .multiple = in->card, .flags = 1,
		.info = in->status, .virt = in->target, .phys = in->pa };
}
/* Each entry of a status block into a record of its own, checked as it must be: lengths come from firmware. */
__attribute__((noinline)) size_t cper_fill_entries(uint8_t *out, size_t len, const uint8_t *block, size_t block_len, uint64_t id)
{
	const struct acpi_status *status = (const struct acpi_status *)block;
	size_t written = 0, left;
	const uint8_t *at = block + sizeof *status;
	if (block_len < sizeof *status)
		return 0;
	left = block_len - sizeof *status;
	if (status->data_length < left)
		left = status->data_length;
	while (left) {
		const struct acpi_data *data = (const struct acpi_data *)at;
		struct cper_mem_record *r = (struct cper_mem_record *)out;
		size_t head;
		if (left < 64)
			return 0;
		head = data->revision >> 8 >= 3 ? 72 : 64;
		if (left < head || data->length > left - head || data->length + 200ull > len)
			return 0;
		memset(&r->h, 0, sizeof r->h);
		r->h.sig_start = 0x52455043u; r->h.revision = 0x0101; r->h.sig_end = 0xffffffffu; r->h.section_count = 1;
		r->h.severity = data->severity; r->h.notify_type = NMI; r->h.record_id = id; r->h.record_length = 200 + data->length;
		if (head == 72 && data->valid & 4) {
			r->h.valid = 2; r->h.ts = data->ts;
		}
		r->d.offset = 200; r->d.length = data->length; r->d.revision = 0x0100; r->d.valid = data->valid & 3; r->d.rsvd = 0;
		r->d.flags = data->flags; r->d.type = data->type; r->d.fru_id = data->fru; r->d.severity = data->severity;
		memcpy(r->d.fru_text, data->fru_text, 20);
		memcpy(out + 200, at + head, data->length);
		written = 200 + data->length;
		at += head + data->length;
		left -= head + data->length;
	}
	return written;
}
static inline uint64_t fold_words(const void *from, size_t words)
{
	const uint8_t *bytes = from;
	uint64_t sum = 0, word;
	for (size_t i = 0; i < words; i++) {
		memcpy(&word, bytes + 8 * i, 8);
		sum ^= word;
	}
	return sum;
}
/* Header and descriptor; *sum is theirs. 0 when the only section is not of this type and length inside the record. */
static inline int read_front(const uint8_t *bytes, size_t len, const struct guid *type, size_t body, uint64_t *sum)
{
	const struct cper_mem_record *r = (const struct cper_mem_record *)bytes;
	uint64_t time, text[2];
	uint32_t end;
	if (len < 200 + body || r->h.sig_start != 0x52455043u || r->h.record_length > len || r->h.section_count < 1)
		return 0;
	if (r->d.offset != 200 || r->d.length < body || memcmp(&r->d.type, type, 16))
		return 0;
	memcpy(&time, &r->h.ts, 8);
	*sum = r->h.revision ^ r->h.severity ^ r->h.valid ^ (r->h.valid & 2 ? time : 0);
	*sum ^= (r->h.valid & 1 ? fold(&r->h.platform_id) : 0) ^ (r->h.valid & 4 ? fold(&r->h.partition_id) : 0);
	*sum ^= fold(&r->h.creator_id) ^ fold(&r->h.notify_type) ^ r->h.record_id ^ r->h.flags ^ r->h.persistence;
	memcpy(text, r->d.fru_text, 16);
	memcpy(&end, r->d.fru_text + 16, 4);
	*sum ^= r->d.offset ^ r->d.length ^ r->d.revision ^ r->d.flags ^ (r->d.valid & 1 ? fold(&r->d.fru_id) : 0) ^ r->d.severity;
	*sum ^= r->d.valid & 2 ? text[0] ^ text[1] ^ end : 0;
	return 1;
}
#define IF(bit, x) (v & (1ull << (bit)) ? (uint64_t)(x) : 0)
__attribute__((noinline)) uint64_t cper_read_mem(const uint8_t *bytes, size_t len)
{
	const struct cper_mem_err *m = &((const struct cper_mem_record *)bytes)->m;
	uint64_t sum, v;
	if (!read_front(bytes, len, &MEM_TYPE, 80, &sum))
		return 0;
	v = m->valid;
	sum ^= IF(0, m->error_status) ^ IF(1, m->phys_addr) ^ IF(2, m->phys_addr_mask) ^ IF(3, m->node) ^ IF(4, m->card) ^ IF(5, m->module);
	sum ^= IF(6, m->bank) ^ IF(7, m->device) ^ IF(9, m->column) ^ IF(10, m->bit_pos) ^ IF(11, m->requestor_id) ^ IF(12, m->responder_id);
	sum ^= IF(13, m->target_id) ^ IF(14, m->error_type) ^ IF(15, m->rank) ^ IF(16, m->card_handle) ^ IF(17, m->module_handle);
	sum ^= v & (1ull << 18) ? (m->extended & 3u) << 16 | m->row : IF(8, m->row);
	return sum;
}
__attribute__((noinline)) uint64_t cper_read_pcie(const uint8_t *bytes, size_t len)
{
	const struct cper_pcie_err *p = &((const struct cper_pcie_record *)bytes)->p;
	uint64_t sum, v;
	if (!read_front(bytes, len, &PCIE_TYPE, 208, &sum))
		return 0;
	v = p->valid;
	sum ^= IF(0, p->port_type) ^ IF(1, p->version) ^ IF(2, p->command | (uint32_t)p->status << 16);
	sum ^= v & 0x108 ? fold_words(&p->vendor, 2) : 0;
	sum ^= IF(4, p->serial) ^ IF(5, p->bridge_status | (uint32_t)p->bridge_control << 16);
	if (v & 1 << 6) {
		uint32_t last;
		memcpy(&last, p->capability + 56, 4);
		sum ^= fold_words(p->capability, 7) ^ last;
	}
	return v & 1 << 7 ? sum ^ fold_words(p->aer, 12) : sum;
}
__attribute__((noinline)) uint64_t cper_read_generic(const uint8_t *bytes, size_t len)
{
	const struct cper_generic_err *g = &((const struct cper_generic_record *)bytes)->g;
	uint64_t sum, v;
	if (!read_front(bytes, len, &GENERIC_TYPE, 192, &sum))
		return 0;
	v = g->valid;
	sum ^= IF(0, g->type) ^ IF(1, g->isa) ^ IF(2, g->error_type) ^ IF(3, g->operation) ^ IF(4, g->flags) ^ IF(5, g->level);
	sum ^= IF(6, g->version) ^ IF(8, g->processor) ^ IF(9, g->target) ^ IF(10, g->requestor) ^ IF(11, g->responder) ^ IF(12, g->ip);
	return v & 1 << 7 ? sum ^ fold_words(g->brand, 16) : sum;
}
__attribute__((noinline)) uint64_t cper_read_arm(const uint8_t *bytes, size_t len)
{
	const struct cper_arm_record *r = (const struct cper_arm_record *)bytes;
	const struct cper_arm_err *a = &r->a;
	uint64_t sum, v;
	if (!read_front(bytes, len, &ARM_TYPE, 40, &sum))
		return 0;
	v = a->valid;
	sum ^= IF(1, a->affinity) ^ IF(0, a->mpidr) ^ a->midr ^ ((v & 4 ? a->running : 0) ^ a->psci);
	for (unsigned i = 0; i < a->errors; i++) {
		const struct cper_arm_info *e = &r->e + i;
		if ((const uint8_t *)(e + 1) > bytes + len)
			break;
		v = e->valid;
		sum ^= e->type ^ IF(0, e->multiple) ^ IF(1, e->flags) ^ IF(2, e->info) ^ IF(3, e->virt) ^ IF(4, e->phys);
	}
	return sum;
}
__attribute__((noinline)) int cper_validate(const uint8_t *bytes, size_t len)
{
	const struct cper_mem_record *r = (const struct cper_mem_record *)bytes;
	size_t end;
	if (len < 128 || r->h.sig_start != 0x52455043u || r->h.sig_end != 0xffffffffu || r->h.record_length < 128)
		return 0;
	end = r->h.record_length < len ? r->h.record_length : len;
	if (128ull + 72ull * r->h.section_count > end)
		return 0;
	for (unsigned i = 0; i < r->h.section_count; i++) {
		const struct cper_sec_desc *d = &r->d + i;
		if (d->offset > end || d->length > end - d->offset)
			return 0;
	}
	return 1;
}
static uint32_t crc_table[256];
static uint32_t crc(uint32_t crc, const uint8_t *bytes, size_t len)
{
	while (len--)
		crc = crc >> 8 ^ crc_table[(uint8_t)crc ^ *bytes++];
	return crc;
}
__attribute__((noinline)) void cper_seal(uint8_t *record, size_t len)
{
	static const uint8_t zero[8];
	uint32_t sum;
	if (!crc_table[1])
		for (uint32_t byte = 0; byte < 256; byte++) {
			uint32_t c = byte;
			for (int bit = 0; bit < 8; bit++)
				c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
			crc_table[byte] = c;
		}
	sum = ~crc(crc(crc(~0u, record, 108), zero, 8), record + 116, len - 116);
	memcpy(record + 108, "\0\0S1", 4);
	memcpy(record + 112, &sum, 4);
}
__attribute__((noinline)) uint64_t cper_read_once(const uint8_t *bytes, size_t len)
{
	const uint64_t *words = (const uint64_t *)bytes;
	uint64_t sum = 0;
	for (size_t i = 0; i < len / 8; i++)
		sum += words[i];
	return sum;
}
static void *(*volatile libc_memcpy)(void *, const void *, size_t) = memcpy;
__attribute__((noinline)) void cper_copy(uint8_t *out, const uint8_t *from, size_t len) { libc_memcpy(out, from, len); }
