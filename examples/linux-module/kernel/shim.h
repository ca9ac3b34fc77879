/* SPDX-License-Identifier: MIT */
#ifndef SHIM_H
#define SHIM_H

#include <linux/acpi.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct dentry;
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

struct rust_replayed {
	u32 emitted;
	u32 unheard;
};

int rust_replay(const void *record, size_t length, bool emit,
		struct rust_replayed *replayed, char *why, size_t why_length);

/* What the Rust part calls when it meets its own mistake; never at panic. */
void __noreturn ras_erst_rust_panic(void);

/* Somebody who goes through the store: shim.c. */
struct reader {
	int cursor;
	loff_t number;
	u64 id;
	void *record;
	/* Of the device alone: a seq_file has one. */
	struct mutex lock;
};

/* More than any store holds in one record. */
#define RECORD_MAX SZ_64K

int reader_open(struct reader *reader);
void reader_close(struct reader *reader);
bool reader_advance(struct reader *reader);

/* The errors of former boots as trace events: replay.c. */
void replay_init(struct dentry *folder);
void replay_exit(void);

/* What the Rust part asks replay.c for: whether somebody has heard it. */
bool replay_mce(const void *mce, size_t length);
bool replay_memory(u32 type, const char *what, const char *label, u64 address,
		   u8 grain_bits, const char *detail);
bool replay_extlog(const void *memory, const void *fru_id, const char *fru_text,
		   u8 severity);
bool replay_pcie(const char *device, u32 status, u8 severity, u8 has_header,
		 const u32 *header);
bool replay_arm(const void *section, const u8 *errors, u32 errors_length,
		const u8 *contexts, u32 contexts_length, const u8 *vendor,
		u32 vendor_length, u8 severity);
bool replay_other(const void *type, const void *fru_id, const char *fru_text,
		  u8 severity, const u8 *section, u32 length);

/* The kernel's, exported but declared in a header of its own sources. */
int apei_map_generic_address(struct acpi_generic_address *reg);
int apei_read(u64 *value, struct acpi_generic_address *reg);

#endif
