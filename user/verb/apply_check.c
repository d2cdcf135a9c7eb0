// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/apply_check.h"

#include <errno.h>

#include "user/base/cleanup.h"
#include "user/kernel/attach.h"
#include "user/kernel/drift.h"
#include "user/kernel/state.h"

int apply_check_hooks(const struct common_options *options, const char *what, struct diags *diags)
{
	bool facings[2] = { false, false };

	for (size_t i = 0; i < options->interface_count; i++)
		facings[options->interfaces[i].facing] = true;
	if (options->hooks == HOOKS_BOTH && facings[FACING_OUTSIDE] && facings[FACING_INSIDE]) {
		diag_usage(diags, what,
			   "inside and outside interfaces in one gate judge what is "
			   "forwarded twice");
		diag_hint(diags, "judge each packet once: --hooks xdp; or name only one side");
		return -EINVAL;
	}
	if (options->hooks == HOOKS_XDP && !(facings[FACING_OUTSIDE] && facings[FACING_INSIDE])) {
		diag_usage(diags, what,
			   "--hooks xdp needs an outside and an inside interface: "
			   "XDP sees only what an interface receives");
		diag_hint(diags, "--hooks xdp -i eth0 -i eth1:inside; or leave --hooks out");
		return -EINVAL;
	}
	return 0;
}

static int apply_changed(const struct gate *gate, const char *what_of_it, const char *what,
			 struct diags *diags)
{
	diag_system(diags, 0, what, "%s fixed when the gate on %s was made", what_of_it,
		    gate_name(gate));
	diag_hint(diags, "to change it: edgegate detach -i %s, then apply", gate_name(gate));
	return -EEXIST;
}

int apply_check_drift(const struct gate *gate, uint64_t word, const struct image *live,
		      bool dry_run, const char *what, struct diags *diags)
{
	autofree char *names = NULL;
	uint32_t parts = 0;
	int error = drift_find(gate, word, live, &parts);

	if (error || !parts)
		return error;
	names = report_parts(parts);
	diag_warning(
		diags, NULL, what,
		"what %s in force is not what was applied: somebody has written to its maps (%s)",
		dry_run ? "is" : "was", names ? names : "?");
	diag_hint(diags, dry_run ?
				 "an apply sets it right" :
				 "it is set right now; a rollback would bring back what was there");
	return 0;
}

int apply_check_pending(const struct common_options *options, const struct gate *gate,
			const char *what, struct diags *diags)
{
	const struct state state = state_unpack(state_settled(gate->word));
	const char *name = gate_name(gate);
	uint64_t now = state_now();

	if (!state.is_pending || options->force)
		return 0;
	diag_system(
		diags, 0, what, "the apply before it still waits for its confirm, %llu s from now",
		(unsigned long long)(state.moment > now ? (state.moment - now + 999) / 1000 : 0));
	diag_hint(diags, "edgegate confirm -i %s, edgegate rollback -i %s, or apply --force", name,
		  name);
	return -EBUSY;
}

/* How tc is attached; a first apply that was killed may not have come to say it in the stamp. */
static enum tc_kind apply_tc_kind(const struct gate *gate, int at)
{
	enum tc_kind kind = (enum tc_kind)gate->stamp.interfaces[at].tc;
	struct gate_attachment now;

	/* what can't be read is said when it is attached */
	if (kind == TC_KIND_NONE && gate_read_attachment(gate, (unsigned int)at, &now) == 0 &&
	    now.tc_program)
		kind = now.tc;
	return kind;
}

int apply_check_gate(const struct common_options *options, const struct gate *gate,
		     const struct policy *policy, const char *what, struct diags *diags)
{
	const struct stamp *stamp = &gate->stamp;

	for (size_t i = 0; i < options->interface_count; i++) {
		const struct common_interface *asked = &options->interfaces[i];
		int at = gate_interface(gate, asked->name);
		enum tc_kind tc;

		if (at < 0 && at != -ENOENT)
			return gate_unknown(at, asked->name, what, diags);
		if (at < 0)
			return apply_changed(gate, "its interfaces were", what, diags);
		if (asked->facing_given && (uint8_t)asked->facing != stamp->interfaces[at].facing)
			return apply_changed(gate, "the facing was", what, diags);
		if (options->xdp_given && (uint8_t)options->xdp != stamp->interfaces[at].xdp)
			return apply_changed(gate, "the XDP mode was", what, diags);
		tc = options->tc == ATTACH_TC_AUTO ? TC_KIND_NONE : apply_tc_kind(gate, at);
		if (tc != TC_KIND_NONE && (options->tc == ATTACH_TC_TCX) != (tc == TC_KIND_TCX))
			return apply_changed(gate, "the way of tc was", what, diags);
	}
	if (options->hooks_given && (uint32_t)options->hooks != stamp->hooks)
		return apply_changed(gate, "its hooks were", what, diags);
	if (policy->settings.flows_max != stamp->flows_max)
		return apply_changed(gate, "flows.max was", what, diags);
	return 0;
}

int apply_check_words(const struct common_options *options, struct diags *diags)
{
	if (!options->interface_count) {
		diag_usage(diags, "apply", "it needs an interface");
		diag_hint(diags, "edgegate apply -i eth0; list them: ip link");
		return -EINVAL;
	}
	if (options->replace && options->confirm) {
		diag_usage(diags, "apply",
			   "--replace and --confirm don't go together: the other program would "
			   "not come back by itself");
		diag_hint(diags,
			  "take its place with --replace; then change the policy with --confirm");
		return -EINVAL;
	}
	return 0;
}
