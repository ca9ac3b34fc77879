// SPDX-License-Identifier: MIT
/*
 * Tells the errors of former boots, which ERST keeps, as the trace events that
 * they would have been: to rasdaemon, BPF programs and perf, which then act
 * upon them as upon an error of this boot.
 *
 * An event is emitted, and nothing else happens: no decoder of machine checks
 * is called, which might take a page offline, and the store stays as it is.
 *
 * What a module can reach, in Linux 6.1 and 6.12: the tracepoints of memory,
 * Arm and other errors are exported. Those of machine checks and PCIe errors
 * are not, but for_each_kernel_tracepoint() gives them, and each has an
 * iterator: the function that calls its probes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cper.h>
#include <linux/debugfs.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
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

static struct tracepoint *mce_record;
static struct tracepoint *aer_event;

/* What the last replay has come to, and those who may not be two. */
static DEFINE_MUTEX(lock);
static struct {
	unsigned int records;
	struct rust_replayed events;
	unsigned int logs;
	unsigned int fresh;
	unsigned int skipped;
} last;
static bool is_replayed;

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

	if (!is_heard(mce_record))
		return false;
	memcpy(&copy, mce, min(length, sizeof(copy)));
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
	last.skipped++;
	pr_info("replay: record %llu is skipped: %s\n", id, why);
}

static void replay_record(struct reader *reader)
{
	ssize_t length = erst_read(reader->id, reader->record, RECORD_MAX);
	char why[160];
	int rc;

	last.records++;
	if (length < 0) {
		scnprintf(why, sizeof(why), "it cannot be read (%zd)", length);
		skip(reader->id, why);
	} else if (length > RECORD_MAX) {
		scnprintf(why, sizeof(why), "it says it has %zd bytes", length);
		skip(reader->id, why);
	} else if (is_of_this_boot(reader->id)) {
		last.fresh++;
	} else {
		rc = rust_replay(reader->record, length, &last.events, why,
				 sizeof(why));
		if (rc < 0)
			skip(reader->id, why);
		else if (!rc)
			last.logs++;
	}
}

static int replay_store(bool again)
{
	struct reader reader = { };
	struct dentry *mark;
	int rc = 0;

	if (mutex_lock_interruptible(&lock))
		return -EINTR;
	mark = debugfs_lookup(MARK, NULL);
	if ((mark || is_replayed) && !again) {
		pr_info("replay: done in this boot\n");
		goto out;
	}
	rc = reader_open(&reader);
	if (rc)
		goto out;
	memset(&last, 0, sizeof(last));
	while (reader_advance(&reader)) {
		replay_record(&reader);
		cond_resched();
	}
	reader_close(&reader);
	pr_info("replay: %u events of %u records (%u kernel logs, %u of this boot, %u skipped), %u that nobody listens to\n",
		last.events.emitted, last.records, last.logs, last.fresh,
		last.skipped, last.events.unheard);
	/* Where nobody has listened, somebody may later. */
	if (last.events.emitted && !is_replayed) {
		is_replayed = true;
		if (!mark)
			debugfs_create_dir(MARK, NULL);
	}
out:
	dput(mark);
	mutex_unlock(&lock);
	return rc;
}

/* ras_erst/replay: what the last one has come to; to be written for one. */
static int replay_show(struct seq_file *file, void *unused)
{
	mutex_lock(&lock);
	seq_printf(file, "records: %u\nevents: %u\nunheard: %u\nlogs: %u\nthis boot: %u\nskipped: %u\n",
		   last.records, last.events.emitted, last.events.unheard,
		   last.logs, last.fresh, last.skipped);
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
	rc = replay_store(sysfs_streq(word, "again"));
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

static bool on_load;
module_param_named(replay, on_load, bool, 0400);
MODULE_PARM_DESC(replay, "Tell the errors of former boots as trace events, at load");

void replay_init(struct dentry *folder)
{
	for_each_kernel_tracepoint(find, NULL);
	debugfs_create_file("replay", 0600, folder, NULL, &replay_fops);
	if (on_load)
		replay_store(false);
}
