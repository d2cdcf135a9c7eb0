// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "user/base/cleanup.h"
#include "user/kernel/adopt.h"
#include "user/kernel/make.h"
#include "user/kernel/netns.h"
#include "user/kernel/publish.h"
#include "user/kernel/state.h"
#include "user/kernel/upgrade.h"
#include "user/verb/apply_check.h"
#include "user/verb/apply_compile.h"
#include "user/verb/apply_guard.h"
#include "user/verb/apply_interfaces.h"
#include "user/verb/apply_say.h"
#include "user/verb/common_say.h"
#include "user/verb/common.h"
#include "user/verb/common_conversations.h"
#include "user/verb/common_judge.h"
#include "user/verb/common_lock.h"

#define APPLY_FAREWELL_NS 200000000l /* for a session to carry its own obituary */

/* One apply, from the words to the gate. */
struct apply {
	struct common_options options;
	struct interface interfaces[GATE_INTERFACES_MAX]; /* as the options name them */
	struct policy *policy;
	struct image image;
	struct gate gate;
	struct object object;
	struct apply_before before;
	struct stamp was; /* the gate's before anything is done; zeroes of a new one */
	bool is_new;
	bool is_compiled;  /* it is known what would change */
	uint64_t deadline; /* of --confirm, milliseconds of CLOCK_BOOTTIME; 0: none */
	struct replace replace;
	bool cuts_own;   /* the session that it is called in */
	char names[128]; /* "eth0 and eth1" */
	char what[160];  /* "apply to eth0" */
};

static void apply_free(struct apply *apply)
{
	common_options_free(&apply->options);
	policy_free(apply->policy);
	image_free(&apply->image);
	gate_close(&apply->gate);
	object_close(&apply->object);
	image_free(&apply->before.image);
	replace_free(&apply->replace);
}

static void apply_name(struct apply *apply)
{
	const struct common_options *options = &apply->options;
	size_t at = 0;

	for (size_t i = 0; i < options->interface_count && at < sizeof(apply->names); i++)
		at += (size_t)snprintf(apply->names + at, sizeof(apply->names) - at, "%s%s",
				       i == 0                            ? "" :
				       i + 1 == options->interface_count ? " and " :
									   ", ",
				       options->interfaces[i].name);
	text_clean(apply->names);
	snprintf(apply->what, sizeof(apply->what), "apply to %s", apply->names);
}

/* The gate that has the first interface; is_new if there is none. */
static int apply_open_gate(struct apply *apply, struct diags *diags)
{
	int error = gate_find(apply->options.interfaces[0].name, apply->what, &apply->gate, diags);

	if (!error)
		return apply_check_gate(&apply->options, &apply->gate, apply->policy, apply->what,
					diags);
	if (error != -ENOENT)
		return error;
	apply->is_new = true;
	for (size_t i = 1; i < apply->options.interface_count; i++) {
		cleanup(gate_close) struct gate other = GATE_CLOSED;
		const char *name = apply->options.interfaces[i].name;

		error = gate_find(name, apply->what, &other, diags);
		if (error == -ENOENT)
			continue;
		if (error)
			return error;
		diag_system(diags, 0, apply->what, "%s belongs to the gate on %s", name,
			    gate_name(&other));
		diag_hint(diags, "take that one away first: edgegate detach -i %s", name);
		return -EEXIST;
	}
	return apply_check_hooks(&apply->options, apply->what, diags);
}

static struct make_wish apply_wish(const struct apply *apply, const struct invocation *invocation)
{
	const struct common_options *options = &apply->options;
	struct make_wish wish = {
		.interface_count = (unsigned int)options->interface_count,
		.hooks = options->hooks,
		.tc = (enum attach_tc)options->tc,
		.flows_max = apply->policy->settings.flows_max,
		.longest_timeout = image_longest_timeout(apply->policy),
		.netns = invocation->netns ? invocation->netns : "",
	};

