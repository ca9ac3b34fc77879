/* SPDX-License-Identifier: MIT */
/* usage: harness check          compare what Rust writes with what C writes, value by value; exit 1 when they differ
 *        harness count          run everything in turn, for an instruction counter; prints what, and how often */
#include "baseline.h"
#include <stdio.h>
#include <stdlib.h>

size_t rust_fill_memory(uint8_t *out, size_t len, const struct mem_input *in);
size_t rust_fill_memory_in_place(uint8_t *out, size_t len, const struct mem_input *in);
size_t rust_fill_memory_in_order(uint8_t *out, size_t len, const struct mem_input *in);
size_t rust_fill_memory_ready(uint8_t *out, size_t len, const struct mem_input *in, const uint8_t *fru);
size_t rust_fill_two(uint8_t *out, size_t len, const struct mem_input *in, const struct mem_input *second, const uint8_t *fru);
size_t rust_fill_two_unannounced(uint8_t *out, size_t len, const struct mem_input *in, const struct mem_input *second, const uint8_t *fru);
size_t rust_wrap_bytes(uint8_t *out, size_t len, const void *header, const void *descriptor, const uint8_t *body, size_t body_len);
const uint8_t *rust_patch_memory(uint8_t *record, const struct mem_input *in);
const uint8_t *rust_patch_memory_time(uint8_t *record, const struct mem_input *in);
const uint8_t *rust_patch_address(uint8_t *record, uint64_t id, uint64_t status, uint64_t address);
int rust_patch_view(uint8_t *record, size_t len, uint64_t id, uint64_t status, uint64_t address);
uint64_t rust_read_memory(const uint8_t *bytes, size_t len);
size_t rust_entries_to_records(uint8_t *out, size_t len, const uint8_t *block, size_t block_len, uint64_t id);
int rust_validate(const uint8_t *bytes, size_t len);
size_t rust_fill_mce(uint8_t *out, size_t len, const uint8_t *mce, size_t mce_len, uint64_t id);
size_t rust_fill_mce_graded(uint8_t *out, size_t len, const uint8_t *mce, size_t mce_len, uint64_t id);
size_t rust_fill_pcie(uint8_t *out, size_t len, const struct mem_input *in, const uint8_t *fru, const uint8_t *capability, const uint8_t *aer);
size_t rust_fill_generic(uint8_t *out, size_t len, const struct mem_input *in, const uint8_t *fru, const uint8_t *brand);
size_t rust_fill_arm(uint8_t *out, size_t len, const struct mem_input *in, const uint8_t *fru);
int rust_prepare_slot(uint8_t *out, size_t len);
size_t rust_entries_to_erst_again(uint8_t *out, size_t len, const uint8_t *block, size_t block_len, uint64_t id);
size_t rust_entries_to_erst(uint8_t *out, size_t len, const uint8_t *block, size_t block_len, uint64_t id);
size_t rust_fill_mce_128(uint8_t *out, size_t len, const uint8_t *mce, uint64_t id);
const uint8_t *rust_patch_mce(uint8_t *record, const uint8_t *mce, uint64_t id);
const uint8_t *rust_patch_pcie(uint8_t *record, const struct mem_input *in, const uint8_t *aer);
const uint8_t *rust_patch_generic(uint8_t *record, const struct mem_input *in);
const uint8_t *rust_patch_arm(uint8_t *record, const struct mem_input *in);
void rust_patch_two(uint8_t *record, const struct mem_input *in);
const uint8_t *rust_patch_block(uint8_t *block, const struct mem_input *in);
uint64_t rust_read_pcie(const uint8_t *bytes, size_t len);
uint64_t rust_read_generic(const uint8_t *bytes, size_t len);
uint64_t rust_read_arm(const uint8_t *bytes, size_t len);
size_t rust_wrap_many(uint8_t *out, size_t len, const void *header, const void *descriptor, const uint8_t *body, size_t body_len, size_t count);
int rust_seal(uint8_t *record, size_t len);
#ifdef WITH_DEVICE
int rust_sim_writes(uint8_t *image, size_t image_len, uint8_t *range, size_t range_len, const uint8_t *record, size_t record_len, size_t count);
int rust_make_image(uint8_t *image, size_t len, const uint8_t *record, size_t record_len);
uint64_t rust_walk(const uint8_t *image, size_t len);
/* The device is outside the proof that nothing calls this. */
void a_panic_path_is_left(void) { abort(); }
#endif

