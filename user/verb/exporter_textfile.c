// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/exporter_textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/verb/common_slow.h"
#include "user/verb/exporter_reader.h"

/* Away with it, unless it has its name already. */
static void textfile_discard(char **path)
{
	if (*path)
		unlink(*path);
	free(*path);
}

/* One that has no name and is gone with us, whatever ends us; or, where a file system knows none, one of that path. */
static int textfile_open(const char *folder, const char *path)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		/* of a process that had our number, and was killed */
		unlink(path);
		fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	}
	return fd < 0 ? -errno : fd;
}

/* From here on it has that path. */
static int textfile_name(int fd, const char *path)
{
	struct stat status;
	char self[32];

	if (fstat(fd, &status))
		return -errno;
	if (status.st_nlink)
		return 0;
	unlink(path);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

/* The rename itself lasts, too. */
static int textfile_sync_folder(const char *folder)
{
	autoclose int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

static int textfile_put(const char *file, const char *folder, const struct exporter_look *look)
{
	/* the collector reads *.prom alone */
	cleanup(textfile_discard) char *path =
		text_print("%s/.edgegate-exporter.%d", folder, (int)getpid());
	autoclose int fd = path ? textfile_open(folder, path) : -ENOMEM;
	int error;

	if (fd < 0)
		return fd;
	error = metrics_write(METRICS_PROMETHEUS, look->gates.list, look->gates.count, &look->self,
			      ask_sink, &fd);
	if (error)
		return error;
	if (fchmod(fd, 0644) || fsync(fd))
		return -errno;
	error = textfile_name(fd, path);
	if (error)
		return error;
	if (rename(path, file))
		return -errno;
	free(take_pointer(&path));
	return textfile_sync_folder(folder);
}

static int textfile_write(const char *file, struct common_recent *recent, struct diags *diags)
{
	cleanup(exporter_look_free) struct exporter_look look;
	autofree char *copy = strdup(file);
	int error;

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
	sigset_t ends;
	int status;

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