	for (size_t i = 0; i < options->interface_count; i++) {
		struct stamp_interface *interface = &wish.interfaces[i];

		memcpy(interface->name, options->interfaces[i].name, sizeof(interface->name));
		interface->ifindex = apply->interfaces[i].ifindex;
		interface->facing = (uint8_t)options->interfaces[i].facing;
		interface->xdp = (uint8_t)options->xdp;
	}
	return wish;
}

static int apply_make(struct apply *apply, const struct invocation *invocation, struct diags *diags)
{
	struct make_wish wish = apply_wish(apply, invocation);

	wish.replace = &apply->replace;
	return make_gate(&wish, &apply->gate, &apply->object, apply->what, diags);
}

/* Compiles against what runs. */
static int apply_compile(struct apply *apply, struct diags *diags)
{
	const struct apply_compile compile = {
		.policy = apply->policy,
		.gate = &apply->gate,
		.is_new = apply->is_new,
		.mode = apply->options.mode,
		.dry_run = apply->options.dry_run,
		.what = apply->what,
	};

	return apply_compile_image(&compile, &apply->before, &apply->image, diags);
}

/* The same before it is done and where it is only asked. */
static int apply_say_changes(const struct apply *apply)
{
	return common_say_changes(apply->names,
				  apply->before.is_there ? &apply->before.image : NULL,
				  apply->before.mode, &apply->image, apply->options.mode);
}

static int apply_report(struct apply *apply)
{
	autofree char *names = common_gate_names(&apply->gate);
	autotext struct text text = { 0 };
	bool monitors = apply->options.mode == MODE_MONITOR;

	if (!names)
		return common_print(NULL);
	text_format(&text, "%s: policy %s is in force%s\n", names, apply->policy->name,
		    monitors ? " in monitor mode" : "");
	common_say_effect(apply->policy, names, apply->options.mode, &text);
	apply_say_gro(&apply->gate.stamp, &apply->was, &text);
	apply_say_state(&apply->gate, apply->options.interfaces[0].name, apply->options.confirm,
			apply->deadline, &text);
	if (apply->gate.stamp.hooks == HOOKS_XDP)
		text_add(
			&text,
			"With --hooks xdp only what is forwarded is judged in both directions: "
			"traffic to and from this machine itself is judged in one direction only.\n");
	return common_say(text_take(&text));
}

/* Puts right what isn't of a gate that is there; programs of another edgegate's too, and says so. */
static int apply_make_whole(struct apply *apply, struct diags *diags)
{
	bool replaced;
	int error;

	apply->was = apply->gate.stamp;
	error = make_whole(&apply->gate, (enum attach_tc)apply->options.tc, &apply->replace,
			   &replaced, apply->what, diags);
	return error || !replaced ? error : apply_say_replaced(apply->names, &apply->was, "");
}

/* Which of the host's conversations would be cut: the caller's own session not unawares. */
static int apply_look_out(struct apply *apply, const struct invocation *invocation,
			  struct diags *diags)
{
	const struct make_wish wish = apply_wish(apply, invocation);
	const struct stamp *stamp = &apply->gate.stamp;
	struct stamp_interface interfaces[GATE_INTERFACES_MAX];
	const struct apply_guard guard = {
		.options = &apply->options,
		.interfaces = apply->is_new ? wish.interfaces : interfaces,
		.gate = apply->is_new ? NULL : &apply->gate,
		.interface_count = apply->is_new ? wish.interface_count : stamp->interface_count,
		.hooks = apply->is_new ? wish.hooks : (enum hooks)stamp->hooks,
		.after = &apply->image,
		.before = apply->before.drops ? &apply->before.image : NULL,
		.shuts = apply->before.shuts,
		.cuts_own = &apply->cuts_own,
		.what = apply->what,
	};

	/* the stamp's indices are those of the last apply */
	if (!apply->is_new)
		common_conversations_interfaces(&apply->gate, interfaces);
	return apply_guard(&guard, diags);
}

