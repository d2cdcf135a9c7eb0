// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/exporter_textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/verb/common_slow.h"
#include "user/verb/exporter_reader.h"

#define TEXTFILE_TRIES 10 /* to give a file its name, while others do the same */

/* Away with it, unless it has its name already. */
static void textfile_discard(char **path)
{
	if (*path)
		unlink(*path);
	free(*path);
}

/*
 * What is there gives way to the new file, so it has to be a file: a rename takes the place of a device, too, and whatever it
 * was is gone. A symbolic link isn't followed, for it would go as well. 0, or -EINVAL with a diag.
 */
static int textfile_check(const char *file, struct diags *diags)
{
	struct stat status;

	if (lstat(file, &status) || S_ISREG(status.st_mode))
		return 0;
	diag_system(diags, 0, "--textfile", "%s is %s, and would be replaced", file,
		    S_ISLNK(status.st_mode)  ? "a symbolic link" :
		    S_ISDIR(status.st_mode)  ? "a folder" :
		    S_ISFIFO(status.st_mode) ? "a pipe" :
		    S_ISSOCK(status.st_mode) ? "a socket" :
					       "a device");
	diag_hint(diags,
		  S_ISLNK(status.st_mode) ? "give the file that it leads to: readlink -f %s" :
					    "give the path of a file: ls -ld %s",
		  file);
	return -EINVAL;
}

/* Locked, and still the one that the path leads to: from now on nobody but us renames or removes it. 0 or negative errno. */
static int textfile_lock(int fd, const char *path)
{
	struct stat ours, there;

	if (flock(fd, LOCK_EX | LOCK_NB) || fstat(fd, &ours))
		return -errno;
	return lstat(path, &there) || ours.st_ino != there.st_ino ? -EBUSY : 0;
}

/* What one that was killed left behind is never written to: whoever owns the folder may have put it there. */
static int textfile_remove(const char *path)
{
	autoclose int fd = -1;
	struct stat there;
	int error;

	if (lstat(path, &there))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISREG(there.st_mode)) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		error = fd < 0 ? -errno : textfile_lock(fd, path);
		if (error)
			return error;
	}
	return unlink(path) ? -errno : 0;
}

/*
 * Where a file system knows no files without a name (vfat, NFS): one of that path, which no other one of us writes to. Until it
 * is whole only its owner can open it, and hold us up by a lock.
 */
static int textfile_open_named(const char *path)
{
	autoclose int fd = -1;
	int error = textfile_remove(path);

	if (error)
		return error;
	fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	error = fd < 0 ? -errno : textfile_lock(fd, path);
	return error ? error : take_fd(&fd);
}

/* One that has no name, and is gone with us, whatever ends us. */
static int textfile_open(const char *folder, const char *path)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		return textfile_open_named(path);
	return fd < 0 ? -errno : fd;
}

/* From here on it has that path, and what had it before (of one that was killed) hasn't. */
static int textfile_name(int fd, const char *path)
{
	struct stat status;
	char self[32];

	if (fstat(fd, &status))
		return -errno;
	if (status.st_nlink)
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	for (int tries = 0; tries < TEXTFILE_TRIES; tries++) {
		unlink(path);
		if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		/* another one of us came between */
		if (errno != EEXIST)
			break;
	}
	return -errno;
}

/* The same one each time, in that folder, for each file another; the collector reads *.prom alone. */
static char *textfile_temporary(const char *file, const char *folder)
{
	autofree char *copy = strdup(file);

	return copy ? text_print("%s/.%s.edgegate", folder, basename(copy)) : NULL;
}

/* The rename itself lasts, too. */
static int textfile_sync_folder(const char *folder)
{
	autoclose int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

static int textfile_put(const char *file, const char *folder, const struct exporter_look *look)
{
	cleanup(textfile_discard) char *path = NULL;
	autofree char *temporary = textfile_temporary(file, folder);
	autoclose int fd = temporary ? textfile_open(folder, temporary) : -ENOMEM;
	int error;

	if (fd < 0)
		return fd;
	/* not before: it may be another one's */
	path = take_pointer(&temporary);
	error = metrics_write(METRICS_PROMETHEUS, look->gates.list, look->gates.count, &look->self,
			      ask_sink, &fd);
	if (error)
		return error;
	if (fchmod(fd, 0644) || fsync(fd))
		return -errno;
	error = textfile_name(fd, path);
	if (error)
		return error;
	/* that it isn't there any more: another one of us gave its own, as new and as whole, that name, and renamed it */
	if (rename(path, file) && errno != ENOENT)
		return -errno;
	free(take_pointer(&path));
	return textfile_sync_folder(folder);
}

static int textfile_write(const char *file, struct common_recent *recent, struct diags *diags)
{
	cleanup(exporter_look_free) struct exporter_look look = { 0 };
	autofree char *copy = strdup(file);
	int error;

	error = textfile_check(file, diags);
	if (error)
		return error;
	error = exporter_look(recent, false, &look, diags);
	/* the file stays as it was: its age is looked at, and no gate is missing that is there */
	if (error)
		return error;
	common_recent_sweep(recent);
	error = copy ? textfile_put(file, dirname(copy), &look) : -ENOMEM;
	if (!error)
		return 0;
	diag_system(diags, -error, "--textfile", "cannot write %s", file);
	diag_hint(diags, "see that its folder is there, and can be written to");
	return error;
}

/* False: it is to end. */
static bool textfile_wait(const sigset_t *ends, unsigned int seconds)
{
	const struct timespec wait = { .tv_sec = seconds };

	return sigtimedwait(ends, NULL, &wait) < 0;
}

int exporter_textfile(const char *file, unsigned int interval)
{
	cleanup(common_recent_free) struct common_recent recent = { 0 };
	struct diags first = { 0 };
	sigset_t ends;
	int status;

	/* one that will never do isn't tried again and again */
	if (textfile_check(file, &first))
		return common_end(&first);

	/* whenever it comes, it waits for us to wait for it; and the file is written to its end */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	do {
		struct diags diags = { 0 };

		textfile_write(file, &recent, &diags);
		status = common_end(&diags);
	} while (interval && textfile_wait(&ends, interval));
	return interval ? 0 : status;
}
