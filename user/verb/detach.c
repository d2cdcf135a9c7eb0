// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/make.h"
#include "user/kernel/namespaces.h"
#include "user/kernel/netns.h"
#include "user/verb/common.h"
#include "user/verb/common_lock.h"

/* True: go on. Asked without the lock: nobody has to wait for somebody who has left a terminal. */
static bool detach_is_meant(const char *names, const struct common_options *options,
			    struct diags *diags)
{
	return options->yes || common_ask("detach", diags, "opens %s to everything", names);
}

/*
 * Is there no gate to be read in a folder: another version's, a broken one, or one that was never finished?
 * Any other error says nothing about it: a sound gate is undone in order, or not at all.
 */
static bool detach_is_remains(int error)
{
	return error == -ENOENT || error == -EPROTO;
}

/* A folder that no gate can be read from. Its links end with it. */
static int detach_remains(const char *directory, struct diags *diags)
{
	uint32_t version = gate_other_version(directory);
	autofree char *shown = text_cleaned(version ? gate_folder_label(directory) : directory);
	char *said = version ? text_print("%s: the gate of another version of edgegate (layout "
					  "%u) is detached; everything passes\n",
					  shown ? shown : "?", version) :
			       text_print("%s: what was left there is taken away\n",
					  shown ? shown : "?");
	int error = make_removed(directory, "detach", diags);

	if (error) {
		free(said);
		return error;
	}
	return common_print(said) ? -EIO : 0;
}

static int detach_gone(const char *label, struct diags *diags)
{
	diag_system(diags, 0, "detach", "there is no gate %s%s", strchr(label, '/') ? "" : "on ",
		    label);
	diag_hint(diags, "list them: edgegate status");
	return -ENOENT;
}

/* Why nothing can be reached where the gate is. */
static void detach_say_unseen(const struct gate *gate, int error, struct diags *diags)
{
	const char *label = gate_folder_label(gate->directory);

	if (error == ENOENT)
		diag_warning(diags, NULL, "detach",
			     "the network namespace of %s is not to be found: it has no name, and "
			     "no process is in it",
			     label);
	else
		diag_warning(diags, NULL, "detach", "cannot enter the network namespace of %s: %s",
			     label, strerror(error));
	diag_hint(diags, "where a file keeps it: nsenter --net=FILE edgegate detach -i %s",
		  gate_name(gate));
}

static int detach_folder(const char *directory, const struct common_options *options,
			 struct diags *diags)
{
	autoclose int lock = -1;
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	cleanup(netns_return) int left = -1;
	autofree char *names = NULL;
	struct diags unreadable = { 0 }, undone = { 0 };
	int error;

	lock = common_lock("detach", options->no_wait, diags);
	if (lock < 0)
		return lock;
	/* another one may have been quicker */
	if (access(directory, F_OK))
		return detach_gone(gate_folder_label(directory), diags);
	error = gate_open(directory, "detach", &gate, &unreadable);
	if (detach_is_remains(error)) {
		diags_clear(&unreadable);
		return detach_remains(directory, diags);
	}
	diags_move(diags, &unreadable);
	if (error)
		return error;
	/* a clsact filter is only reached from its own namespace */
	if (gate.stamp.netns_cookie != netns_cookie())
		left = namespaces_visit(gate.stamp.netns_cookie, gate.stamp.netns);
	names = common_gate_names(&gate);
	error = make_undone(&gate, "detach", &undone);
	if (error == -EXDEV && left < 0)
		detach_say_unseen(&gate, -left, diags);
	diags_move(diags, &undone);
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

static int detach_all(const struct common_options *options, struct diags *diags)
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
	if (!detach_is_meant("every guarded interface", options, diags))
		return -ECANCELED;
	for (size_t i = 0; i < list.count; i++) {
		error = detach_folder(list.directories[i], options, diags);
		if (error)
			worst = error;
	}
	return worst;
}

/* The gate that status shows under a label: by what it is called, or by its folder. */
struct detach_label {
	const char *label;
	enum {
		DETACH_TRUE,  /* by its true name, which goes first */
		DETACH_SHOWN, /* by what status makes of that */
		DETACH_FORMER, /* by the name that its namespace had, of one that is not to be found */
		DETACH_LABELS
	} by;
	char directory[PINS_PATH_SIZE];
};

static int detach_find_label(const char *directory, bool finished, void *data)
{
	struct detach_label *search = data;
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	autofree char *label = NULL;
	struct diags ignored = { 0 };
	bool found = strcmp(gate_folder_label(directory), search->label) == 0;

	if (!found && finished && gate_open(directory, "detach", &gate, &ignored) == 0)
		label = search->by == DETACH_FORMER ?
				text_print("%s/%s", gate.stamp.netns, gate_name(&gate)) :
				common_gate_label(&gate, search->by == DETACH_SHOWN);
	found = found || (label && strcmp(label, search->label) == 0);
	diags_clear(&ignored);
	if (found)
		snprintf(search->directory, sizeof(search->directory), "%s", directory);
	return found;
}