static uint8_t buf[512] __attribute__((aligned(64))), slot[512], prepared[512] __attribute__((aligned(64))), mce[128];
static uint8_t fru[20] = "DIMM_A1";
static volatile uint64_t sink;
static struct mem_input in = {
	.year = 2026, .month = 11, .day = 22, .hour = 6, .min = 48, .sec = 59, .precise = 1,
	.severity = 1, .record_id = 0x0102030405060708ull, .flags = 2,
	.platform = {{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16}},
	.creator = {{0xcf,7,0x4b,0xbd,0x89,0xb7,0x18,0x40,0xb3,0xc4,0x1f,0x73,0x2c,0xb5,0x71,0x31}},
	.notify = {{0xfe,0x6f,0xf5,0xe8,0x9c,0x91,0xc5,0x4c,0xba,0x88,0x65,0xab,0xe1,0x49,0x13,0xbb}},
	.fru = {{9,8,7,6,5,4,3,2,1,0,1,2,3,4,5,6}}, .fru_text = "DIMM_A1", .fru_len = 7,
	.valid = 0x35ffbf, .status = 0x400, .pa = 0x123456789000ull, .pa_mask = 0xfffffffffffff000ull,
	.requestor = 1, .responder = 2, .target = 3, .node = 1, .card = 2, .module = 3, .bank = 0x0102, .device = 5,
	.row = 6, .column = 7, .bit_pos = 8, .rank = 1, .card_handle = 0x1100, .module_handle = 0x1101, .error_type = 3, .extended = 1 };
static struct mem_input second; /* what another module has to say; a copy of the first but where it is checked */

#define MAX_SECTIONS 64
static uint8_t big[200 + 152 * MAX_SECTIONS], pcie[408], generic[392], arm[200 + 40 + 32 * MAX_SECTIONS];
static uint8_t entries[20 + 152 * MAX_SECTIONS], aer[96], capability[60], brand[128] = "a processor";
static size_t number = 1;

