// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/lock.h"
#include "user/kernel/make.h"
#include "user/kernel/namespaces.h"
#include "user/kernel/netns.h"
#include "user/verb/common.h"

/* True: go on. */
static bool detach_is_meant(const char *names, bool yes, struct diags *diags)
{
	return yes || common_ask("detach", diags, "opens %s to everything", names);
}

/* A folder that no gate can be read from, or one that was never finished: its links end with it. */
static int detach_remains(const char *directory, struct diags *diags)
{
	int error = make_removed(directory, "detach", diags);

	if (!error &&
	    common_print(text_print("%s: what was left there is taken away\n", directory)))
		return -EIO;
	return error;
}

static int detach_folder(const char *directory, struct diags *diags)
{
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	cleanup(netns_return) int left = -1;
	autofree char *names = NULL;
	struct diags unreadable = { 0 };
	int error = gate_open(directory, "detach", &gate, &unreadable);

	diags_clear(&unreadable);
	if (error)
		return detach_remains(directory, diags);
	/* a clsact filter is only reached from its own namespace */
	if (gate.stamp.netns_cookie != netns_cookie())
		left = namespaces_visit(gate.stamp.netns_cookie, gate.stamp.netns);
	names = common_gate_names(&gate);
	error = make_undone(&gate, "detach", diags);
	if (!error &&
	    common_print(text_print("%s: detached; everything passes\n", names ? names : "")))
		return -EIO;
	return error;
}

struct detach_list {
	char (*directories)[PINS_PATH_SIZE];
	size_t count;
};

static int detach_each(const char *directory, bool finished, void *data)
{
	struct detach_list *list = data;
	char(*place)[PINS_PATH_SIZE] = array_add(&list->directories, &list->count);

	(void)finished;
	if (!place)
		return -ENOMEM;
	snprintf(*place, sizeof(*place), "%s", directory);
	return 0;
}

static int detach_all(bool yes, struct diags *diags)
{
	struct detach_list list = { 0 };
	int error = pins_each(detach_each, &list), worst = 0;
	autofree void *owned = list.directories;

	if (error)
		return diag_system(diags, -error, "detach", "cannot list " PINS_ROOT);
	if (!list.count) {
		diag_system(diags, 0, "detach", "there is no gate");
		diag_hint(diags, "nothing to do");
		return -ENOENT;
	}
	if (!detach_is_meant("every guarded interface", yes, diags))
		return -ECANCELED;
	for (size_t i = 0; i < list.count; i++) {
		error = detach_folder(list.directories[i], diags);
		if (error)
			worst = error;
	}
	return worst;
}

/* The gate that status shows under a label: by what it is called, or by its folder. */
struct detach_label {
	const char *label;
	char directory[PINS_PATH_SIZE];
};

static int detach_find_label(const char *directory, bool finished, void *data)
{
	struct detach_label *search = data;
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	cleanup(report_gate_free) struct report_gate report = { 0 };
	struct diags ignored = { 0 };
	bool found = strcmp(gate_folder_label(directory), search->label) == 0;

	if (!found && finished && gate_open(directory, "detach", &gate, &ignored) == 0 &&
	    common_collect(&gate, "detach", &report, &ignored) == 0)
		found = strcmp(report.label, search->label) == 0;
	diags_clear(&ignored);
	if (found)
		snprintf(search->directory, sizeof(search->directory), "%s", directory);
	return found;
}

static int detach_by_label(const char *label, bool yes, struct diags *diags)
{
	struct detach_label search = { .label = label };

	if (pins_each(detach_find_label, &search) == 1)
		return detach_is_meant(label, yes, diags) ? detach_folder(search.directory, diags) :
							    -ECANCELED;
	diag_system(diags, 0, "detach", "there is no gate %s", label);
	diag_hint(diags, "list them: edgegate status");
	return -ENOENT;
}

/* A folder by the name of an interface may be the gate of another one, which had that name. */
static bool detach_is_other(const char *directory)
{
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	struct diags ignored = { 0 };
	int error = gate_open(directory, "detach", &gate, &ignored);

	diags_clear(&ignored);
	return error == 0;
}

static int detach_one(const char *interface, bool yes, struct diags *diags)
{
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	autofree char *names = NULL;
	struct diags unreadable = { 0 };
	char directory[PINS_PATH_SIZE];
	int error = gate_find(interface, "detach", &gate, &unreadable);

	diags_clear(&unreadable);
	if (!error) {
		names = common_gate_names(&gate);
		if (!detach_is_meant(names ? names : interface, yes, diags))
			return -ECANCELED;
		snprintf(directory, sizeof(directory), "%s", gate.directory);
		return detach_folder(directory, diags);
	}
	pins_gate(directory, netns_cookie(), interface);
	if (access(directory, F_OK) || detach_is_other(directory))
		pins_unfinished(directory, netns_cookie(), interface);
	if (access(directory, F_OK) == 0)
		return detach_is_meant(interface, yes, diags) ? detach_remains(directory, diags) :
								-ECANCELED;
	diag_system(diags, 0, "detach", "there is no gate on %s", interface);
	diag_hint(diags, "list them: edgegate status");
	return -ENOENT;
}

static int detach_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_options_free) struct common_options options = { 0 };
	cleanup(diags_clear) struct diags diags = { 0 };
	autoclose int lock = -1;
	int error = common_options_read(&verb_detach, argc, argv, "iay", &options, &diags);

	(void)invocation;
	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	if (options.argument_count || options.all == (options.interface_count > 0)) {
		diag_usage(&diags, "detach", "it needs -i IFACE, or --all");
		diag_hint(&diags, "edgegate detach -i eth0");
		return common_end(&diags);
	}
	lock = lock_take("detach", &diags);
	if (lock < 0)
		return common_end(&diags);
	if (options.all)
		detach_all(options.yes, &diags);
	for (size_t i = 0; i < options.interface_count; i++)
		if (options.interfaces[i].label)
			detach_by_label(options.interfaces[i].label, options.yes, &diags);
		else
			detach_one(options.interfaces[i].name, options.yes, &diags);
	return common_end(&diags);
}

const struct verb verb_detach = {
	.name = "detach",
	.summary = "take a gate away and leave nothing behind",
	.help = "Usage: edgegate detach -i IFACE [--yes]\n"
		"       edgegate detach --all [--yes]\n"
		"\n"
		"Takes the programs off the interfaces of the gate, and its maps, counters and pins\n"
		"away. From then on everything passes. Asks first on a terminal.\n"
		"\n"
		"  -i, --interface IFACE   the gate that has this interface; or NETNS/IFACE as status\n"
		"                          shows it, also one whose namespace or interface is gone\n"
		"      --all               every gate of every network namespace\n"
		"  -y, --yes               don't ask; needed where nobody can be asked\n"
		"  -h, --help              this page\n",
	.run = detach_run,
};
