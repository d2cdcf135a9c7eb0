// SPDX-License-Identifier: GPL-2.0-only
/* The exporter's system calls, each one that there is: what isn't named here fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/serve/drop.h"

#define CHILD_COULD_NOT_DROP 254

/* What each role may call, once more: a call that is added is one that somebody has thought about twice. */
static const char *const calls_of_both[] = {
	"brk",
	"munmap",
	"mremap",
	"madvise",
	"futex",
	"getrandom",
	"exit",
	"exit_group",
	"rt_sigreturn",
	"rt_sigaction",
	"rt_sigprocmask",
	"sigaltstack",
	"restart_syscall",
	"getpid",
	"gettid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"clock_gettime",
	"clock_getres",
	"gettimeofday",
	"time",
	"nanosleep",
	"clock_nanosleep",
	"read",
	"write",
	"readv",
	"writev",
	"pread64",
	"lseek",
	"close",
	"fstat",
	"poll",
	"ppoll",
	"recvmsg",
	"sendmsg",
	"recvfrom",
	"sendto",
	"getsockopt",
	"setsockopt",
	"sysinfo",
	"sched_yield",
	"wait4",
	"getrusage",
	/* some uses of them: test_serve_drop.c */
	"fcntl",
	"mmap",
	"mprotect",
};
static const char *const calls_of_server[] = {
	"accept4",   "shutdown",   "getpeername", "getsockname",
	"epoll_ctl", "epoll_wait", "epoll_pwait", "sendfile",
};
static const char *const calls_of_reader[] = {
	"getdents64",
	"newfstatat",
	"stat",
	"lstat",
	"access",
	"faccessat",
	"faccessat2",
	"memfd_create",
	"bind",
	"getsockname",
	/* some uses of them: test_serve_drop.c */
	"openat",
	"open",
	"socket",
	"ioctl",
	"bpf",
};

static bool is_one_of(int call, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (seccomp_syscall_resolve_name(names[i]) == call)
			return true;
	return false;
}

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Linux asks no filter about them, and kills who calls them from elsewhere than a probe's trampoline. */
static bool is_of_probes(int call)
{
#ifdef __x86_64__
	return call == 335 || call == 336; /* uretprobe, uprobe */
#else
	(void)call;
	return false;
#endif
}

static bool is_allowed(enum drop_role role, int call)
{
	return is_one_of(call, calls_of_both, COUNT(calls_of_both)) ||
	       (role == DROP_SERVER ? is_one_of(call, calls_of_server, COUNT(calls_of_server)) :
				      is_one_of(call, calls_of_reader, COUNT(calls_of_reader)));
}

/* Of Linux 6.18 the last has 470; those that don't exist are refused as well. */
#define CALLS 512

/* The filter is asked before the kernel looks at what a call is given: only by it all of these are EPERM. */
static void call_all(enum drop_role role, const bool *allowed, int to)
{
	struct diags diags = { 0 };
	struct drop_user user;

	if (drop_find_user("nobody", &user, &diags) ||
	    drop_all(role, &user, role == DROP_READER ? "/sys/fs/bpf" : NULL, &diags))
		_exit(CHILD_COULD_NOT_DROP);
	for (int call = 0; call < CALLS; call++) {
		if (allowed[call] || is_of_probes(call))
			continue;
		errno = 0;
		if (syscall(call, -1L, -1L, -1L, -1L, -1L, -1L) != -1 || errno != EPERM) {
			(void)write(to, &call, sizeof(call));
			_exit(1);
		}
	}
	_exit(0);
}

static void no_other_call(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	for (int role = DROP_SERVER; role <= DROP_READER; role++) {
		bool allowed[CALLS];
		int ends[2], status, call = -1;
		pid_t child;

		for (int i = 0; i < CALLS; i++)
			allowed[i] = is_allowed((enum drop_role)role, i);
		assert_int_equal(pipe(ends), 0);
		child = fork();
		assert_true(child >= 0);
		if (!child)
			call_all((enum drop_role)role, allowed, ends[1]);
		close(ends[1]);
		if (read(ends[0], &call, sizeof(call)) == sizeof(call)) {
			char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);

			waitpid(child, &status, 0);
			fail_msg("the %s may call %s (%d)",
				 role == DROP_SERVER ? "server" : "reader", name ? name : "?",
				 call);
		}
		close(ends[0]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_other_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
