// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/emergency.h"
#include "user/verb/common_change.h"
#include "user/verb/common_conversations.h"

/* The session that is kept. */
struct block_session {
	struct session session;
	bool is_kept;
	char text[CONVERSATION_TEXT_SIZE]; /* "tcp 192.0.2.10:22 with 198.51.100.7:40000" */
};

/* Is the protected end behind the interface? -1: behind that by which it should come, of all those there are. */
static bool block_is_inside(const struct gate *gate, int interface)
{
	bool is_inside = true;

	if (interface >= 0)
		return gate->stamp.interfaces[interface].facing == FACING_INSIDE;
	for (unsigned int i = 0; i < gate->stamp.interface_count; i++)
		is_inside = is_inside && gate->stamp.interfaces[i].facing == FACING_INSIDE;
	return is_inside;
}

/* As a gate knows it: its local end is the one that the gate protects. */
static void block_describe(const struct gate *gate, const struct conversation *conversation,
			   struct block_session *kept)
{
	struct session *session = &kept->session;
	bool is_inside = block_is_inside(gate, conversation->interface);

	session->family = conversation->family;
	memcpy(is_inside ? session->remote : session->local, conversation->local,
	       sizeof(session->local));
	memcpy(is_inside ? session->local : session->remote, conversation->remote,
	       sizeof(session->remote));
	session->local_port =
		htons(is_inside ? conversation->remote_port : conversation->local_port);
	session->remote_port =
		htons(is_inside ? conversation->local_port : conversation->remote_port);
	conversations_text(conversation, kept->text);
	kept->is_kept = true;
}

/* Of those that go over the gate, which alone it can cut, the one that the caller most likely works in. */
static const struct conversation *block_choose(const struct conversations *sessions)
{
	const struct conversation *best = NULL;

	for (size_t i = 0; i < sessions->count; i++) {
		const struct conversation *one = &sessions->list[i];
		bool is_over = one->interface >= 0;

		if (!best || (is_over && best->interface < 0) ||
		    (is_over == (best->interface >= 0) && one->claim < best->claim))
			best = one;
	}
	return best;
}

/* A gate keeps one session: of others it is said that they go. */
static void block_warn(const struct gate *gate, const struct conversations *sessions,
		       const struct conversation *best, struct diags *diags)
{
	char text[CONVERSATION_TEXT_SIZE];

	if (best->interface < 0) {
		diag_warning(diags, NULL, "block", "your session does not go over %s: %s",
			     gate_name(gate), conversations_text(best, text));
		diag_hint(diags, "if it should come by there after all, it is kept");
	}
	for (size_t i = 0; i < sessions->count; i++) {
		const struct conversation *one = &sessions->list[i];

		if (one == best || one->interface < 0)
			continue;
		diag_warning(diags, NULL, "block", "another session of yours is not kept: %s",
			     conversations_text(one, text));
		diag_hint(diags, "one is kept, of several at one tmux or screen the one last used");
	}
}

static int block_find_session(const struct gate *gate, struct block_session *kept,
			      struct diags *diags)
{
	cleanup(common_conversations_free) struct common_conversations conversations = { 0 };
	struct stamp_interface interfaces[GATE_INTERFACES_MAX];
	const struct conversation *best;
	int error;

	common_conversations_interfaces(gate, interfaces);
	error = common_conversations_read(interfaces, gate->stamp.interface_count, true,
					  &conversations);
	if (error) {
		diag_system(diags, -error, "block", "cannot see which SSH session this is");
		diag_hint(diags, "nothing was changed; to cut it too: leave --keep-session out");
		return error;
	}
	best = block_choose(&conversations.found);
	if (!best) {
		diag_system(diags, 0, "block",
			    "there is no SSH session to keep: none of those that this was called "
			    "from is connected to this machine");
		diag_hint(diags, "nothing was changed; call it in the session, on the machine, or "
				 "leave --keep-session out to block everything");
		return -ENOENT;
	}
	block_describe(gate, best, kept);
	block_warn(gate, &conversations.found, best, diags);
	return 0;
}

static int block_act(struct common_change *change, char **said, struct diags *diags)
{
	struct block_session kept = { 0 };
	autoclose int lock = -1;
	struct state before;
	int error;

	if (change->options.keep_session) {
		error = block_find_session(&change->gate, &kept, diags);
		if (error)
			return error;
		lock = emergency_lock("block", diags);
		if (lock < 0)
			return lock;
	}
	error = change_emergency(&change->gate, EMERGENCY_BLOCK,
				 kept.is_kept ? &kept.session : NULL, &before);
	if (error) {
		diag_system(diags, 0, "block", "no policy was ever in force on %s",
			    change->interface);
		diag_hint(diags, "apply one first: edgegate apply -i %s", change->interface);
		return error;
	}
	*said = text_print("%s: BLOCKED: only essentials%s%s pass, until: edgegate resume -i %s\n",
			   change->interface, kept.is_kept ? " and your session " : "", kept.text,
			   change->interface);
	return 0;
}

static int block_run(int argc, char **argv, const struct invocation *invocation)
{
	(void)invocation;
	return common_change_run(&verb_block, argc, argv, "ik", block_act);
}

const struct verb verb_block = {
	.name = "block",
	.summary = "in emergency: drop all but essentials, until resume",
	.help = "Usage: edgegate [--netns NAME] block -i IFACE [--keep-session]\n"
		"\n"
		"Drops, from one instant on and in both directions, what rules and flows would have let\n"
		"pass (drop reason `blocked`). Essentials (ARP, neighbor discovery, DHCP, ...) stay as the\n"
		"policy has them. No flow begins; live ones go on after `edgegate resume`. It lasts, also\n"
		"over an apply, a deadline and a rollback, until then.\n"
		"\n"
		"  -i, --interface IFACE   the gate that has this interface\n"
		"      --keep-session      let the SSH session in which this is called go on, whatever\n"
		"                          the policy says of it; also found behind sudo, su and doas,\n"
		"                          and in tmux and screen (of several, that of the terminal last\n"
		"                          used). Other sessions stand still, and no new one begins.\n"
		"                          Where there is none to keep, nothing is blocked and the exit\n"
		"                          status is 1\n"
		"  -h, --help              this page\n"
		"\n"
		"Without --keep-session your own SSH session stands still, too, until somebody resumes\n"
		"from a console.\n",
	.run = block_run,
};
