// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "user/base/cleanup.h"
#include "user/kernel/lock.h"

#define LOCK_FOLDER "/run/edgegate"

int lock_take(const char *what, struct diags *diags)
{
	autoclose int fd = -1;

	if (mkdir(LOCK_FOLDER, 0755) && errno != EEXIST)
		return diag_system(diags, errno, what, "cannot make " LOCK_FOLDER);
	fd = open(LOCK_FOLDER "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		int error = errno;

		diag_system(diags, error, what, "cannot open " LOCK_FOLDER "/lock");
		diag_hint(diags, error == EACCES ? "run edgegate as root" :
						   "see that " LOCK_FOLDER " can be written");
		return -error;
	}
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return diag_system(diags, errno, what, "cannot lock " LOCK_FOLDER "/lock");
	return take_fd(&fd);
}
