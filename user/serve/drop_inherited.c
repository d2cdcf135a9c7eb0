// SPDX-License-Identifier: GPL-2.0-only
/* What who started us left to us. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "user/serve/drop.h"

/* Sanitizers have read theirs; what they start to name functions reads it again. */
static const char *const inherited_kept[] = {
	"LC_ALL=",       "PATH=",         "NOTIFY_SOCKET=", "EDGEGATE_",
	"ASAN_OPTIONS=", "LSAN_OPTIONS=", "UBSAN_OPTIONS=",
};

static bool inherited_is_kept(const char *entry)
{
	for (size_t i = 0; i < sizeof(inherited_kept) / sizeof(*inherited_kept); i++)
		if (strncmp(entry, inherited_kept[i], strlen(inherited_kept[i])) == 0)
			return true;
	return false;
}

int drop_inherited(struct diags *diags)
{
	char **to = environ;

	/* in place: they stand where the kernel put them, as long as we live */
	for (char **from = environ; from && *from; from++)
		if (inherited_is_kept(*from))
			*to++ = *from;
		else
			explicit_bzero(*from, strlen(*from));
	if (to)
		*to = NULL;
	if (close_range(STDERR_FILENO + 1, UINT_MAX, 0) == 0)
		return 0;
	diag_system(diags, errno, "exporter", "cannot close what it was started with");
	diag_hint(diags, "see that close_range(2) isn't forbidden where it runs");
	return -EINVAL;
}
