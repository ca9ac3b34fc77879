/* SPDX-License-Identifier: MIT */
#ifndef SHIM_H
#define SHIM_H

#include <linux/acpi.h>
#include <linux/types.h>

struct seq_file;

/* The Rust part: src/entry_points.rs. */
struct rust_source {
	struct acpi_generic_address status_address;
	u32 block_length;
	u16 id;
	u8 notification;
};

struct rust_tally {
	u32 stored;
	u32 lost;
	int error;
};

int rust_next_source(const void *hest, size_t length, size_t *offset,
		     struct rust_source *source);
int rust_prepare(void *record, size_t length, u8 notification);
void rust_store_block(const void *block, size_t block_length, void *record,
		      size_t record_length, struct rust_tally *tally);
int rust_store_mce(const void *mce, size_t mce_length, void *record,
		   size_t record_length);
void rust_show(struct seq_file *file, const void *record, size_t length);

/* What the Rust part calls when it meets its own mistake; never at panic. */
void __noreturn ras_erst_rust_panic(void);

/* The kernel's, exported but declared in a header of its own sources. */
int apei_map_generic_address(struct acpi_generic_address *reg);
int apei_read(u64 *value, struct acpi_generic_address *reg);

#endif
