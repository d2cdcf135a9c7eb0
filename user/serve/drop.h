/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exporter's two processes give up what they don't need, for good, before either does its work:
 * user, groups, capabilities, files (Landlock), system calls (seccomp), new processes. Decision 010
 * says what each keeps.
 */
#ifndef USER_SERVE_DROP_H
#define USER_SERVE_DROP_H

#include <stdbool.h>
#include <sys/types.h>

#include "user/base/diag.h"

enum drop_role {
	DROP_SERVER, /* talks to the network: no capability, no file, no new socket, no bpf(2) */
	DROP_READER, /* reads pinned gates: CAP_DAC_OVERRIDE and CAP_NET_ADMIN, bpf(2) to read */
};

struct drop_user {
	uid_t uid;
	gid_t gid;
};

/*
 * First of all: closes descriptors that who started us left open, but for 0 to 2; and overwrites
 * the environment but for LC_ALL, PATH, NOTIFY_SOCKET, EDGEGATE_* and what sanitizers read: neither
 * is ours to keep. 0 or -errno with a diag.
 */
int drop_inherited(struct diags *diags);

/* -errno with a diag: there is no such user, or it is root. */
int drop_find_user(const char *name, struct drop_user *user, struct diags *diags);

/*
 * `folder`: the one that DROP_READER may look into; what is opened already stays open. 0, or -errno
 * with a diag: then the process must end. A kernel without Landlock is a warning.
 */
int drop_all(enum drop_role role, const struct drop_user *user, const char *folder,
	     struct diags *diags);

/* ---- the steps, for the tests ---------------------------------------------------------------- */

int drop_capabilities(enum drop_role role, const struct drop_user *user); /* 0 or negative errno */
int drop_files(const char *folder);  /* NULL: none; 0 or negative errno, -EOPNOTSUPP: no Landlock */
int drop_calls(enum drop_role role); /* 0 or negative errno */

#endif
