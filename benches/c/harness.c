/* SPDX-License-Identifier: MIT */
/* usage: harness check          compare what Rust writes with what C writes, value by value; exit 1 when they differ
 *        harness MODE COUNT     run MODE COUNT times in one loop, for an instruction counter
 *        harness time MODE...   nanoseconds a call, median of 9 runs, for each mode
 *        harness modes          the modes there are */
#define _POSIX_C_SOURCE 200809L
#include "baseline.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

size_t rust_fill_memory(uint8_t *out, size_t len, const struct mem_input *in);
size_t rust_fill_memory_in_order(uint8_t *out, size_t len, const struct mem_input *in);
size_t rust_fill_memory_ready(uint8_t *out, size_t len, const struct mem_input *in, const uint8_t *fru);
size_t rust_fill_two(uint8_t *out, size_t len, const struct mem_input *in, const uint8_t *fru);
size_t rust_wrap_bytes(uint8_t *out, size_t len, const void *header, const void *descriptor, const uint8_t *body, size_t body_len);
const uint8_t *rust_patch_memory(uint8_t *record, const struct mem_input *in);
const uint8_t *rust_patch_memory_time(uint8_t *record, const struct mem_input *in);
const uint8_t *rust_patch_address(uint8_t *record, uint64_t id, uint64_t status, uint64_t address);
int rust_patch_view(uint8_t *record, size_t len, uint64_t id, uint64_t status, uint64_t address);
uint64_t rust_read_memory(const uint8_t *bytes, size_t len);
size_t rust_entries_to_records(uint8_t *out, size_t len, const uint8_t *block, size_t block_len, uint64_t id);
int rust_validate(const uint8_t *bytes, size_t len);

static uint8_t buf[512] __attribute__((aligned(64))), prepared[512] __attribute__((aligned(64))), mce[128];
static uint8_t block[20 + 72 + 80], fru[20] = "DIMM_A1";
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

enum mode {
	EMPTY, C_FILL, FILL, FILL_IN_ORDER, FILL_READY, C_PATCH, PATCH, PATCH_TIME, PATCH_ADDRESS, PATCH_VIEW,
	C_TWO, TWO, C_MCE, C_PCIE, C_READ, READ, WRAP, ENTRIES, VALIDATE, COPY_280, COPY_328, COPY_432, MODES
};
static const char *const names[MODES] = {
	"empty", "c_fill", "fill", "fill_in_order", "fill_ready", "c_patch", "patch", "patch_time", "patch_address",
	"patch_view", "c_two", "two", "c_mce", "c_pcie", "c_read", "read", "wrap", "entries", "validate",
	"copy_280", "copy_328", "copy_432"
};

static int find(const char *name)
{
	for (int m = 0; m < MODES; m++)
		if (!strcmp(name, names[m]))
			return m;
	fprintf(stderr, "no mode %s\n", name);
	exit(2);
}

