// SPDX-License-Identifier: MIT
/*
 * Panics while ERST is in use: the lock is held, and stays so. For the plays.
 */
#include <linux/cper.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <acpi/apei.h>

/* What erst_write runs once it has the lock. */
static int on_run(struct kprobe *probe, struct pt_regs *registers)
{
	panic("ERST is in use");
}

static struct kprobe probe = {
	.symbol_name = "__apei_exec_run",
	.pre_handler = on_run,
};

static struct cper_record_header record = {
	.signature = CPER_SIG_RECORD,
	.record_length = sizeof(record),
};

static int __init panic_in_erst_init(void)
{
	int rc = register_kprobe(&probe);

	return rc ? rc : erst_write(&record);
}

module_init(panic_in_erst_init);
MODULE_DESCRIPTION("Panics while the lock of ERST is held");
MODULE_LICENSE("Dual MIT/GPL");
