// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "user/kernel/refusal.h"

static bool refusal_begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

static bool refusal_is_statistics(const char *line)
{
	return refusal_begins(line, "processed ") || refusal_begins(line, "verification time ") ||
	       refusal_begins(line, "stack depth ");
}

/* Of [log, end) the last line with something to say; its length is 0 if there is none. */
static const char *refusal_last_line(const char *log, const char *end, size_t *length)
{
	while (end > log) {
		const char *line = end - 1; /* on the line feed */

		while (line > log && line[-1] != '\n')
			line--;
		*length = strcspn(line, "\n");
		if (*length && !refusal_is_statistics(line))
			return line;
		end = line;
	}
	*length = 0;
	return log;
}

/* "prog 'NAME': -- BEGIN PROG LOAD LOG --\nLOG-- END PROG LOAD LOG --\n" */
static void refusal_hear_log(struct refusal *refusal, const char *message, const char *begin)
{
	const char *name = strchr(message, '\'');
	const char *log = strchr(begin, '\n');
	const char *end = log ? strstr(log, "-- END PROG LOAD LOG --") : NULL;
	const char *line, *before;
	size_t length, before_length;

	if (!name || !end)
		return;
	name++;
	line = refusal_last_line(log + 1, end, &length);
	if (!length)
		return;
	/* "invalid access to map value, value_size=8 off=8 size=8", and then which bound is missing */
	before = refusal_last_line(log + 1, line, &before_length);
	if (!refusal_begins(before, "invalid access to "))
		before_length = 0;
	snprintf(refusal->reason, sizeof(refusal->reason), "%.*s: %.*s%s%.*s",
		 (int)strcspn(name, "'"), name, (int)before_length, before,
		 before_length ? ": " : "", (int)length, line);
	refusal->from_verifier = true;
}

/* What only says which things fail in turn because the first one did, or guesses. */
static bool refusal_is_echo(const char *line)
{
	return strstr(line, "': failed to load: ") || refusal_begins(line, "failed to load ") ||
	       refusal_begins(line, "permission error while running as root");
}

void refusal_hear(struct refusal *refusal, const char *message)
{
	const char *begin = strstr(message, "-- BEGIN PROG LOAD LOG --");

	if (refusal_begins(message, "libbpf: "))
		message += strlen("libbpf: ");
	if (begin)
		refusal_hear_log(refusal, message, begin);
	else if (!refusal->from_verifier && !refusal_is_echo(message))
		snprintf(refusal->reason, sizeof(refusal->reason), "%.*s",
			 (int)strcspn(message, "\n"), message);
}
