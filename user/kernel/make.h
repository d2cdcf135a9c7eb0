/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making a gate and taking it away. A gate is made in a folder of another name and renamed when its
 * maps are whole; then the programs are attached, while the state word still says "no policy"; the
 * first policy comes into force by the same one store as every later one.
 */
#ifndef USER_KERNEL_MAKE_H
#define USER_KERNEL_MAKE_H

#include "user/base/diag.h"
#include "user/kernel/attach.h"
#include "user/kernel/gate.h"

/* What a new gate is to be. */
struct make_wish {
	struct stamp_interface interfaces[GATE_INTERFACES_MAX]; /* name, ifindex, facing, xdp */
	unsigned int interface_count;
	enum hooks hooks;
	enum attach_tc tc;
	uint32_t flows_max;
	uint32_t longest_timeout; /* of a flow in the policy that it is made with, seconds */
	const char *netns;        /* the name given, or "" */
	struct replace *replace;  /* whose place it may take */
};

/*
 * Makes and attaches a gate; on failure nothing of it stays. On success *gate is open, its state is
 * "no policy", and *object holds the programs for as long as the caller wants.
 */
int make_gate(const struct make_wish *wish, struct gate *gate, struct object *object,
	      const char *what, struct diags *diags);

/* Refuses what make_gate() would, as far as can be seen without making it. */
int make_check(const struct make_wish *wish, const char *what, struct diags *diags);

/*
 * Attaches what isn't attached (any more), puts tc at the head again, and puts our programs in the place of
 * another edgegate's (upgrade.h): then *replaced. Nothing to do: does nothing. What can be known to stop it does so
 * before anything has changed; if the kernel refuses one all the same, what is attached by then stays, for it judges
 * by the policy that is in force. What was replaced by `replace` is back where ours is not.
 */
int make_whole(struct gate *gate, enum attach_tc tc, struct replace *replace, bool *replaced,
	       const char *what, struct diags *diags);

/*
 * From one store on everything passes; then links, filters, maps and pins go. What can't be undone whole is left
 * whole: -EXDEV where a filter of it is in a namespace that we are not in.
 */
int make_undone(struct gate *gate, const char *what, struct diags *diags);

/* A folder that can't be opened as a gate: takes away what is in it. */
int make_removed(const char *directory, const char *what, struct diags *diags);

/* gate_read_attachment() that says why it could not; 0 or a negative errno. */
int make_look(const struct gate *gate, unsigned int index, struct gate_attachment *now,
	      const char *what, struct diags *diags);

#endif
