// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which system calls are left. What isn't named fails with EPERM: that the C library tries
 * something and goes on without it is no attack, and nothing that is forbidden works by being
 * tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/sockios.h>

#include "user/base/cleanup.h"
#include "user/serve/drop.h"

/* What a process needs to live, wait and answer. */
static const int calls_common[] = {
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(readv),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(sysinfo),
	SCMP_SYS(sched_yield),
	SCMP_SYS(wait4),
	SCMP_SYS(getrusage),
};

static const int calls_server[] = {
	SCMP_SYS(accept4),   SCMP_SYS(shutdown),   SCMP_SYS(getpeername), SCMP_SYS(getsockname),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(sendfile),
};

static const int calls_reader[] = {
	SCMP_SYS(getdents64), SCMP_SYS(newfstatat),  SCMP_SYS(stat),       SCMP_SYS(lstat),
	SCMP_SYS(access),     SCMP_SYS(faccessat),   SCMP_SYS(faccessat2), SCMP_SYS(memfd_create),
	SCMP_SYS(bind),       SCMP_SYS(getsockname),
};

/*
 * To read maps, links and programs by their pins, to see what is at an interface. Not to run any: a
 * gate's own would count, and remember flows.
 */
static const int calls_bpf[] = {
	BPF_MAP_LOOKUP_ELEM, BPF_MAP_GET_NEXT_KEY,   BPF_MAP_LOOKUP_BATCH,
	BPF_OBJ_GET,         BPF_OBJ_GET_INFO_BY_FD, BPF_PROG_QUERY,
};

/*
 * Of fcntl(2) none that says whom a descriptor sends which signal (F_SETOWN, F_SETSIG): that is
 * kill(2) by another name, of whoever has the same user.
 */
static const int calls_fcntl[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GET_SEALS, F_ADD_SEALS };

static void calls_release(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

static int calls_allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int error = 0;

	for (size_t i = 0; !error && i < count; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return error;
}

/* Of a call, the commands that are listed: its argument of that number, from 0. */
static int calls_allow_commands(scmp_filter_ctx filter, int call, unsigned int argument,
				const int *commands, size_t count)
{
	int error = 0;

	for (size_t i = 0; !error && i < count; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
					 SCMP_CMP(argument, SCMP_CMP_EQ, (scmp_datum_t)commands[i],
						  0));
	return error;
}

/* Memory of one's own, or such that can only be read; none that can be executed. */
static int calls_allow_memory(scmp_filter_ctx filter)
{
	int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				     SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0));

	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
					 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, 0));
	/* a map that was opened to be read can't be made writable: the kernel sees to that */
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
					 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return error;
}

static int calls_allow_reading(scmp_filter_ctx filter)
{
	const int writes = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
	static const int requests[] = { SIOCGIFINDEX, SIOCGIFNAME };
	int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, (scmp_datum_t)writes, 0));

	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
					 SCMP_A1(SCMP_CMP_MASKED_EQ, (scmp_datum_t)writes, 0));
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
					 SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	/* of netlink's families what is at an interface, not the firewall's */
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
					 SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
					 SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE, 0));
	if (!error)
		error = calls_allow_commands(filter, SCMP_SYS(ioctl), 1, requests,
					     sizeof(requests) / sizeof(*requests));
	if (!error)
		error = calls_allow_commands(filter, SCMP_SYS(bpf), 0, calls_bpf,
					     sizeof(calls_bpf) / sizeof(*calls_bpf));
	return error;
}

int drop_calls(enum drop_role role)
{
	cleanup(calls_release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error;

	if (!filter)
		return -ENOMEM;
	error = calls_allow(filter, calls_common, sizeof(calls_common) / sizeof(*calls_common));
	if (!error)
		error = calls_allow_commands(filter, SCMP_SYS(fcntl), 1, calls_fcntl,
					     sizeof(calls_fcntl) / sizeof(*calls_fcntl));
	if (!error)
		error = calls_allow_memory(filter);
	if (!error && role == DROP_SERVER)
		error = calls_allow(filter, calls_server,
				    sizeof(calls_server) / sizeof(*calls_server));
	if (!error && role == DROP_READER)
		error = calls_allow(filter, calls_reader,
				    sizeof(calls_reader) / sizeof(*calls_reader));
	if (!error && role == DROP_READER)
		error = calls_allow_reading(filter);
	return error ? error : seccomp_load(filter);
}