/* Makes the gate, or makes it whole, and puts the policy into force. */
static int apply_act(struct apply *apply, const struct invocation *invocation, struct diags *diags)
{
	int error = apply->is_new ? apply_make(apply, invocation, diags) :
				    apply_make_whole(apply, diags);

	if (error)
		return error;
	/* only now is it known what a new gate was made for */
	if (apply->is_new)
		error = apply_compile(apply, diags);
	/* whoever can't be told what changes doesn't get it */
	if (!error && apply_say_changes(apply))
		error = diag_system(diags, 0, apply->what, "nothing was changed");
	/* what is to be known of it comes before it may cut whoever reads it */
	if (!error) {
		common_end(diags);
		if (apply->cuts_own)
			nanosleep(&(struct timespec){ .tv_nsec = APPLY_FAREWELL_NS }, NULL);
	}
	if (!error)
		error = publish(&apply->gate, &apply->image, apply->options.mode,
				apply->options.confirm * 1000, &apply->deadline,
				apply->is_new ? &apply->object : NULL, apply->what, diags);
	if (error && apply->is_new) {
		make_undone(&apply->gate, apply->what, diags);
		replace_give_back(&apply->replace, apply->what, diags);
	}
	return error;
}

/* --dry-run: refuses what apply would refuse, as far as can be seen without doing it. */
static int apply_look(struct apply *apply, const struct invocation *invocation, struct diags *diags)
{
	struct make_wish wish;
	int error;

	if (apply->is_new) {
		wish = apply_wish(apply, invocation);
		wish.replace = &apply->replace;
		return make_check(&wish, apply->what, diags);
	}
	error = adopt_check(&apply->gate, &apply->replace, apply->what, diags);
	if (!error && upgrade_is_due(&apply->gate))
		error = apply_say_replaced(apply->names, &apply->gate.stamp, "would be ");
	return error;
}

static int apply_work(struct apply *apply, const struct invocation *invocation, struct diags *diags)
{
	const struct image_running fresh = { 0 };
	autoclose int lock = -1;
	size_t run;
	int error = policy_load(apply->options.arguments, apply->options.argument_count,
				apply->options.groups, apply->options.group_count, &apply->policy,
				diags);

	/* all that can be wrong with the policy comes before anything is touched */
	if (!error)
		error = image_compile(apply->policy, &fresh, &apply->image, diags);
	if (!error)
		error = pins_check(apply->what, diags);
	if (!error)
		error = common_expect(apply->policy, &apply->image, false, apply->what, &run,
				      diags);
	if (!error && !apply->options.dry_run)
		error = pins_prepare(apply->what, diags);
	if (error)
		return error;
	/* who only looks leaves no trace, not even a lock */
	if (!apply->options.dry_run) {
		lock = common_lock(apply->what, apply->options.no_wait, diags);
		if (lock < 0)
			return lock;
	}
	error = apply_interfaces_find(&apply->options, apply->interfaces, apply->what, diags);
	if (!error)
		error = apply_open_gate(apply, diags);
	if (!error)
		error = apply_interfaces_warn(&apply->options, &apply->gate, apply->what, diags);
	if (!error && !apply->is_new)
		error = apply_check_pending(&apply->options, &apply->gate, apply->what, diags);
	if (!error)
		error = apply_compile(apply, diags);
	apply->is_compiled = !error;
	if (!error)
		error = apply_look_out(apply, invocation, diags);
	if (!error)
		error = apply->options.dry_run ? apply_look(apply, invocation, diags) :
						 apply_act(apply, invocation, diags);
	return error;
}

static int apply_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(apply_free) struct apply apply = { .gate = GATE_CLOSED };
	cleanup(diags_clear) struct diags diags = { 0 };
	struct make_wish wish;
	int error =
		common_options_read(&verb_apply, argc, argv, "igHmxtNcfLR", &apply.options, &diags);
	int status;

	if (error)
		return error > 0 ? error - 1 : common_end(&diags);
	if (apply_check_words(&apply.options, &diags))
		return common_end(&diags);
	apply.replace.wanted = apply.options.replace;
	apply.replace.looks = apply.options.dry_run;
	apply_name(&apply);
	error = apply_work(&apply, invocation, &diags);
	if (!error)
		common_say_warnings(apply.policy, &apply.image, &diags);
	/* a refusal is no less of use to who also sees what was refused */
	if (apply.options.dry_run && apply.is_compiled && apply_say_changes(&apply) && !error)
		error = -EIO;
	status = common_end(&diags);
	if (error)
		return status ? status : 1;
	if (!apply.options.dry_run)
		return apply_report(&apply);
	wish = apply_wish(&apply, invocation);
	return apply_say_gro_would(&wish, apply.is_new ? NULL : &apply.gate, apply.what) ? 1 : 0;
}

