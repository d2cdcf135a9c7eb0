// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"
#include "user/kernel/lock.h"

#define LOCK_FOLDER "/run/edgegate"
#define LOCK_FILE LOCK_FOLDER "/lock"
#define LOCK_STEP_MS 20u /* between two tries, as long as nobody is told */

/* ---- who holds it ------------------------------------------------------------------------------ */

/* The process that the kernel says to hold the lock; 0: none that can be seen from here. */
static long lock_owner(int fd)
{
	autofclose FILE *locks = fopen("/proc/locks", "re");
	unsigned int major, minor;
	unsigned long inode;
	char line[256];
	struct stat file;
	long pid;

	if (!locks || fstat(fd, &file))
		return 0;
	while (fgets(line, sizeof(line), locks))
		/* those who only wait have an arrow before the kind: proc(5) */
		if (sscanf(line, "%*d: FLOCK %*s WRITE %ld %x:%x:%lu", &pid, &major, &minor,
			   &inode) == 4 &&
		    inode == file.st_ino && makedev(major, minor) == file.st_dev)
			return pid;
	return 0;
}

/*
 * Who holds the lock, in words. What the file says is believed only of the process that holds it: its
 * text outlives a holder that was killed, and a new one has not written yet.
 */
static void lock_who(int fd, char who[LOCK_WHO_SIZE])
{
	char text[256] = "", since[16] = "?";
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
	long owner = lock_owner(fd), pid;
	long long moment;
	int command = 0;
	time_t date;
	struct tm tm;

	who[0] = '\0';
	if (!owner)
		return;
	snprintf(who, LOCK_WHO_SIZE, "pid %ld", owner);
	text[size > 0 ? size : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (sscanf(text, "%ld %lld %n", &pid, &moment, &command) != 2 || !command || pid != owner)
		return;
	date = (time_t)moment;
	if (localtime_r(&date, &tm))
		strftime(since, sizeof(since), "%H:%M:%S", &tm);
	/* another version may have written it */
	text_clean(text + command);
	snprintf(who, LOCK_WHO_SIZE, "pid %ld, since %s: %s", owner, since, text + command);
}

/* Writes down who holds it. That it can't is no reason not to work. */
static void lock_sign(int fd)
{
	autofclose FILE *own = fopen("/proc/self/cmdline", "re");
	char text[256], command[200];
	size_t size = own ? fread(command, 1, sizeof(command) - 1, own) : 0;
	int length;

	/* words end in NUL; in a line for people there is nothing that could pass for another line */
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)command[i] < ' ' || command[i] == 0x7f)
			command[i] = ' ';
	while (size && command[size - 1] == ' ')
		size--;
	command[size] = '\0';
	text_clean(command);
	length = snprintf(text, sizeof(text), "%ld %lld %s\n", (long)getpid(),
			  (long long)time(NULL), command);
	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)length, 0) != length)
		return;
}

/* ---- the lock ---------------------------------------------------------------------------------- */

static int lock_open(const char *what, struct diags *diags)
{
	int fd, error;

	if (mkdir(LOCK_FOLDER, 0755) && errno != EEXIST) {
		error = errno;
		diag_system(diags, error, what, "cannot make " LOCK_FOLDER);
		diag_hint(diags, "see that /run can be written, as root");
		return -error;
	}
	fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		return fd;
	error = errno;
	diag_system(diags, error, what, "cannot open " LOCK_FILE);
	diag_hint(diags, error == EACCES ? "run edgegate as root" :
					   "see that " LOCK_FOLDER " can be written");
	return -error;
}

/* flock() with `flags`, whatever signals come. */
static int lock_flock(int fd, int flags)
{
	while (flock(fd, LOCK_EX | flags))
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Waits, and says so when it takes long. */
static int lock_wait(int fd, const struct lock_wish *wish)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000l };
	char who[LOCK_WHO_SIZE];

	for (unsigned int waited = 0;; waited += LOCK_STEP_MS) {
		int error = lock_flock(fd, LOCK_NB);

		if (error != -EWOULDBLOCK || wish->no_wait)
			return error;
		if (waited >= LOCK_PATIENCE_MS)
			break;
		nanosleep(&step, NULL);
	}
	lock_who(fd, who);
	wish->waits(wish->what, who);
	return lock_flock(fd, 0);
}

static int lock_refused(int fd, int error, const struct lock_wish *wish, struct diags *diags)
{
	char who[LOCK_WHO_SIZE];

	if (error != -EWOULDBLOCK) {
		diag_system(diags, -error, wish->what, "cannot lock " LOCK_FILE);
		diag_hint(diags, "see that " LOCK_FOLDER " is on a file system that has locks");
		return error;
	}
	lock_who(fd, who);
	diag_system(diags, 0, wish->what, "another edgegate is at work%s%s", *who ? ": " : "", who);
	diag_hint(diags, "try again when it has ended, or wait for it: leave --no-wait out");
	return error;
}

/* Somebody may have taken the file away meanwhile: then the next one would lock another. */
static bool lock_is_current(int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && stat(LOCK_FILE, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

int lock_take(const struct lock_wish *wish, struct diags *diags)
{
	for (;;) {
		autoclose int fd = lock_open(wish->what, diags);
		int error = fd < 0 ? fd : lock_wait(fd, wish);

		if (fd < 0)
			return error;
		if (error)
			return lock_refused(fd, error, wish, diags);
		if (!lock_is_current(fd))
			continue;
		lock_sign(fd);
		return take_fd(&fd);
	}
}