static int detach_by_label(const char *label, const struct common_options *options,
			   struct diags *diags)
{
	struct detach_label search = { .label = label };
	int found = 0;

	for (int by = 0; by < DETACH_LABELS && found != 1; by++) {
		search.by = by;
		found = pins_each(detach_find_label, &search);
	}
	if (found != 1)
		return detach_gone(label, diags);
	return detach_is_meant(label, options, diags) ?
		       detach_folder(search.directory, options, diags) :
		       -ECANCELED;
}

/*
 * A folder by the name of an interface may be the gate of another one, which had that name. 1, 0 or a negative
 * errno with a diag.
 */
static int detach_is_other(const char *directory, struct diags *diags)
{
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	struct diags unreadable = { 0 };
	int error = gate_open(directory, "detach", &gate, &unreadable);

	if (detach_is_remains(error)) {
		diags_clear(&unreadable);
		return 0;
	}
	diags_move(diags, &unreadable);
	return error ? error : 1;
}

/*
 * The folder that has an interface's name, where no gate that can be read is on it: what a killed apply or
 * detach left, or another version's. 1, 0: there is none, or a negative errno with a diag.
 */
static int detach_find_remains(const char *interface, char directory[PINS_PATH_SIZE],
			       struct diags *diags)
{
	const uint64_t cookie = netns_cookie();
	int other = 1;

	/* 0 would be the first namespace's folder */
	if (!cookie)
		return gate_netns_unknown("detach", diags);
	pins_gate(directory, cookie, interface);
	if (access(directory, F_OK) == 0)
		other = detach_is_other(directory, diags);
	if (other < 0)
		return other;
	if (other)
		pins_unfinished(directory, cookie, interface);
	return access(directory, F_OK) == 0;
}

static int detach_one(const char *interface, const struct common_options *options,
		      struct diags *diags)
{
	cleanup(gate_close) struct gate gate = GATE_CLOSED;
	cleanup(diags_clear) struct diags unreadable = { 0 };
	autofree char *names = NULL;
	char directory[PINS_PATH_SIZE];
	int error = gate_find(interface, "detach", &gate, &unreadable), found = 0;

	if (!error) {
		names = common_gate_names(&gate);
		if (!detach_is_meant(names ? names : interface, options, diags))
			return -ECANCELED;
		snprintf(directory, sizeof(directory), "%s", gate.directory);
		return detach_folder(directory, options, diags);
	}
	if (detach_is_remains(error))
		found = detach_find_remains(interface, directory, diags);
	if (found < 0)
		return found;
	if (found)
		return detach_is_meant(interface, options, diags) ?
			       detach_folder(directory, options, diags) :
			       -ECANCELED;
	if (error == -ENOENT)
		return detach_gone(interface, diags);
	/* it can't be read; or it is in another interface's folder, which takes its name to detach */
	diags_move(diags, &unreadable);
	return error;
}

static int detach_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_options_free) struct common_options options = { 0 };
	cleanup(diags_clear) struct diags diags = { 0 };
	int error = common_options_read(&verb_detach, argc, argv, "iayL", &options, &diags);

	(void)invocation;
	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	if (options.argument_count || options.all == (options.interface_count > 0)) {
		diag_usage(&diags, "detach", "it needs -i IFACE, or --all");
		diag_hint(&diags, "edgegate detach -i eth0");
		return common_end(&diags);
	}
	if (options.all)
		detach_all(&options, &diags);
	for (size_t i = 0; i < options.interface_count; i++)
		if (options.interfaces[i].label)
			detach_by_label(options.interfaces[i].label, &options, &diags);
		else
			detach_one(options.interfaces[i].name, &options, &diags);
	return common_end(&diags);
}

const struct verb verb_detach = {
	.name = "detach",
	.summary = "take a gate away and leave nothing behind",
	.help = "Usage: edgegate [--netns NAME] detach -i IFACE [--yes] [--no-wait]\n"
		"       edgegate detach --all [--yes] [--no-wait]\n"
		"\n"
		"Takes the programs off the interfaces of the gate, and its maps, counters and pins\n"
		"away. From then on everything passes. Asks first on a terminal. Also takes away what\n"
		"another version of edgegate has made, and what a killed one has left.\n"
		"\n"
		"  -i, --interface IFACE   the gate that has this interface; or NETNS/IFACE as status\n"
		"                          shows it, also one whose namespace or interface is gone\n"
		"      --all               every gate of every network namespace\n"
		"  -y, --yes               don't ask; needed where nobody can be asked\n"
		"      --no-wait           fail at once where another edgegate is at work; else it waits\n"
		"                          for it\n"
		"  -h, --help              this page\n",
	.run = detach_run,
};
