/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <link.h>
#include <string.h>

#include "libknots.h"

#define LIBKNOT "libknot.so."

static int count_libknot(struct dl_phdr_info *info, size_t size, void *count)
{
	(void)size;
	const char *slash = strrchr(info->dlpi_name, '/');
	const char *name = slash != NULL ? slash + 1 : info->dlpi_name;
	*(unsigned *)count += (strncmp(name, LIBKNOT, strlen(LIBKNOT)) == 0);

	return 0;
}

bool mxp_libknots_differ(void)
{
	unsigned count = 0;
	(void)dl_iterate_phdr(count_libknot, &count);

	return count > 1;
}
