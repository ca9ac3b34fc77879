// SPDX-License-Identifier: MIT
/*
 * Tells the errors of former boots, which ERST keeps, as the trace events that
 * they would have been: to rasdaemon, BPF programs and perf, which then act
 * upon them as upon an error of this boot.
 *
 * They are read once, at load or when they are first asked for, and kept until
 * somebody listens: by then others may have cleared the store.
 *
 * An event is emitted, and nothing else happens: no decoder of machine checks
 * is called, which might take a page offline, and the store is only read. With
 * act=1 machine checks go the way of live ones: decoders hear them, and one of
 * them emits the event.
 *
 * It runs as part of a process, and needs about 4 KiB of its stack (8 at the
 * most: .ci/linux-module.sh).
 *
 * What a module can reach, in Linux 6.1 and 6.12: the tracepoints of memory,
 * Arm and other errors are exported. Those of machine checks and PCIe errors
 * are not, but for_each_kernel_tracepoint() gives them, and each has an
 * iterator: the function that calls its probes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cper.h>
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <acpi/apei.h>
#include <asm/mce.h>
#include <ras/ras_event.h>
#include <trace/events/mce.h>
#include "shim.h"

/*
 * In debugfs until the next boot, and of the kernel's own kind: so a module
 * that is loaded again knows that the errors have been told.
 */
#define MARK "ras_erst_replayed"

/* As much as is kept of all errors together. */
#define KEPT_MAX SZ_1M

/* An error of a former boot. */
struct kept {
	struct list_head list;
	bool is_told;
	u32 length;
	u8 record[] __aligned(8);
};

static struct tracepoint *mce_record;
static struct tracepoint *aer_event;

static bool act;
module_param(act, bool, 0400);
MODULE_PARM_DESC(act, "Give machine checks to the kernel's decoders too, which may take pages offline");

/* All below is under the lock. */
static DEFINE_MUTEX(lock);
static LIST_HEAD(errors);
static bool is_filled;
static size_t kept_bytes;
static struct {
	unsigned int kept;
	unsigned int logs;
	unsigned int fresh;
	unsigned int skipped;
} store;
/* What the last replay has come to. */
static struct rust_replayed last;

static void find(struct tracepoint *tracepoint, void *unused)
{
	if (!strcmp(tracepoint->name, "mce_record"))
		mce_record = tracepoint;
	else if (!strcmp(tracepoint->name, "aer_event"))
		aer_event = tracepoint;
}

static bool is_heard(struct tracepoint *tracepoint)
{
	return tracepoint && static_key_enabled(&tracepoint->key);
}

bool replay_mce(const void *mce, size_t length)
{
	typeof(__traceiter_mce_record) *iterate;
	struct mce copy = { };

	if (!act && !is_heard(mce_record))
		return false;
	memcpy(&copy, mce, min(length, sizeof(copy)));
	if (act) {
		/* Who had taken it on the machine that died. */
		copy.kflags = 0;
		mce_log(&copy);
		return true;
	}
	iterate = mce_record->iterator;
	/* As around every tracepoint: its probes are freed by RCU. */
	preempt_disable_notrace();
	iterate(NULL, &copy);
	preempt_enable_notrace();
	return true;
}

bool replay_pcie(const char *device, u32 status, u8 severity, u8 has_header,
		 const u32 *header)
{
	typeof(__traceiter_aer_event) *iterate;

	if (!is_heard(aer_event))
		return false;
	iterate = aer_event->iterator;
	preempt_disable_notrace();
	iterate(NULL, device, status, severity, has_header, (void *)header);
	preempt_enable_notrace();
	return true;
}

bool replay_memory(u32 type, const char *what, const char *label, u64 address,
		   u8 grain_bits, const char *detail)
{
	trace_mc_event(type, what, label, 1, 0, -1, -1, -1, address, grain_bits,
		       0, detail);
	return trace_mc_event_enabled();
}

bool replay_extlog(const void *memory, const void *fru_id, const char *fru_text,
		   u8 severity)
{
	static u32 sequence;

	if (!trace_extlog_mem_event_enabled())
		return false;
	trace_extlog_mem_event((struct cper_sec_mem_err *)memory, ++sequence,
			       fru_id, fru_text, severity);
	return true;
}

bool replay_arm(const void *section, const u8 *errors, u32 errors_length,
		const u8 *contexts, u32 contexts_length, const u8 *vendor,
		u32 vendor_length, u8 severity)
{
/* Words of the event's text, since it has the arrays. */
#ifdef APEIL
	trace_arm_event(section, errors, errors_length, contexts,
			contexts_length, vendor, vendor_length, severity, -1);
#else
	trace_arm_event(section);
#endif
	return trace_arm_event_enabled();
}

bool replay_other(const void *type, const void *fru_id, const char *fru_text,
		  u8 severity, const u8 *section, u32 length)
{
	trace_non_standard_event(type, fru_id, fru_text, severity, section,
				 length);
	return trace_non_standard_event_enabled();
}

/* The upper bits of a record id that Linux gives are those of the boot. */
static bool is_of_this_boot(u64 id)
{
	u64 now = cper_next_record_id();

	return !((id ^ now) >> (now >> 63 ? 24 : 32));
}

static void skip(u64 id, const char *why)
{
	store.skipped++;
	pr_info("record %llu is skipped: %s\n", id, why);
}