static void run(enum mode mode, long count)
{
#define LOOP(call) for (long i = 0; i < count; i++) { in.record_id = (uint64_t)i; in.pa = (uint64_t)i << 12; call; __asm__ volatile("" ::: "memory"); } break
	switch (mode) {
	case C_FILL: LOOP(cper_fill_mem(buf, &in));
	case FILL: LOOP(rust_fill_memory(buf, 280, &in));
	case FILL_IN_ORDER: LOOP(rust_fill_memory_in_order(buf, 280, &in));
	case FILL_READY: LOOP(rust_fill_memory_ready(buf, 280, &in, fru));
	case C_PATCH: LOOP(cper_fill_mem_patch(buf, &in));
	case PATCH: LOOP(rust_patch_memory(prepared, &in));
	case PATCH_TIME: LOOP(rust_patch_memory_time(prepared, &in));
	case PATCH_ADDRESS: LOOP(rust_patch_address(prepared, in.record_id, in.status, in.pa));
	case PATCH_VIEW: LOOP(rust_patch_view(prepared, 280, in.record_id, in.status, in.pa));
	case C_TWO: LOOP(cper_fill_two(buf, &in));
	case TWO: LOOP(rust_fill_two(buf, 432, &in, fru));
	case C_MCE: LOOP(cper_fill_mce(buf, mce, in.record_id));
	case C_PCIE: LOOP(cper_fill_pcie(buf, &in, prepared, prepared + 60));
	case C_READ: LOOP(sink = cper_read_mem(prepared, 280));
	case READ: LOOP(sink = rust_read_memory(prepared, 280));
	case WRAP: LOOP(rust_wrap_bytes(buf, 280, prepared, prepared + 128, prepared + 200, 80));
	case ENTRIES: LOOP(rust_entries_to_records(buf, 512, block, sizeof block, in.record_id));
	case VALIDATE: LOOP(sink = rust_validate(prepared, 280));
	case COPY_280: LOOP(cper_copy(buf, prepared, 280));
	case COPY_328: LOOP(cper_copy(buf, prepared, 328));
	case COPY_432: LOOP(cper_copy(buf, prepared, 432));
	default: LOOP((void)0);
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
		memset(r, 0xa5, sizeof r); rust_fill_memory_ready(r, 280, &in, fru); same("fill_ready", r, c, 280);
		memset(r, 0xa5, sizeof r); rust_wrap_bytes(r, 280, c, c + 128, c + 200, 80); same("wrap", r, c, 280);
		if (rust_read_memory(c, 280) != cper_read_mem(c, 280)) { printf("read differs\n"); failures++; }
		memcpy(r, c, 280); memcpy(cper_template, c, 280);
		in.record_id = NEXT; in.pa = NEXT; in.status = NEXT; in.sec = NEXT % 60; in.severity = (uint32_t)NEXT;
		cper_fill_mem_patch(c, &in);
		rust_patch_memory_time(r, &in); same("patch_time", r, c, 280);
		cper_fill_two(c, &in);
		memset(r, 0xa5, sizeof r); rust_fill_two(r, 432, &in, fru); same("two", r, c, 432);
		checked += 7;
		for (size_t short_by = 1; short_by < 280; short_by += 93)
			if (rust_fill_memory(r, 280 - short_by, &in)) { printf("wrote past a short buffer\n"); failures++; }
	}
	printf("%ld records compared, %d differ\n", checked, failures);
	return failures != 0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double nanoseconds(enum mode mode)
{
	const long count = 2000000;
	double runs[9];
	for (int k = 0; k < 9; k++) {
		struct timespec s, e;
		clock_gettime(CLOCK_MONOTONIC, &s);
		run(mode, count);
		clock_gettime(CLOCK_MONOTONIC, &e);
		runs[k] = ((e.tv_sec - s.tv_sec) * 1e9 + (e.tv_nsec - s.tv_nsec)) / count;
	}
	qsort(runs, 9, sizeof *runs, ascending);
	return runs[4];
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "check"))
		return check();
	if (argc > 1 && !strcmp(argv[1], "modes")) {
		for (int m = 0; m < MODES; m++)
			puts(names[m]);
		return 0;
	}
	cper_fill_mem(cper_template, &in);
	memcpy(prepared, cper_template, 280);
	memcpy(block + 20, cper_template + 144, 16);
	memcpy(block, (uint32_t[]){ 0x12, 0, 0, 152, 2 }, 20);
	memcpy(block + 36, (uint32_t[]){ 2, 0x00000300, 80 }, 12);
	if (argc > 2 && !strcmp(argv[1], "time")) {
		for (int i = 2; i < argc; i++)
			printf("%s %.3f\n", argv[i], nanoseconds(find(argv[i])));
		return 0;
	}
	if (argc != 3) {
		fprintf(stderr, "usage: see the head of harness.c\n");
		return 2;
	}
	run(find(argv[1]), atol(argv[2]));
	return 0;
}
