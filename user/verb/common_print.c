// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/verb/common.h"

/* --netns, for the commands that are told to people; NULL: none. Set once, before any verb runs. */
static const char *common_netns;

void common_print_place(const char *netns)
{
	common_netns = netns;
}

/* Of "VERB -i IFACE": is the interface's name one of the namespace, and not a gate's label with a "/"? */
static bool common_is_here(const char *command)
{
	size_t verb = strspn(command, "abcdefghijklmnopqrstuvwxyz");
	const char *interface = command + verb + strlen(" -i ");

	return verb && strncmp(command + verb, " -i ", strlen(" -i ")) == 0 &&
	       !memchr(interface, '/', strcspn(interface, " \n"));
}

char *common_commands(const char *said)
{
	static const char command[] = "edgegate ";
	autotext struct text text = { 0 };
	const char *found;

	if (!common_netns)
		return strdup(said);
	for (; (found = strstr(said, command)); said = found + strlen(command)) {
		text_format(&text, "%.*s%s", (int)(found - said), said, command);
		if (common_is_here(found + strlen(command)))
			text_format(&text, "--netns %s ", common_netns);
	}
	text_add(&text, said);
	return text_take(&text);
}

int common_say(char *said)
{
	autofree char *owned = said;

	return common_print(owned ? common_commands(owned) : NULL);
}

int common_end(struct diags *diags)
{
	autofree char *plain = diag_text_all(diags);
	autofree char *text = plain ? common_commands(plain) : NULL;
	int status = diags_exit_status(diags);

	fputs(text ? text : "edgegate: print: out of memory\nfree memory and try again\n", stderr);
	diags_clear(diags);
	return status;
}

int common_print(char *text)
{
	autofree char *owned = text;

	if (!owned) {
		fputs("edgegate: print: out of memory\nfree memory and try again\n", stderr);
		return 1;
	}
	fputs(owned, stdout);
	if (fflush(stdout) || ferror(stdout)) {
		perror("edgegate: print: standard output");
		fputs("see that it can be written\n", stderr);
		return 1;
	}
	return 0;
}

bool common_ask(const char *what, struct diags *diags, const char *consequence, ...)
{
	autotext struct text text = { 0 };
	va_list arguments;
	char answer[8];

	va_start(arguments, consequence);
	text_format_list(&text, consequence, arguments);
	va_end(arguments);
	if (!text.failed)
		text_clean(text.bytes); /* interfaces' names are in it */
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		diag_usage(diags, what, "it %s, and nobody is there to ask",
			   text.bytes ? text.bytes : "");
		diag_hint(diags, "if that is meant: edgegate %s ... --yes", what);
		return false;
	}
	fprintf(stderr, "This %s. Go on? [y/N] ", text.bytes ? text.bytes : "");
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	diag_system(diags, 0, what, "not confirmed: nothing was changed");
	diag_hint(diags, "answer y, or give --yes");
	return false;
}

struct report_style common_style(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	struct report_style style = { 0 };
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return style;
	style.colour = (!no_color || !*no_color) && term && strcmp(term, "dumb") != 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		style.width = size.ws_col;
	return style;
}