static void add(const struct reader *reader, u32 length)
{
	struct kept *kept = NULL;

	if (kept_bytes + length <= KEPT_MAX)
		kept = kvmalloc(struct_size(kept, record, length), GFP_KERNEL);
	if (!kept) {
		skip(reader->id, "there is no room to keep it");
		return;
	}
	kept->is_told = false;
	kept->length = length;
	memcpy(kept->record, reader->record, length);
	list_add_tail(&kept->list, &errors);
	kept_bytes += length;
	store.kept++;
}

static void look_at(const struct reader *reader)
{
	ssize_t length = erst_read(reader->id, reader->record, RECORD_MAX);
	struct rust_replayed events = { };
	char why[160];
	int rc;

	if (length < 0) {
		scnprintf(why, sizeof(why), "it cannot be read (%zd)", length);
		skip(reader->id, why);
		return;
	}
	if (length > RECORD_MAX) {
		scnprintf(why, sizeof(why), "it says it has %zd bytes", length);
		skip(reader->id, why);
		return;
	}
	if (is_of_this_boot(reader->id)) {
		store.fresh++;
		return;
	}
	rc = rust_replay(reader->record, length, false, &events, why,
			 sizeof(why));
	if (rc < 0)
		skip(reader->id, why);
	else if (rc)
		add(reader, length);
	else
		store.logs++;
}

static int fill(void)
{
	struct reader reader = { };
	int rc = reader_open(&reader);

	if (rc)
		return rc;
	while (reader_advance(&reader)) {
		look_at(&reader);
		cond_resched();
	}
	reader_close(&reader);
	is_filled = true;
	pr_info("%u errors of former boots (%u kernel logs, %u records of this boot, %u skipped)\n",
		store.kept, store.logs, store.fresh, store.skipped);
	return 0;
}

/* Whether a module that was loaded before this one has told the errors. */
static bool is_told_before(void)
{
	struct dentry *mark = debugfs_lookup(MARK, NULL);

	dput(mark);
	if (mark && !is_filled)
		pr_info("the errors of former boots have been told\n");
	return mark && !is_filled;
}

static void mark_as_told(void)
{
	struct dentry *mark = debugfs_lookup(MARK, NULL);

	if (!mark)
		debugfs_create_dir(MARK, NULL);
	dput(mark);
}

static int replay_errors(bool again)
{
	struct kept *error;
	u32 emitted;
	int rc;

	if (mutex_lock_interruptible(&lock))
		return -EINTR;
	memset(&last, 0, sizeof(last));
	rc = 0;
	if (!again && is_told_before())
		goto out;
	if (!is_filled)
		rc = fill();
	if (rc)
		goto out;
	list_for_each_entry(error, &errors, list) {
		if (error->is_told && !again)
			continue;
		emitted = last.emitted;
		rust_replay(error->record, error->length, true, &last, NULL, 0);
		/* What nobody has heard may be told later. */
		if (last.emitted != emitted)
			error->is_told = true;
		cond_resched();
	}
	pr_info("%u events of former boots told, %u that nobody listens to\n",
		last.emitted, last.unheard);
	if (last.emitted)
		mark_as_told();
out:
	mutex_unlock(&lock);
	return rc;
}

/* ras_erst/replay: what there is and was told; to be written for a replay. */
static int replay_show(struct seq_file *file, void *unused)
{
	unsigned int told = 0;
	struct kept *error;

	mutex_lock(&lock);
	list_for_each_entry(error, &errors, list)
		told += error->is_told;
	seq_printf(file, "errors: %u\ntold: %u\nlogs: %u\nthis boot: %u\nskipped: %u\nlast: %u events, %u unheard\n",
		   store.kept, told, store.logs, store.fresh, store.skipped,
		   last.emitted, last.unheard);
	mutex_unlock(&lock);
	return 0;
}

static int replay_open(struct inode *inode, struct file *file)
{
	return single_open(file, replay_show, NULL);
}

static ssize_t replay_write(struct file *file, const char __user *from,
			    size_t length, loff_t *position)
{
	char word[8] = "";
	int rc;

	if (length >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, from, length))
		return -EFAULT;
	rc = replay_errors(sysfs_streq(word, "again"));
	return rc ? rc : length;
}

static const struct file_operations replay_fops = {
	.owner = THIS_MODULE,
	.open = replay_open,
	.read = seq_read,
	.write = replay_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static bool keep_on_load;
module_param_named(keep, keep_on_load, bool, 0400);
MODULE_PARM_DESC(keep, "Read the errors of former boots at load, before the store is cleared");

static bool replay_on_load;
module_param_named(replay, replay_on_load, bool, 0400);
MODULE_PARM_DESC(replay, "Tell the errors of former boots as trace events, at load");

void replay_init(struct dentry *folder)
{
	for_each_kernel_tracepoint(find, NULL);
	debugfs_create_file("replay", 0600, folder, NULL, &replay_fops);
	if (replay_on_load) {
		replay_errors(false);
	} else if (keep_on_load) {
		mutex_lock(&lock);
		if (!is_told_before())
			fill();
		mutex_unlock(&lock);
	}
}

void replay_exit(void)
{
	struct kept *error, *next;

	list_for_each_entry_safe(error, next, &errors, list)
		kvfree(error);
}
