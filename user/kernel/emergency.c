// SPDX-License-Identifier: GPL-2.0-only
#include "user/kernel/emergency.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "user/base/cleanup.h"

#define EMERGENCY_FOLDER "/run/edgegate"
#define EMERGENCY_FILE EMERGENCY_FOLDER "/emergency.lock"
#define EMERGENCY_STEP_MS 10
#define EMERGENCY_STEPS 100 /* a second */

int emergency_lock(const char *what, struct diags *diags)
{
	const struct timespec step = { .tv_nsec = EMERGENCY_STEP_MS * 1000000l };
	autoclose int fd = -1;
	int error;

	if (mkdir(EMERGENCY_FOLDER, 0755) == 0 || errno == EEXIST)
		fd = open(EMERGENCY_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		error = errno;
		diag_system(diags, error, what, "cannot open " EMERGENCY_FILE);
		diag_hint(diags, "without --keep-session it needs no lock");
		return -error;
	}
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB); i++) {
		error = errno;
		if (i == EMERGENCY_STEPS || (error != EWOULDBLOCK && error != EINTR)) {
			diag_system(diags, error, what, "cannot lock " EMERGENCY_FILE);
			diag_hint(
				diags,
				"another edgegate block may be stopped: look with fuser " EMERGENCY_FILE
				"; without --keep-session it needs no lock");
			return error == EWOULDBLOCK ? -EBUSY : -error;
		}
		nanosleep(&step, NULL);
	}
	return take_fd(&fd);
}