/* Each name and what one call of it is. */
#define WORK(M) \
	M(empty, (void)0) \
	M(c_fill, cper_fill_mem(buf, &in)) M(fill, rust_fill_memory(buf, 280, &in)) \
	M(fill_in_place, rust_fill_memory_in_place(buf, 280, &in)) M(fill_in_order, rust_fill_memory_in_order(buf, 280, &in)) M(fill_ready, rust_fill_memory_ready(buf, 280, &in, fru)) \
	M(c_patch, cper_fill_mem_patch(buf, &in)) M(patch, rust_patch_memory(prepared, &in)) \
	M(patch_time, rust_patch_memory_time(prepared, &in)) \
	M(c_patch_address, cper_patch_address(prepared, in.record_id, in.status, in.pa)) \
	M(c_patch_stores, cper_patch_mem(prepared, &in)) M(c_patch_time, cper_patch_mem_time(prepared, &in)) \
	M(patch_address, rust_patch_address(prepared, in.record_id, in.status, in.pa)) \
	M(patch_view, rust_patch_view(prepared, 280, in.record_id, in.status, in.pa)) \
	M(c_two, cper_fill_two(buf, &in, &second)) M(two, rust_fill_two(buf, 432, &in, &second, fru)) M(two_unannounced, rust_fill_two_unannounced(buf, 432, &in, &second, fru)) M(patch_two, rust_patch_two(buf, &in)) \
	M(patch_block, rust_patch_block(entries, &in)) \
	M(wrap, rust_wrap_bytes(buf, 280, prepared, prepared + 128, prepared + 200, 80)) \
	M(c_mce, cper_fill_mce(buf, mce, in.record_id)) M(mce, rust_fill_mce_128(buf, 328, mce, in.record_id)) \
	M(mce_slice, rust_fill_mce(buf, 328, mce, 128, in.record_id)) \
	M(mce_graded, rust_fill_mce_graded(buf, 328, mce, 128, in.record_id)) M(patch_mce, rust_patch_mce(buf, mce, in.record_id)) \
	M(c_pcie, cper_fill_pcie(buf, &in, capability, aer)) M(pcie, rust_fill_pcie(buf, 408, &in, fru, capability, aer)) \
	M(patch_pcie, rust_patch_pcie(buf, &in, aer)) \
	M(c_generic, cper_fill_generic(buf, &in, brand)) M(generic, rust_fill_generic(buf, 392, &in, fru, brand)) \
	M(patch_generic, rust_patch_generic(buf, &in)) \
	M(c_arm, cper_fill_arm(buf, &in)) M(arm, rust_fill_arm(buf, 272, &in, fru)) M(patch_arm, rust_patch_arm(buf, &in)) \
	M(c_entries, cper_fill_entries(buf, sizeof buf, entries, 20 + 152 * number, in.record_id)) \
	M(entries, rust_entries_to_records(buf, sizeof buf, entries, 20 + 152 * number, in.record_id)) \
	M(entries_to_erst_again, rust_entries_to_erst_again(slot, sizeof slot, entries, 20 + 152 * number, in.record_id)) \
	M(entries_to_erst, rust_entries_to_erst(slot, sizeof slot, entries, 20 + 152 * number, in.record_id)) \
	M(c_read, sink = cper_read_mem(prepared, 280)) M(read, sink = rust_read_memory(prepared, 280)) \
	M(c_read_pcie, sink = cper_read_pcie(pcie, 408)) M(read_pcie, sink = rust_read_pcie(pcie, 408)) \
	M(c_read_generic, sink = cper_read_generic(generic, 392)) M(read_generic, sink = rust_read_generic(generic, 392)) \
	M(c_read_arm, sink = cper_read_arm(arm, 240 + 32 * number)) M(read_arm, sink = rust_read_arm(arm, 240 + 32 * number)) \
	M(c_validate, sink = cper_validate(prepared, 280)) M(validate, sink = rust_validate(prepared, 280)) \
	M(c_seal, cper_seal(prepared, 280)) M(seal, rust_seal(prepared, 280)) \
	M(wrap_many, rust_wrap_many(big, sizeof big, prepared, prepared + 128, prepared + 200, 80, number)) \
	M(copy_272, cper_copy(buf, prepared, 272)) M(copy_280, cper_copy(buf, prepared, 280)) M(copy_328, cper_copy(buf, prepared, 328)) \
	M(copy_392, cper_copy(buf, prepared, 392)) M(copy_408, cper_copy(buf, prepared, 408)) M(copy_432, cper_copy(buf, prepared, 432))
/* The same, each call a long one. */
#ifdef WITH_DEVICE
static uint8_t medium[16 * 8192], range[8192], *image;
static size_t image_len;
#define WRITES(count) rust_sim_writes(medium, sizeof medium, range, sizeof range, prepared, 280, count)
#define LONG_WORK(M) \
	M(walk, sink = rust_walk(image, image_len)) M(read_once, sink = cper_read_once(image, image_len)) \
	M(open_write_1, WRITES(1) ? abort() : (void)0) M(open_write_101, WRITES(101) ? abort() : (void)0)
#else
#define LONG_WORK(M)
#endif

