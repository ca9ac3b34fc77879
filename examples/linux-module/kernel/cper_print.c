// SPDX-License-Identifier: MIT
/*
 * Prints status blocks as GHES does, without one: each that is written to
 * debugfs, cper_print, goes to the kernel's own printer, between two lines that
 * number it. For the plays, which compare the text with ours.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/cper.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cper_print.h"

static struct dentry *entry;
static unsigned int number;

static ssize_t print(struct file *file, const char __user *from, size_t length,
		     loff_t *position)
{
	struct acpi_hest_generic_status *block;
	int rc;

	if (length < sizeof(*block) || length > SZ_64K)
		return -EINVAL;
	block = memdup_user(from, length);
	if (IS_ERR(block))
		return PTR_ERR(block);
	rc = cper_estatus_check(block);
	if (!rc && block->data_length > length - sizeof(*block))
		rc = -EINVAL;
	pr_info("block %u\n", number);
	if (!rc)
		cper_estatus_print("", block);
	pr_info("end of block %u\n", number++);
	kfree(block);
	return rc ? rc : length;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.write = print,
};

static int __init cper_print_init(void)
{
	entry = debugfs_create_file(KBUILD_MODNAME, 0200, NULL, NULL, &fops);
	return 0;
}

static void __exit cper_print_exit(void)
{
	debugfs_remove(entry);
}

module_init(cper_print_init);
module_exit(cper_print_exit);
MODULE_DESCRIPTION("Prints status blocks with the kernel's own printer");
MODULE_LICENSE("Dual MIT/GPL");