const struct verb verb_apply = {
	.name = "apply",
	.summary = "put a policy into force on an interface",
	.help = "Usage: edgegate [--netns NAME] apply -i IFACE[:outside|inside]... [POLICY...]\n"
		"\n"
		"Puts the policy into force, at one instant for both directions, on all the interfaces\n"
		"named or on none. What was in force until then goes on until that instant; counters of\n"
		"rules whose name stays, and flows, are kept. Nothing has to go on running. Where another\n"
		"version of edgegate made the gate, its programs are replaced by this one's, without a gap.\n"
		"\n"
		"POLICY is a file, - for standard input, or a shipped policy's name; several are read\n"
		"as one, in that order, each behind what it includes (`include: [host-basics]`; files\n"
		"relative to the one that names them). Without any it is the built-in default,\n"
		"lync-2013-public-im.\n"
		"The policy's `expect` lines are run on the real program first; one that fails stops\n"
		"the apply.\n"
		"\n"
		"  -i, --interface IFACE[:outside|inside]\n"
		"                    an interface of the gate; outside (the default): the internet is\n"
		"                    behind it; inside: the host is (a guest's tap, the inner NIC)\n"
		"      --group NAME=ADDRESS,...\n"
		"                    the group's members, in place of the policy's\n"
		"      --mode enforce|monitor\n"
		"                    monitor: judge and count, drop nothing; default enforce\n"
		"      --hooks both|xdp\n"
		"                    both (the default): XDP for what the interface receives, tc for\n"
		"                    what it sends. xdp: XDP alone, on an outside and an inside\n"
		"                    interface, for a router or bridge; traffic of this machine itself\n"
		"                    is then judged in one direction only\n"
		"      --xdp auto|native|generic\n"
		"                    generic is slower and must be asked for; default auto: native\n"
		"      --tc auto|tcx|clsact\n"
		"                    default auto: TCX from Linux 6.6 on, clsact before\n"
		"      --confirm TIME\n"
		"                    only for that long (60s, 5m), unless `edgegate confirm` comes in\n"
		"                    time; else the former policy and mode come back by themselves,\n"
		"                    whatever has been killed. Before the first apply: no policy\n"
		"      --force       apply although it cuts your SSH session; and although a former apply\n"
		"                    still waits for its confirm: the policy before that one stays the\n"
		"                    one to fall back to\n"
		"      --no-wait     fail at once where another edgegate is at work; else it waits for it\n"
		"      --replace     take the place of another XDP program that was attached by netlink;\n"
		"                    there is a moment with neither, so not together with --confirm.\n"
		"                    One that a bpf_link holds stays: then apply is refused\n"
		"      --dry-run     print what would change, and change nothing\n"
		"  -h, --help        this page\n"
		"\n"
		"Before anything is changed, this machine's own TCP connections and connected UDP sockets\n"
		"that go over the interfaces, and the UDP flows of the gate, are judged by the new policy,\n"
		"on the real program, and those that it would cut are named. If the SSH session that you\n"
		"work in is one of them (also behind sudo, su and doas, and in tmux and screen), it is\n"
		"refused; --force does it all the same, --confirm only warns. TCP that this machine\n"
		"forwards, and what comes through a tunnel, isn't seen.\n"
		"\n"
		"Interfaces, facings, hooks and flows.max stay as they were when the gate was made; to\n"
		"change them, detach first.\n"
		"\n"
		"  edgegate apply -i eth0 --group access-edge=192.0.2.10,2001:db8::10\n"
		"  edgegate apply -i eth0 lync-2013-public-im host-basics\n"
		"  edgegate apply --hooks xdp -i eth0 -i eth1:inside edge.yaml\n",
	.run = apply_run,
};
