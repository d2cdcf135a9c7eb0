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
#include "user/verb/exporter_reader.h"

static volatile sig_atomic_t textfile_ended;

static void textfile_end(int signal)
{
	(void)signal;
	textfile_ended = 1;
}

static int textfile_sink(const char *bytes, size_t size, void *data)
{
	return ask_write(bytes, size, *(const int *)data);
}

/* Away with it, unless it has its name already. */
static void textfile_discard(char **path)
{
	if (*path)
		unlink(*path);
	free(*path);
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
	cleanup(textfile_discard) char *path = text_print("%s/.edgegate-exporter.XXXXXX", folder);
	autoclose int fd = path ? mkostemp(path, O_CLOEXEC) : -1;
	int error;

	if (fd < 0) {
		error = path ? -errno : -ENOMEM;
		free(take_pointer(&path));
		return error;
	}
	error = metrics_write(METRICS_PROMETHEUS, look->gates.list, look->gates.count, &look->self,
			      textfile_sink, &fd);
	if (error)
		return error;
	if (fchmod(fd, 0644) || fsync(fd) || rename(path, file))
		return -errno;
	free(take_pointer(&path));
	return textfile_sync_folder(folder);
}

static int textfile_write(const char *file, struct diags *diags)
{
	cleanup(exporter_look_free) struct exporter_look look;
	autofree char *copy = strdup(file);
	int error;

	error = exporter_look(NULL, &look, diags);
	/* the file stays as it was: its age is looked at, and no gate is missing that is there */
	if (error)
		return error;
	error = copy ? textfile_put(file, dirname(copy), &look) : -ENOMEM;
	if (!error)
		return 0;
	diag_system(diags, -error, "--textfile", "cannot write %s", file);
	diag_hint(diags, "see that its folder is there, and can be written to");
	return error;
}

int exporter_textfile(const char *file, unsigned int interval)
{
	const struct sigaction action = { .sa_handler = textfile_end };
	int status;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	do {
		struct diags diags = { 0 };
		struct timespec wait = { .tv_sec = interval };

		textfile_write(file, &diags);
		status = common_end(&diags);
		if (interval && !textfile_ended)
			nanosleep(&wait, NULL);
	} while (interval && !textfile_ended);
	return interval ? 0 : status;
}