#define NAME(name, call) M_##name,
enum mode { WORK(NAME) SHORT, BEFORE = SHORT - 1, LONG_WORK(NAME) MODES };
#undef NAME
#define NAME(name, call) #name,
static const char *const names[] = { WORK(NAME) LONG_WORK(NAME) };

/* The instruction counter takes what happens inside this function, and tells it whenever it ends. */
static __attribute__((noinline)) void run(enum mode mode, long count)
{
#define LOOP(name, call) case M_##name: for (long i = 0; i < count; i++) { in.record_id = (uint64_t)i; in.pa = (uint64_t)i << 12; call; __asm__ volatile("" ::: "memory"); } break;
	switch (mode) {
	WORK(LOOP)
	LONG_WORK(LOOP)
	default: break;
	}
}

static int failures;
static void same(const char *what, const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i]) {
			printf("%s differs at byte %zu: %02x, C %02x\n", what, i, a[i], b[i]);
			failures++;
			return;
		}
}

/* Values of every size in every field, every length of text. */
static int check(void)
{
	static const char text[] = "DIMM_A1_CHANNEL_0_20";
	uint8_t c[512], r[512];
	long checked = 0;
	uint64_t x = 88172645463325252ull;
	for (int k = 0; k < 2000; k++) {
#define NEXT (x ^= x << 13, x ^= x >> 7, x ^= x << 17)
		in.year = NEXT % 10000; in.month = NEXT % 12 + 1; in.day = NEXT % 31 + 1;
		in.hour = NEXT % 24; in.min = NEXT % 60; in.sec = NEXT % 60; in.precise = NEXT & 1;
		in.severity = (uint32_t)NEXT; in.record_id = NEXT; in.flags = (uint32_t)NEXT;
		for (int i = 0; i < 16; i++)
			in.platform.b[i] = NEXT, in.creator.b[i] = NEXT, in.notify.b[i] = NEXT, in.fru.b[i] = NEXT;
		in.valid = NEXT; in.status = NEXT; in.pa = NEXT; in.pa_mask = NEXT; in.requestor = NEXT; in.responder = NEXT; in.target = NEXT;
		in.node = NEXT; in.card = NEXT; in.module = NEXT; in.bank = NEXT; in.device = NEXT; in.row = NEXT; in.column = NEXT;
		in.bit_pos = NEXT; in.rank = NEXT; in.card_handle = NEXT; in.module_handle = NEXT; in.error_type = NEXT; in.extended = NEXT;
		in.fru_len = k % 21; in.fru_text = text;
		memset(fru, 0, 20); memcpy(fru, text, in.fru_len);
		cper_fill_mem(c, &in);
		memset(r, 0xa5, sizeof r); rust_fill_memory(r, 280, &in); same("fill", r, c, 280);
		memset(r, 0xa5, sizeof r); rust_fill_memory_in_order(r, 280, &in); same("fill_in_order", r, c, 280);
		memset(r, 0xa5, sizeof r); rust_fill_memory_in_place(r, 280, &in); same("fill_in_place", r, c, 280);
		memset(r, 0xa5, sizeof r); rust_fill_memory_ready(r, 280, &in, fru); same("fill_ready", r, c, 280);
		memset(r, 0xa5, sizeof r); rust_wrap_bytes(r, 280, c, c + 128, c + 200, 80); same("wrap", r, c, 280);
		if (rust_read_memory(c, 280) != cper_read_mem(c, 280)) { printf("read differs\n"); failures++; }
		memcpy(r, c, 280); memcpy(cper_template, c, 280);
		in.record_id = NEXT; in.pa = NEXT; in.status = NEXT; in.sec = NEXT % 60; in.severity = (uint32_t)NEXT;
		cper_patch_mem(c, &in); rust_patch_memory(r, &in); same("patch", r, c, 280);
		in.sec = NEXT % 60; in.record_id = NEXT; in.status = NEXT; in.valid = NEXT;
		cper_patch_mem_time(c, &in); rust_patch_memory_time(r, &in); same("patch_time", r, c, 280);
		in.record_id = NEXT; in.pa = NEXT; in.status = NEXT;
		cper_patch_address(c, in.record_id, in.status, in.pa);
		rust_patch_address(r, in.record_id, in.status, in.pa); same("patch_address", r, c, 280);
		second = in; second.pa = NEXT; second.status = NEXT; second.module = NEXT; second.row = NEXT; second.extended = NEXT; second.valid = NEXT;
		cper_fill_two(c, &in, &second);
		memset(r, 0xa5, sizeof r); rust_fill_two(r, 432, &in, &second, fru); same("two", r, c, 432);
		memset(r, 0xa5, sizeof r); rust_fill_two_unannounced(r, 432, &in, &second, fru); same("two_unannounced", r, c, 432);
		for (int i = 0; i < 128; i++) mce[i] = NEXT, brand[i] = NEXT, aer[i % 96] = NEXT, capability[i % 60] = NEXT;
		cper_fill_mce(c, mce, in.record_id);
		memset(r, 0xa5, sizeof r); rust_fill_mce(r, 328, mce, 128, in.record_id); same("mce_slice", r, c, 328);
		memset(r, 0xa5, sizeof r); rust_fill_mce_128(r, 328, mce, in.record_id); same("mce", r, c, 328);
		memset(c + 200, 0, 128); rust_patch_mce(c, mce, in.record_id); same("patch_mce", c, r, 328);
		cper_fill_pcie(c, &in, capability, aer);
		memset(r, 0xa5, sizeof r); rust_fill_pcie(r, 408, &in, fru, capability, aer); same("pcie", r, c, 408);
		if (rust_read_pcie(c, 408) != cper_read_pcie(c, 408)) { printf("read_pcie differs\n"); failures++; }
		cper_fill_generic(c, &in, brand);
		memset(r, 0xa5, sizeof r); rust_fill_generic(r, 392, &in, fru, brand); same("generic", r, c, 392);
		if (rust_read_generic(c, 392) != cper_read_generic(c, 392)) { printf("read_generic differs\n"); failures++; }
		cper_fill_arm(c, &in);
		memset(r, 0xa5, sizeof r); rust_fill_arm(r, 272, &in, fru); same("arm", r, c, 272);
		if (rust_read_arm(c, 272) != cper_read_arm(c, 272)) { printf("read_arm differs\n"); failures++; }
		memset(c, 0x5a, sizeof c); memset(r, 0xa5, sizeof r);
		for (int i = 0; i < 64; i++) entries[20 + i] = i < 22 || i > 27 ? NEXT : entries[20 + i];
		entries[20 + 22] = (uint8_t)NEXT; entries[20 + 21] = k & 1 ? 3 : 2;
		memcpy(entries + 12, (uint32_t[]){ k & 1 ? 152 : 144 }, 4);
		if (cper_fill_entries(c, 512, entries, 172, in.record_id) != rust_entries_to_records(r, 512, entries, 172, in.record_id)) { printf("entries differ\n"); failures++; }
		same("entries", r, c, 280);
		/* The same in Linux's form: its revision, creator and flag; a time in seconds, which C leaves to the reader. */
		memset(r, 0xa5, sizeof r); rust_prepare_slot(r, 512);
		if (rust_entries_to_erst(r, 512, entries, 172, in.record_id) != 280) { printf("slot differs\n"); failures++; }
		c[4] = 0; memcpy(c + 16, r + 16, 4); memcpy(c + 24, r + 24, 8); memcpy(c + 64, r + 64, 16); c[104] = 2;
		same("slot", r, c, 280);
		memcpy(c, entries, 172); memcpy(r, entries, 172);
		in.severity = k % 5;
		memcpy(c, (uint32_t[]){ 0x10 | (in.severity == 2 ? 2 : in.severity != 3) }, 4);
		memcpy(c + 16, &in.severity, 4); memcpy(c + 36, &in.severity, 4); memcpy(c + 100, (uint64_t[]){ in.status, in.pa }, 16); c[92] |= 3;
		rust_patch_block(r, &in); same("patch_block", r, c, 172);
		cper_fill_mem(c, &in); memcpy(r, c, 280); memset(r + 108, 0, 8);
		cper_seal(c, 280); rust_seal(r, 280); same("seal", r, c, 280);
		if (rust_validate(c, 280) != cper_validate(c, 280)) { printf("validate differs\n"); failures++; }
		checked += 20;
		for (size_t short_by = 1; short_by < 280; short_by += 93)
			if (rust_fill_memory(r, 280 - short_by, &in) || rust_fill_memory_in_place(r, 280 - short_by, &in)) { printf("wrote past a short buffer\n"); failures++; }
	}
	printf("%ld records compared, %d differ\n", checked, failures);
	return failures != 0;
}

