// SPDX-License-Identifier: MIT
/*
 * Keeps in ERST what a dying machine reports, so that the next boot can tell.
 *
 * Linux stores the log of a panic and a fatal machine check there, but of a
 * fatal error that firmware reports (GHES) only the text. And a machine check
 * that it survives is gone with the next crash. This module stores both as
 * records, with all that is known of them.
 *
 * What a module can join, in Linux 6.1 and 6.12:
 *
 *   panic notifiers          all panics; GHES has printed the block, cleared its
 *                            status and left the rest in memory: it is read
 *                            there, at the address that HEST gives
 *   machine check decoders   what was survived; a fatal one does not get here,
 *                            and is stored by Linux itself (apei_write_mce)
 *   GHES report chain        6.12 only (exported since 6.4), and never a fatal
 *                            error: GHES panics before it calls the chain
 *   GHES vendor records      as the report chain: not fatal, and only types
 *                            that Linux does not know
 *
 * With a kdump kernel loaded, panic notifiers run only if the kernel was
 * started with crash_kexec_post_notifiers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/cper.h>
#include <linux/debugfs.h>
#include <linux/io.h>
#include <linux/limits.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <acpi/apei.h>
#include <asm/mce.h>
#include "shim.h"

/* As much of a status block as GHES looks at. */
#define BLOCK_MAX SZ_64K
/* Header and section descriptor, which stand before an error's bytes. */
#define PREFIX 200

/* An error source of HEST, and all that its last error will need. */
struct source {
	struct rust_source hest;
	u64 address;
	/* The status block where firmware puts it, and as it was at load. */
	void *block;
	void *before;
	void *record;
};

static struct source *sources;
static unsigned int source_count;
/* Where a block is copied to, so that it holds still while it is read. */
static void *panic_copy;
static void *mce_record;
static struct dentry *folder;
/* Written by one worker, that of the decoder chain. */
static struct rust_tally machine_checks;

void ras_erst_rust_panic(void)
{
	pr_emerg("the Rust part has panicked\n");
	BUG();
}

static const char *reason(int error)
{
	switch (error) {
	case -EBUSY:
		return "ERST was in use";
	case -ENOSPC:
		return "ERST is full";
	case -EIO:
		return "ERST did not answer in time";
	case -EINVAL:
		return "not a record that ERST can take";
	default:
		return "ERST refused it";
	}
}

static void store_source(struct source *source)
{
	const u32 length = source->hest.block_length;
	struct rust_tally tally = { };
	u64 address;

	if (apei_read(&address, &source->hest.status_address) ||
	    address != source->address) {
		pr_emerg("source %u: its status block is not where it was\n",
			 source->hest.id);
		return;
	}
	/*
	 * The first word is the block's status, which GHES has cleared. A fatal
	 * block that is as it was at load is of a former boot.
	 */
	memcpy(panic_copy, source->block, length);
	if (!*(u32 *)panic_copy &&
	    !memcmp(panic_copy + 4, source->before + 4, length - 4))
		return;

	rust_store_block(panic_copy, length, source->record, PREFIX + length,
			 &tally);
	if (tally.stored)
		pr_emerg("source %u: %u errors stored in ERST\n",
			 source->hest.id, tally.stored);
	if (tally.lost)
		pr_emerg("source %u: %u errors lost, the last because %s (%d)\n",
			 source->hest.id, tally.lost, reason(tally.error),
			 tally.error);
}

static int on_panic(struct notifier_block *block, unsigned long event,
		    void *message)
{
	unsigned int i;

	for (i = 0; i < source_count; i++)
		store_source(&sources[i]);
	return NOTIFY_DONE;
}

static struct notifier_block panic_notifier = {
	.notifier_call = on_panic,
	.priority = INT_MAX,
};

static int on_machine_check(struct notifier_block *block, unsigned long event,
			    void *mce)
{
	int rc = rust_store_mce(mce, sizeof(struct mce), mce_record,
				PREFIX + sizeof(struct mce));

	if (rc > 0) {
		machine_checks.stored++;
	} else if (rc < 0) {
		machine_checks.lost++;
		machine_checks.error = rc;
		pr_err("a machine check is lost because %s (%d)\n", reason(rc),
		       rc);
	}
	return NOTIFY_DONE;
}

/* Before anybody acts upon the error, which may be the machine's last act. */
static struct notifier_block machine_check_notifier = {
	.notifier_call = on_machine_check,
	.priority = MCE_PRIO_EARLY,
};

