// SPDX-License-Identifier: GPL-2.0-only
/* User, capabilities and files; system calls are in drop_calls.c. */
#include "user/serve/drop.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/base/cleanup.h"

int drop_find_user(const char *name, struct drop_user *user, struct diags *diags)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(name);
	if (!entry) {
		diag_system(diags, errno == ENOENT ? 0 : errno, "--user", "there is no user '%s'",
			    name);
		diag_hint(diags, "give one that owns nothing: --user nobody");
		return -ENOENT;
	}
	if (!entry->pw_uid || !entry->pw_gid) {
		diag_system(diags, 0, "--user", "'%s' is root, or in its group", name);
		diag_hint(diags, "give one that owns nothing: --user nobody");
		return -EINVAL;
	}
	*user = (struct drop_user){ entry->pw_uid, entry->pw_gid };
	return 0;
}

/*
 * CAP_DAC_OVERRIDE: pins are root's, and the kernel opens pinned links for reading and writing or
 * not at all. CAP_NET_ADMIN: without it nobody is told which programs run at an interface.
 */
static const cap_value_t drop_kept[] = { CAP_DAC_OVERRIDE, CAP_NET_ADMIN };
#define DROP_KEPT (sizeof(drop_kept) / sizeof(*drop_kept))

static void drop_free_capabilities(cap_t *capabilities)
{
	if (*capabilities)
		cap_free(*capabilities);
}

/* What may be had again after an execve: nothing, if there were one. */
static int drop_bounding(void)
{
	for (cap_value_t capability = 0; capability < cap_max_bits(); capability++)
		if (cap_get_bound(capability) > 0 && cap_drop_bound(capability))
			return -errno;
	return 0;
}

static int drop_set(enum drop_role role)
{
	cleanup(drop_free_capabilities) cap_t kept = cap_init();

	if (!kept)
		return -errno;
	if (role == DROP_READER &&
	    (cap_set_flag(kept, CAP_PERMITTED, DROP_KEPT, drop_kept, CAP_SET) ||
	     cap_set_flag(kept, CAP_EFFECTIVE, DROP_KEPT, drop_kept, CAP_SET)))
		return -errno;
	return cap_set_proc(kept) ? -errno : 0;
}

int drop_capabilities(enum drop_role role, const struct drop_user *user)
{
	int error = drop_bounding();

	if (error)
		return error;
	if (setgroups(0, NULL) || setresgid(user->gid, user->gid, user->gid) ||
	    prctl(PR_SET_KEEPCAPS, 1) || setresuid(user->uid, user->uid, user->uid) ||
	    prctl(PR_SET_KEEPCAPS, 0))
		return -errno;
	error = drop_set(role);
	if (error)
		return error;
	/* nobody else of that user may look into us: PR_SET_DUMPABLE is for ptrace too */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0))
		return -errno;
	return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* As Linux 6.10 has it; headers may be older. An older kernel takes the beginning. */
struct drop_ruleset {
	uint64_t files;   /* what is forbidden but where a rule allows it */
	uint64_t network; /* from version 4 on */
	uint64_t scoped;  /* from version 6 on */
};

static long drop_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
		       LANDLOCK_CREATE_RULESET_VERSION);
}

/* Bits of struct landlock_ruleset_attr: 13 in the first version, then the others'. */
static uint64_t drop_file_rights(long version)
{
	return (1ull << (version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13)) - 1;
}

static int drop_allow_folder(int ruleset, const char *folder)
{
	autoclose int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = fd,
	};

	/* no bpffs, and no place for one: then there is nothing to be allowed */
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) ?
		       -errno :
		       0;
}

int drop_files(const char *folder)
{
	const long version = drop_version();
	const struct drop_ruleset rights = {
		.files = drop_file_rights(version),
		.network = version >= 4 ? 3 : 0, /* to bind and to connect with TCP */
		.scoped = version >= 6 ? 3 : 0,  /* abstract sockets, signals */
	};
	const size_t size = version >= 6 ? sizeof(rights) :
			    version >= 4 ? offsetof(struct drop_ruleset, scoped) :
					   offsetof(struct drop_ruleset, network);
	autoclose int ruleset = -1;
	int error = 0;

	if (version < 1)
		return -EOPNOTSUPP;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, size, 0);
	if (ruleset < 0)
		return -errno;
	if (folder)
		error = drop_allow_folder(ruleset, folder);
	if (error)
		return error;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) ? -errno : 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* A core would hold secrets. */
static int drop_core(void)
{
	const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_CORE, &none) ? -errno : 0;
}

/* What stands at standard input isn't read, and may be a file that only root reads. */
static int drop_input(void)
{
	autoclose int none = open("/dev/null", O_RDONLY | O_CLOEXEC);

	return none < 0 || dup2(none, STDIN_FILENO) < 0 ? -errno : 0;
}

static int drop_failed(int error, const char *step, struct diags *diags)
{
	diag_system(diags, -error, "exporter", "cannot give up %s", step);
	diag_hint(diags, "run it as root, or by systemd/edgegate-exporter.service");
	return error;
}

int drop_all(enum drop_role role, const struct drop_user *user, const char *folder,
	     struct diags *diags)
{
	int error = drop_core();

	if (!error)
		error = drop_input();
	if (!error)
		error = drop_capabilities(role, user);
	if (error)
		return drop_failed(error, "privileges", diags);
	error = drop_files(role == DROP_READER ? folder : NULL);
	if (error == -EOPNOTSUPP && role == DROP_READER) {
		diag_warning(
			diags, NULL, "exporter",
			"this kernel has no Landlock: what reads gates could read any file, if it were "
			"taken over");
		diag_hint(diags, "boot with it: lsm=landlock,... (Debian's kernels do)");
	} else if (error && error != -EOPNOTSUPP) {
		return drop_failed(error, "files", diags);
	}
	error = drop_calls(role);
	return error ? drop_failed(error, "system calls", diags) : 0;
}
