// SPDX-License-Identifier: GPL-2.0-only
/* Every gate there is, or the one on an interface. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/verb/common.h"

struct gates_walk {
	common_gate_function each;
	const char *what;
	void *data;
	struct report_unread *unread;
	struct diags *diags;
};

/* One that can be opened is called what it is called elsewhere, another one by its place. */
static int gates_missed(struct report_unread *unread, const char *directory,
			const struct gate *gate)
{
	char *label = gate->word ? common_gate_label(gate, true) : NULL, **place;

	if (!label)
		label = text_cleaned(gate_folder_label(directory));
	place = label ? array_add(&unread->labels, &unread->count) : NULL;
	if (!place) {
		free(label);
		return -ENOMEM;
	}
	*place = label;
	return 0;
}

/* One that can't be read is said and passed over: the others are shown all the same. */
static int gates_each(const char *directory, bool finished, void *data)
{
	struct gates_walk *walk = data;
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	struct diags said = { 0 };
	int error = 0;

	if (!finished)
		return 0;
	if (gate_open(directory, walk->what, &gate, &said) == 0)
		walk->each(&gate, walk->what, walk->data, &said);
	/* one that was detached meanwhile is no news. Not access(2), which leaves capabilities out of account */
	if (faccessat(AT_FDCWD, directory, F_OK, AT_EACCESS) == 0) {
		if (said.failed && walk->unread)
			error = gates_missed(walk->unread, directory, &gate);
		diags_move(walk->diags, &said);
	}
	diags_clear(&said);
	return error;
}

int common_find_gate(const char *interface, const char *what, struct gate *gate,
		     struct diags *diags)
{
	int error = gate_find(interface, what, gate, diags);

	if (error == -ENOENT) {
		diag_system(diags, 0, what, "there is no gate on %s", interface);
		diag_hint(diags, "list them: edgegate status; make one: edgegate apply -i %s",
			  interface);
	}
	return error;
}

int common_each_gate(const char *interface, const char *what, common_gate_function each, void *data,
		     struct report_unread *unread, struct diags *diags)
{
	struct gates_walk walk = { each, what, data, unread, diags };
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	int error;

	if (interface) {
		error = common_find_gate(interface, what, &gate, diags);
		return error ? error : each(&gate, what, data, diags);
	}
	error = pins_each(gates_each, &walk);
	if (error) {
		diag_system(diags, -error, what, "cannot list " PINS_ROOT);
		diag_hint(diags, error == -ENOMEM ? "try again" : "run edgegate as root");
	}
	return error;
}

char *common_gate_names(const struct gate *gate)
{
	autotext struct text text = { 0 };
	unsigned int count = gate->stamp.interface_count;

	for (unsigned int i = 0; i < count; i++)
		text_format(&text, "%s%s",
			    i == 0         ? "" :
			    i + 1 == count ? " and " :
					     ", ",
			    gate->stamp.interfaces[i].name);
	if (!text.failed)
		text_clean(text.bytes);
	return text_take(&text);
}