int reader_open(struct reader *reader)
{
	int rc = -ENOMEM;

	mutex_init(&reader->lock);
	reader->record = kvmalloc(RECORD_MAX, GFP_KERNEL);
	if (reader->record)
		rc = erst_get_record_id_begin(&reader->cursor);
	if (rc)
		kvfree(reader->record);
	return rc;
}

void reader_close(struct reader *reader)
{
	erst_get_record_id_end();
	kvfree(reader->record);
}

bool reader_advance(struct reader *reader)
{
	/* Behind the last record the cursor is -1, and not to be used again. */
	if (reader->cursor < 0 ||
	    erst_get_record_id_next(&reader->cursor, &reader->id) ||
	    reader->id == APEI_ERST_INVALID_RECORD_ID)
		return false;
	reader->number++;
	return true;
}

/* What debugfs shows: ras_erst/records, the store's content. */
static void *records_start(struct seq_file *file, loff_t *position)
{
	struct reader *reader = file->private;

	if (*position < reader->number - 1) {
		reader->cursor = 0;
		reader->number = 0;
	}
	while (reader->number <= *position)
		if (!reader_advance(reader))
			return NULL;
	return reader;
}

static void *records_next(struct seq_file *file, void *v, loff_t *position)
{
	++*position;
	return reader_advance(v) ? v : NULL;
}

static void records_stop(struct seq_file *file, void *v)
{
}

static int records_show(struct seq_file *file, void *v)
{
	struct reader *reader = v;
	ssize_t length = erst_read(reader->id, reader->record, RECORD_MAX);

	if (length < 0)
		seq_printf(file, "record %llu: cannot be read (%zd)\n\n",
			   reader->id, length);
	else if (length > RECORD_MAX)
		seq_printf(file, "record %llu: says it has %zd bytes\n\n",
			   reader->id, length);
	else
		rust_show(file, reader->record, length);
	return 0;
}

static const struct seq_operations records_operations = {
	.start = records_start,
	.next = records_next,
	.stop = records_stop,
	.show = records_show,
};

