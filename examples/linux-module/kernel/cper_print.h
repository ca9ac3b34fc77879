/* SPDX-License-Identifier: MIT */
#ifndef CPER_PRINT_H
#define CPER_PRINT_H

struct acpi_hest_generic_status;

/* The kernel's, exported but in 6.1 declared in a header of its own sources. */
int cper_estatus_check(const struct acpi_hest_generic_status *block);
void cper_estatus_print(const char *prefix,
			const struct acpi_hest_generic_status *block);

#endif
