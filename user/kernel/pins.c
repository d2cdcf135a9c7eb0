// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/kernel/pins.h"

/* Longer than an interface's name can be (15), so that none is taken for them. */
#define NAMESPACE_FOLDER "network-namespace-"
#define UNFINISHED_FOLDER "unfinished-gate-"

static void cleanup_closedir(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static bool pins_is_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

/* What process 1 has mounted on /sys/fs/bpf. */
enum pins_of_init { PINS_UNKNOWN, PINS_NONE, PINS_OTHER, PINS_SAME };

/*
 * Compared by device number, from its list of mounts: /proc/1/root would do, but even root may not look
 * through it everywhere. The last mount on the place is the one that shows.
 */
static enum pins_of_init pins_compare(void)
{
	autofclose FILE *mounts = fopen("/proc/1/mountinfo", "re");
	enum pins_of_init found = PINS_NONE;
	char line[1024], place[256];
	unsigned int major, minor;
	struct stat ours;

	if (!mounts || stat(PINS_BPFFS, &ours))
		return PINS_UNKNOWN;
	while (fgets(line, sizeof(line), mounts)) {
		/* id, parent, device, root of the mount, place: proc(5) */
		if (sscanf(line, "%*u %*u %u:%u %*s %255s", &major, &minor, place) != 3 ||
		    strcmp(place, PINS_BPFFS) != 0)
			continue;
		found = makedev(major, minor) == ours.st_dev ? PINS_SAME : PINS_OTHER;
	}
	return found;
}

static int pins_refuse(const char *what, struct diags *diags)
{
	diag_system(diags, 0, what,
		    PINS_BPFFS " here is not the one of process 1: a gate pinned in it would end "
			       "with this shell");
	diag_hint(diags,
		  "leave this shell and name the namespace instead: edgegate --netns NAME ...");
	return -EXDEV;
}

/* A bpffs is here that process 1 has not, or it has one that we don't see: a mount namespace of its own. */
static bool pins_is_foreign(void)
{
	enum pins_of_init found = pins_compare();

	return found == PINS_OTHER || (found == PINS_NONE && pins_is_bpffs(PINS_BPFFS));
}

int pins_check(const char *what, struct diags *diags)
{
	if (pins_is_foreign())
		return pins_refuse(what, diags);
	if (geteuid() == 0)
		return 0;
	diag_system(diags, EACCES, what, "cannot look at what is in force");
	diag_hint(diags, "run edgegate as root");
	return -EACCES;
}

int pins_prepare(const char *what, struct diags *diags)
{
	if (pins_is_bpffs(PINS_BPFFS))
		return 0;
	if (mount("bpf", PINS_BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700")) {
		int error = errno;

		diag_system(diags, error, what, "cannot mount the BPF file system on " PINS_BPFFS);
		diag_hint(diags, "as root: mount -t bpf bpf " PINS_BPFFS);
		return -error;
	}
	if (pins_compare() == PINS_NONE) {
		/* process 1 does not see what we mounted */
		umount2(PINS_BPFFS, MNT_DETACH);
		return pins_refuse(what, diags);
	}
	diag_warning(diags, NULL, what,
		     "the BPF file system was not mounted; it is now, on " PINS_BPFFS);
	diag_hint(diags, "nothing to do; systemd mounts it at boot where it runs");
	return 0;
}

static void pins_folder(char path[PINS_PATH_SIZE], uint64_t cookie, const char *prefix,
			const char *interface)
{
	char *name;

	/* the first namespace has cookie 1: Linux 5.14, net/core/net_namespace.c */
	if (cookie <= 1)
		snprintf(path, PINS_PATH_SIZE, "%s/%s%.15s", PINS_ROOT, prefix, interface);
	else
		snprintf(path, PINS_PATH_SIZE, "%s/" NAMESPACE_FOLDER "%llu/%s%.15s", PINS_ROOT,
			 (unsigned long long)cookie, prefix, interface);
	for (name = strrchr(path, '/'); *name; name++)
		if (*name == '.')
			*name = ':';
}

void pins_gate(char path[PINS_PATH_SIZE], uint64_t cookie, const char *interface)
{
	pins_folder(path, cookie, "", interface);
}

void pins_unfinished(char path[PINS_PATH_SIZE], uint64_t cookie, const char *interface)
{
	pins_folder(path, cookie, UNFINISHED_FOLDER, interface);
}

int pins_unfinish(const char *directory, char unfinished[PINS_PATH_SIZE])
{
	const char *name = strrchr(directory, '/') + 1;
	int error;

	if (snprintf(unfinished, PINS_PATH_SIZE, "%.*s" UNFINISHED_FOLDER "%s",
		     (int)(name - directory), directory, name) >= PINS_PATH_SIZE)
		return -ENAMETOOLONG;
	/* of one that was killed before */
	error = pins_remove(unfinished);
	if (error)
		return error;
	return rename(directory, unfinished) ? -errno : 0;
}

void pins_path(char path[PINS_PATH_SIZE], const char *directory, const char *name, ...)
{
	int length = snprintf(path, PINS_PATH_SIZE, "%s/", directory);
	va_list arguments;

	if (length < 0 || length >= PINS_PATH_SIZE)
		return;
	va_start(arguments, name);
	vsnprintf(path + length, (size_t)(PINS_PATH_SIZE - length), name, arguments);
	va_end(arguments);
}

uint64_t pins_cookie(const char *directory)
{
	unsigned long long cookie;

	if (sscanf(directory, PINS_ROOT "/" NAMESPACE_FOLDER "%llu/", &cookie) == 1)
		return cookie;
	return 1;
}

void pins_label(const char *directory, char label[PINS_PATH_SIZE])
{
	const char *name = strrchr(directory, '/') + 1;
	unsigned long long cookie = pins_cookie(directory);
	char *colon;

	if (strncmp(name, UNFINISHED_FOLDER, strlen(UNFINISHED_FOLDER)) == 0)
		name += strlen(UNFINISHED_FOLDER);
	if (cookie > 1)
		snprintf(label, PINS_PATH_SIZE, "netns-%llu/%s", cookie, name);
	else
		snprintf(label, PINS_PATH_SIZE, "%s", name);
	while ((colon = strchr(label, ':')))
		*colon = '.';
}

int pins_make(const char *directory)
{
	char path[PINS_PATH_SIZE];

	/* each folder on the way, from behind the mount point on */
	for (size_t i = strlen(PINS_BPFFS) + 1;; i++) {
		if (directory[i] != '/' && directory[i] != '\0')
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)i, directory);
		if (mkdir(path, 0700) && errno != EEXIST)
			return -errno;
		if (directory[i] == '\0')
			return 0;
	}
}

