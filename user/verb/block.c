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

/* As a gate knows it: its local end is the one that the gate protects. */
static void block_describe(const struct gate *gate, const struct conversation *conversation,
			   struct block_session *kept)
{
	struct session *session = &kept->session;
	bool is_inside = conversation->interface >= 0 &&
			 gate->stamp.interfaces[conversation->interface].facing == FACING_INSIDE;

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

/* The one that the caller most likely works in. A gate keeps one: of others it is said that they go. */
static int block_find_session(const struct gate *gate, struct block_session *kept,
			      struct diags *diags)
{
	cleanup(common_conversations_free) struct common_conversations conversations = { 0 };
	const struct conversation *best = NULL;
	int error = common_conversations_read(gate->stamp.interfaces, gate->stamp.interface_count,
					      true, &conversations);

	if (error) {
		diag_system(diags, -error, "block", "cannot see which SSH session this is");
		diag_hint(diags, "nothing was changed; to cut it too: leave --keep-session out");
		return error;
	}
	for (size_t i = 0; i < conversations.found.count; i++) {
		const struct conversation *one = &conversations.found.list[i];

		if (!best || one->claim < best->claim)
			best = one;
	}
	if (!best) {
		diag_system(diags, 0, "block",
			    "there is no SSH session to keep: none of those that this was called "
			    "from is connected to this machine");
		diag_hint(diags, "nothing was changed; call it in the session, on the machine, or "
				 "leave --keep-session out to block everything");
		return -ENOENT;
	}
	block_describe(gate, best, kept);
	for (size_t i = 0; i < conversations.found.count; i++) {
		const struct conversation *one = &conversations.found.list[i];
		char text[CONVERSATION_TEXT_SIZE];

		if (one == best)
			continue;
		diag_warning(diags, NULL, "block", "another session of yours is not kept: %s",
			     conversations_text(one, text));
		diag_hint(diags, "one is kept, of several at one tmux or screen the one last used");
	}
	return 0;
}

static int block_work(struct common_change *change, struct block_session *kept, struct diags *diags)
{
	autoclose int lock = -1;
	struct state before;
	int error;

	if (change->options.keep_session) {
		error = block_find_session(&change->gate, kept, diags);
		if (error)
			return error;
		lock = emergency_lock("block", diags);
		if (lock < 0)
			return lock;
	}
	error = change_emergency(&change->gate, EMERGENCY_BLOCK,
				 kept->is_kept ? &kept->session : NULL, &before);
	if (error) {
		diag_system(diags, 0, "block", "no policy was ever in force on %s",
			    change->interface);
		diag_hint(diags, "apply one first: edgegate apply -i %s", change->interface);
	}
	return error;
}

static int block_run(int argc, char **argv, const struct invocation *invocation)
{
	cleanup(common_change_free) struct common_change change = COMMON_CHANGE("block");
	cleanup(diags_clear) struct diags diags = { 0 };
	struct block_session kept = { 0 };
	int error = common_change_open(&change, &verb_block, argc, argv, "ik", &diags);
	int status;

	(void)invocation;
	if (error > 0)
		return error - 1;
	if (!error)
		error = block_work(&change, &kept, &diags);
	status = common_end(&diags);
	if (error)
		return status;
	return common_print(
		text_print("%s: BLOCKED: only essentials%s%s pass, until: edgegate resume -i %s\n",
			   change.interface, kept.is_kept ? " and your session " : "", kept.text,
			   change.interface));
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
		"                          and in tmux and screen. Where there is none, nothing is\n"
		"                          blocked and the exit status is 1\n"
		"  -h, --help              this page\n"
		"\n"
		"Without --keep-session your own SSH session stands still, too, until somebody resumes\n"
		"from a console.\n",
	.run = block_run,
};
