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

#define TEXTFILE_PATIENCE_MS 5000u /* for who writes the same file: mostly some ms */
#define TEXTFILE_STEP_MS 20u

/*
 * The new file, beside the one whose place it takes. One that stands at `path` is locked by who
 * made it, for as long as they live: what nobody has locked there was left by one that was killed.
 */
struct textfile {
	char *path;
	int fd;
	bool stands; /* at `path`: before that, what is there may be another one's */
};

/* What the path leads to is this file. */
static bool textfile_is_at(int fd, const char *path)
{
	struct stat ours, there;

	return !fstat(fd, &ours) && !lstat(path, &there) && ours.st_ino == there.st_ino;
}

/* Away with it, unless it has its place already; closed, and so unlocked, only then. */
static void textfile_discard(struct textfile *new)
{
	if (new->stands && textfile_is_at(new->fd, new->path))
		unlink(new->path);
	if (new->fd >= 0)
		close(new->fd);
	free(new->path);
}

/*
 * What is there gives way to the new file, so it has to be a file: a rename takes the place of a
 * device, too, and whatever it was is gone. A symbolic link isn't followed, for it would go as
 * well. No rename looks at that itself: what comes between this and it is replaced. 0, or -EINVAL
 * with a diag.
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

/*
 * From now on none of us renames or removes it but who has `fd`. -EBUSY: another one has it, or it
 * isn't there any more.
 */
static int textfile_lock(int fd, const char *path)
{
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return textfile_is_at(fd, path) ? 0 : -EBUSY;
}

/*
 * What one that was killed left behind is never written to: whoever owns the folder may have put it
 * there. It is opened for writing all the same, for NFS locks no other. -EBUSY: its writer lives.
 */
static int textfile_remove(const char *path)
{
	autoclose int fd = -1;
	struct stat there;
	int error;

	if (lstat(path, &there))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISREG(there.st_mode)) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0)
			return errno == ENOENT ? -EBUSY : -errno;
		error = textfile_lock(fd, path);
		if (error)
			return error;
	}
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

/*
 * Tries a step until no other one of us is in its way. 0 or negative errno; -EBUSY: it was so all
 * the time.
 */
static int textfile_in_turn(int (*step)(struct textfile *new), struct textfile *new)
{
	const struct timespec wait = { .tv_nsec = TEXTFILE_STEP_MS * 1000000L };
	int error = step(new);

	for (unsigned int waited = 0; error == -EBUSY && waited < TEXTFILE_PATIENCE_MS;
	     waited += TEXTFILE_STEP_MS) {
		nanosleep(&wait, NULL);
		error = step(new);
	}
	return error;
}

/*
 * Where a file system knows no files without a name (vfat, NFS): one of that path, which no other
 * one of us writes to. Until it is whole only its owner can open it, and hold us up by a lock.
 */
static int textfile_open_named(struct textfile *new)
{
	autoclose int fd = -1;
	int error = textfile_remove(new->path);

	if (error)
		return error;
	fd = open(new->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? -EBUSY : -errno;
	error = textfile_lock(fd, new->path);
	if (error)
		return error;
	new->fd = take_fd(&fd);
	new->stands = true;
	return 0;
}

/* One that has no name, and is gone with us, whatever ends us. */
static int textfile_open(struct textfile *new, const char *folder)
{
	new->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (new->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		return textfile_in_turn(textfile_open_named, new);
	return new->fd < 0 || flock(new->fd, LOCK_EX | LOCK_NB) ? -errno : 0;
}

/*
 * By its descriptor, which kernels want CAP_DAC_READ_SEARCH for (ENOENT without it), or 6.10; else
 * through /proc.
 */
static int textfile_link(int fd, const char *path)
{
	char self[32];

	if (linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

/* From here on it has that path, and what had it before (of one that was killed) hasn't. */
static int textfile_name(struct textfile *new)
{
	int error = new->stands ? 0 : textfile_remove(new->path);

	if (error || new->stands)
		return error;
	error = textfile_link(new->fd, new->path);
	/* another one of us came between */
	if (error)
		return error == -EEXIST ? -EBUSY : error;
	new->stands = true;
	return 0;
}

/*
 * The same one each time, in that folder, for each file another; the collector reads *.prom alone.
 */
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

static int textfile_say(const char *file, const struct textfile *new, int error,
			struct diags *diags)
{
	if (error == -EBUSY && new->path) {
		diag_system(diags, 0, "--textfile",
			    "cannot write %s: for %u seconds another process has been writing %s",
			    file, TEXTFILE_PATIENCE_MS / 1000, new->path);
		diag_hint(diags, "see which one, and end it: fuser -v %s", new->path);
		return error;
	}
	diag_system(diags, -error, "--textfile", "cannot write %s", file);
	if (error == -ENOSPC || error == -EDQUOT)
		diag_hint(diags, "make room in its file system: df -h, df -i");
	else if (error == -ENOENT && new->fd >= 0 && access("/proc/self/fd", F_OK))
		diag_hint(diags, "it takes /proc here: mount -t proc proc /proc");
	else
		diag_hint(diags, "see that its folder is there, and can be written to");
	return error;
}

/* Written, synced and named: it only has to take its place. 0 or negative errno. */
static int textfile_make(struct textfile *new, const char *folder, const struct exporter_look *look)
{
	int error = new->path ? textfile_open(new, folder) : -ENOMEM;

	if (!error)
		error = metrics_write(METRICS_PROMETHEUS, look->gates.list, look->gates.count,
				      &look->self, ask_sink, &new->fd);
	if (!error && (fchmod(new->fd, 0644) || fsync(new->fd)))
		error = -errno;
	return error ? error : textfile_in_turn(textfile_name, new);
}

static int textfile_put(const char *file, const char *folder, const struct exporter_look *look,
			struct diags *diags)
{
	cleanup(textfile_discard) struct textfile new = {
		.path = textfile_temporary(file, folder),
		.fd = -1,
	};
	int error = textfile_make(&new, folder, look);

	if (error)
		return textfile_say(file, &new, error, diags);
	/* reading gates, writing and syncing may have taken seconds */
	error = textfile_check(file, diags);
	if (error)
		return error;
	if (!textfile_is_at(new.fd, new.path))
		error = -ENOENT;
	else if (rename(new.path, file))
		error = -errno;
	/* none of us did that */
	if (error == -ENOENT) {
		diag_system(diags, 0, "--textfile",
			    "cannot write %s: somebody has removed or replaced %s", file, new.path);
		diag_hint(diags, "it was to become that file: see who cleans up in %s", folder);
	}
	if (error)
		return error == -ENOENT ? error : textfile_say(file, &new, error, diags);
	new.stands = false;
	error = textfile_sync_folder(folder);
	return error ? textfile_say(file, &new, error, diags) : 0;
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
	if (!copy)
		return diag_system(diags, ENOMEM, "--textfile", "cannot write %s", file);
	return textfile_put(file, dirname(copy), &look, diags);
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