static void prepare(void)
{
	rust_prepare_slot(slot, sizeof slot);
	in.record_id = 0x0102030405060708ull;
	cper_fill_mem(cper_template, &in);
	memcpy(prepared, cper_template, 280);
	cper_fill_pcie(pcie, &in, capability, aer);
	cper_fill_generic(generic, &in, brand);
	cper_fill_arm(arm, &in);
	memcpy(entries, (uint32_t[]){ 0x12, 0, 0, 152, 2 }, 20);
	for (int i = 0; i < MAX_SECTIONS; i++) {
		uint8_t *entry = entries + 20 + 152 * i;
		memcpy(entry, cper_template + 144, 16);
		memcpy(entry + 16, (uint32_t[]){ 2, 0x00000300, 80 }, 12);
		memcpy(arm + 240 + 32 * i, arm + 240, 32);
	}
}

/* Runs everything in turn for the instruction counter; a line each says what was run and how often. */
static int count(void)
{
	for (int m = 0; m < MODES; m++) {
		long times = m < SHORT ? 1000 : 1;
		prepare();
		printf("%s %ld\n", names[m], times);
		run(m, times);
	}
	prepare();
	for (in.fru_text = "DIMM_A1_CHANNEL_0_20", in.fru_len = 0; in.fru_len <= 20; in.fru_len++) {
		printf("c_fill/%zu 100\n", in.fru_len); run(M_c_fill, 100);
		printf("fill_in_place/%zu 100\n", in.fru_len); run(M_fill_in_place, 100);
	}
	for (number = 1; number <= MAX_SECTIONS; number *= 2) {
		memcpy(entries + 12, (uint32_t[]){ 152 * (uint32_t)number }, 4);
		memcpy(arm + 204, (uint16_t[]){ (uint16_t)number }, 2);
		memcpy(arm + 208, (uint32_t[]){ 40 + 32 * (uint32_t)number }, 4);
		memcpy(arm + 132, arm + 208, 4);
		memcpy(arm + 20, (uint32_t[]){ 240 + 32 * (uint32_t)number }, 4);
		printf("wrap_many/%zu 100\n", number); run(M_wrap_many, 100);
		printf("entries/%zu 100\n", number); run(M_entries, 100);
		printf("read_arm/%zu 100\n", number); run(M_read_arm, 100);
	}
	return 0;
}

int main(int argc, char **argv)
{
	prepare();
#ifdef WITH_DEVICE
	image_len = 64 << 20;
	image = aligned_alloc(8192, image_len);
	if (!image || (memset(image, 0, image_len), rust_make_image(image, image_len, prepared, 280)) || WRITES(1)) {
		fprintf(stderr, "no image, or the simulated device refuses\n");
		return 1;
	}
#endif
	if (argc > 1 && !strcmp(argv[1], "check"))
		return check();
	if (argc > 1 && !strcmp(argv[1], "count"))
		return count();
	fprintf(stderr, "usage: see the head of harness.c\n");
	return 2;
}