int pins_remove(const char *directory)
{
	cleanup(cleanup_closedir) DIR *listing = opendir(directory);
	char stamp[PINS_PATH_SIZE];
	struct dirent *entry;

	if (!listing)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(listing))) {
		char path[PINS_PATH_SIZE];

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, PINS_STAMP) == 0)
			continue;
		pins_path(path, directory, "%s", entry->d_name);
		if (unlink(path) && errno != ENOENT)
			return -errno;
	}
	/* last: while it is there, the folder is known for what it is */
	pins_path(stamp, directory, PINS_STAMP);
	if (unlink(stamp) && errno != ENOENT)
		return -errno;
	return rmdir(directory) && errno != ENOENT ? -errno : 0;
}

void pins_remove_empty(const char *directory)
{
	char path[PINS_PATH_SIZE];
	char *slash;

	snprintf(path, sizeof(path), "%s", directory);
	while ((slash = strrchr(path, '/')) && strcmp(path, PINS_ROOT) != 0) {
		*slash = '\0';
		if (rmdir(path))
			return;
	}
}

int pins_put(int fd, const char *path)
{
	if (unlink(path) && errno != ENOENT)
		return -errno;
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

static bool pins_has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static int pins_each_in(const char *folder, bool nested,
			int (*each)(const char *directory, bool finished, void *data), void *data)
{
	cleanup(cleanup_closedir) DIR *listing = opendir(folder);
	struct dirent *entry;
	int result;

	if (!listing)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while ((entry = readdir(listing))) {
		char path[PINS_PATH_SIZE];

		if (entry->d_name[0] == '.')
			continue;
		pins_path(path, folder, "%s", entry->d_name);
		if (!nested && pins_has_prefix(entry->d_name, NAMESPACE_FOLDER))
			result = pins_each_in(path, true, each, data);
		else
			result = each(path, !pins_has_prefix(entry->d_name, UNFINISHED_FOLDER),
				      data);
		if (result)
			return result;
	}
	return 0;
}

int pins_each(int (*each)(const char *directory, bool finished, void *data), void *data)
{
	return pins_each_in(PINS_ROOT, false, each, data);
}
