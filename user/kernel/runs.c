// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/kernel/runs.h"

static const char *const runs_hooks[RUNS_HOOKS] = { "xdp", "tc" };

static void runs_path(char path[PINS_PATH_SIZE], const struct gate *gate, unsigned int interface,
		      enum runs_hook hook)
{
	pins_path(path, gate->directory, "%s%u-counted", runs_hooks[hook], interface);
}

static int runs_info(int program, struct bpf_prog_info *info)
{
	uint32_t size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(program, info, &size) ? -errno : 0;
}

/* A descriptor of the attached program, the caller's, or a negative errno. */
static int runs_open(const struct object *object, uint32_t program)
{
	struct bpf_prog_info info;
	int fd;

	for (int i = 0; object && i < 2 * DIRECTION_COUNT; i++) {
		fd = i < DIRECTION_COUNT ? object->xdp[i] : object->tc[i - DIRECTION_COUNT];
		if (fd < 0 || runs_info(fd, &info) || info.id != program)
			continue;
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	fd = bpf_prog_get_fd_by_id(program);
	return fd < 0 ? -errno : fd;
}

/* One program's pin, as it should be. */
static int runs_pin_one(const struct gate *gate, const struct object *object,
			unsigned int interface, enum runs_hook hook, uint32_t program)
{
	char path[PINS_PATH_SIZE];
	autoclose int fd = -1;
	uint32_t pinned;
	int error;

	runs_path(path, gate, interface, hook);
	error = gate_program_id(path, &pinned);
	if (error || pinned == program)
		return error;
	if (!program) /* it would keep a program loaded that judges nothing any more */
		return unlink(path) ? -errno : 0;
	fd = runs_open(object, program);
	/* a pin of a former program, where there is one, does no harm: see runs_read() */
	if (fd == -EPERM || fd == -ENOENT)
		return 0;
	return fd < 0 ? fd : pins_put(fd, path);
}

static int runs_pin_interface(const struct gate *gate, const struct object *object,
			      unsigned int interface)
{
	struct gate_attachment now;
	int error = gate_read_attachment(gate, interface, &now), other;

	if (error)
		return error;
	error = runs_pin_one(gate, object, interface, RUNS_XDP, now.xdp_program);
	other = runs_pin_one(gate, object, interface, RUNS_TC, now.tc_program);
	return error ? error : other;
}

void runs_pin(const struct gate *gate, const struct object *object, const char *what,
	      struct diags *diags)
{
	int error = 0;

	for (unsigned int i = 0; i < gate->stamp.interface_count; i++) {
		int failed = runs_pin_interface(gate, object, i);

		if (failed)
			error = failed;
	}
	if (!error)
		return;
	diag_warning(diags, NULL, what, "the gate's programs can't be pinned for monitoring: %s",
		     strerror(-error));
	diag_hint(diags,
		  "it guards all the same; their run time is in no metric until: apply again");
}

/* ---- reading ---------------------------------------------------------------------------------------- */

bool runs_are_counted(void)
{
	static int setting = -1;
	char value = '0';

	if (setting < 0)
		setting = open("/proc/sys/kernel/bpf_stats_enabled", O_RDONLY | O_CLOEXEC);
	return setting >= 0 && pread(setting, &value, 1, 0) == 1 && value != '0';
}

int runs_read(const struct gate *gate, unsigned int interface, enum runs_hook hook,
	      uint32_t program, struct runs *runs)
{
	struct bpf_prog_info info;
	char path[PINS_PATH_SIZE];
	autoclose int fd = -1;
	int error;

	runs_path(path, gate, interface, hook);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	error = runs_info(fd, &info);
	if (error)
		return error;
	*runs = (struct runs){ .count = info.run_cnt, .nanoseconds = info.run_time_ns };
	return info.id == program;
}