static int records_open(struct inode *inode, struct file *file)
{
	struct reader *reader;
	int rc;

	reader = __seq_open_private(file, &records_operations, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	rc = reader_open(reader);
	if (rc)
		seq_release_private(inode, file);
	return rc;
}

static int records_release(struct inode *inode, struct file *file)
{
	reader_close(((struct seq_file *)file->private_data)->private);
	return seq_release_private(inode, file);
}

static const struct file_operations records_fops = {
	.owner = THIS_MODULE,
	.open = records_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = records_release,
};

/* And ras_erst/state, what the module watches and has done. */
static int state_show(struct seq_file *file, void *unused)
{
	unsigned int i;

	for (i = 0; i < source_count; i++)
		seq_printf(file, "source %u: %u bytes at %#llx\n",
			   sources[i].hest.id, sources[i].hest.block_length,
			   sources[i].address);
	seq_printf(file, "machine checks: %u stored, %u lost\n",
		   machine_checks.stored, machine_checks.lost);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

/*
 * The records as they are, and a way to clear them: the device that programs
 * know from Linux's erst-dbg, which Debian does not build. Each read gives the
 * next record whole, an empty one the end.
 */
static ssize_t device_read(struct file *file, char __user *to, size_t size,
			   loff_t *position)
{
	struct reader *reader = file->private_data;
	ssize_t length;

	if (mutex_lock_interruptible(&reader->lock))
		return -EINTR;
	do {
		length = 0;
		if (!reader_advance(reader))
			break;
		length = erst_read(reader->id, reader->record, RECORD_MAX);
	} while (length == -ENOENT);
	if (length > RECORD_MAX)
		length = -EIO;
	else if (length > 0 && length > size)
		length = -EINVAL;
	else if (length > 0 && copy_to_user(to, reader->record, length))
		length = -EFAULT;
	mutex_unlock(&reader->lock);
	return length;
}

static long device_ioctl(struct file *file, unsigned int command,
			 unsigned long argument)
{
	void __user *user = (void __user *)argument;
	ssize_t count;
	u64 id;

	switch (command) {
	case APEI_ERST_CLEAR_RECORD:
		if (copy_from_user(&id, user, sizeof(id)))
			return -EFAULT;
		return erst_clear(id);
	case APEI_ERST_GET_RECORD_COUNT:
		count = erst_get_record_count();
		return count < 0 ? count : put_user(count, (u32 __user *)user);
	default:
		return -ENOTTY;
	}
}

static int device_open(struct inode *inode, struct file *file)
{
	struct reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	int rc;

	if (!reader)
		return -ENOMEM;
	rc = reader_open(reader);
	if (rc)
		kfree(reader);
	else
		file->private_data = reader;
	return rc;
}

static int device_release(struct inode *inode, struct file *file)
{
	reader_close(file->private_data);
	kfree(file->private_data);
	return 0;
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.read = device_read,
	.unlocked_ioctl = device_ioctl,
	.release = device_release,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "erst_dbg",
	.mode = 0600,
	.fops = &device_fops,
};

static bool give_device = true;
module_param_named(device, give_device, bool, 0400);
MODULE_PARM_DESC(device, "Give /dev/erst_dbg; say no where erst-dbg does");

static void release_source(struct source *source)
{
	kvfree(source->record);
	kvfree(source->before);
	if (source->block)
		memunmap(source->block);
	acpi_os_unmap_generic_address(&source->hest.status_address);
}

/* Returns 1 for a source that is watched, 0 for one that cannot be. */
static int prepare_source(struct source *source)
{
	struct rust_source *hest = &source->hest;

	hest->block_length = min_t(u32, hest->block_length, BLOCK_MAX);
	if (hest->block_length < sizeof(struct acpi_hest_generic_status) ||
	    apei_map_generic_address(&hest->status_address)) {
		pr_warn("source %u is not watched: HEST does not describe it\n",
			hest->id);
		return 0;
	}
	if (apei_read(&source->address, &hest->status_address) ||
	    !source->address) {
		pr_warn("source %u is not watched: it has no status block\n",
			hest->id);
		release_source(source);
		return 0;
	}
	source->block = memremap(source->address, hest->block_length,
				 MEMREMAP_WB);
	source->before = kvmalloc(hest->block_length, GFP_KERNEL);
	source->record = kvmalloc(PREFIX + hest->block_length, GFP_KERNEL);
	if (!source->block || !source->before || !source->record ||
	    rust_prepare(source->record, PREFIX + hest->block_length,
			 hest->notification)) {
		release_source(source);
		return -ENOMEM;
	}
	memcpy(source->before, source->block, hest->block_length);
	return 1;
}

static void release_sources(void)
{
	while (source_count)
		release_source(&sources[--source_count]);
	kfree(sources);
	kvfree(panic_copy);
}

static int prepare_sources(const struct acpi_table_header *hest)
{
	struct rust_source found;
	unsigned int count = 0;
	size_t offset = 0;
	int rc;

	while ((rc = rust_next_source(hest, hest->length, &offset, &found)) > 0)
		count++;
	if (rc < 0)
		pr_warn("HEST ends at offset %zu, in a source that is not whole or not known\n",
			offset);

	sources = kcalloc(count, sizeof(*sources), GFP_KERNEL);
	panic_copy = kvmalloc(BLOCK_MAX, GFP_KERNEL);
	if (!sources || !panic_copy)
		return -ENOMEM;
	offset = 0;
	while (count--) {
		struct source *source = &sources[source_count];

		rust_next_source(hest, hest->length, &offset, &source->hest);
		rc = prepare_source(source);
		if (rc < 0)
			return rc;
		if (rc)
			source_count++;
		else
			memset(source, 0, sizeof(*source));
	}
	return 0;
}

static int __init ras_erst_init(void)
{
	struct acpi_table_header *hest;
	int rc = 0;

	if (erst_disable) {
		pr_err("there is no ERST that Linux could use\n");
		return -ENODEV;
	}
	mce_record = kmalloc(PREFIX + sizeof(struct mce), GFP_KERNEL);
	if (!mce_record)
		return -ENOMEM;
	if (!hest_disable &&
	    ACPI_SUCCESS(acpi_get_table(ACPI_SIG_HEST, 0, &hest))) {
		rc = prepare_sources(hest);
		acpi_put_table(hest);
	}
	if (rc) {
		release_sources();
		kfree(mce_record);
		return rc;
	}

	folder = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("records", 0400, folder, NULL, &records_fops);
	debugfs_create_file("state", 0400, folder, NULL, &state_fops);
	replay_init(folder);
	if (give_device)
		give_device = !misc_register(&device);
	mce_register_decode_chain(&machine_check_notifier);
	atomic_notifier_chain_register(&panic_notifier_list, &panic_notifier);
	pr_info("watches %u error sources\n", source_count);
	return 0;
}

static void __exit ras_erst_exit(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_notifier);
	mce_unregister_decode_chain(&machine_check_notifier);
	if (give_device)
		misc_deregister(&device);
	debugfs_remove(folder);
	replay_exit();
	release_sources();
	kfree(mce_record);
}

module_init(ras_erst_init);
module_exit(ras_erst_exit);
MODULE_DESCRIPTION("Keeps the hardware errors of a dying machine in ERST");
MODULE_LICENSE("Dual MIT/GPL");
