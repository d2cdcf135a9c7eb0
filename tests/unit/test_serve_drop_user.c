// SPDX-License-Identifier: GPL-2.0-only
/* Who the exporter's processes become, what they hold then, and what they keep of what they were started with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/serve/drop.h"

#define CHILD_COULD_NOT_DROP 254

static bool holds(cap_value_t capability)
{
	cap_t held = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;
	bool known = held && cap_get_flag(held, capability, CAP_PERMITTED, &value) == 0;

	cap_free(held);
	return !known || value == CAP_SET;
}

/* The first capability that a role holds and should not, or should and doesn't, from 1; 0: none. Or who it is. */
static int look_at_itself(enum drop_role role, const struct drop_user *user)
{
	gid_t groups[8] = { 4, 27 }; /* some that would open what is theirs */

	if (setgroups(2, groups) || drop_capabilities(role, user))
		return CHILD_COULD_NOT_DROP;
	for (cap_value_t i = 0; i <= CAP_LAST_CAP; i++) {
		bool wanted = role == DROP_READER && (i == CAP_DAC_OVERRIDE || i == CAP_NET_ADMIN);

		if (holds(i) != wanted || cap_get_bound(i))
			return (int)i + 1;
	}
	return getuid() != user->uid || getgid() != user->gid || getgroups(8, groups) != 0 ? 200 :
											     0;
}

static void what_each_holds(void **state)
{
	struct drop_user user;
	struct diags diags = { 0 };

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(drop_find_user("nobody", &user, &diags), 0);
	for (int role = DROP_SERVER; role <= DROP_READER; role++) {
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (!child)
			_exit(look_at_itself((enum drop_role)role, &user));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void whose_it_becomes(void **state)
{
	struct drop_user user;
	struct diags diags = { 0 };

	(void)state;
	assert_int_not_equal(drop_find_user("root", &user, &diags), 0);
	assert_int_not_equal(drop_find_user("no-such-user", &user, &diags), 0);
	assert_int_equal(drop_find_user("nobody", &user, &diags), 0);
	assert_true(user.uid && user.gid);
	diags_clear(&diags);
}

/* A line of the environment as the kernel made it, which getenv() finds; NULL: it isn't there. */
static const char *line_of(const char *name)
{
	const char *value = getenv(name);

	return value ? value - strlen(name) - 1 : NULL;
}

/* The number of the first thing that isn't as it should, from 1; 0: none. */
static int shed(int opened, const char *kept, const char *secret)
{
	struct diags diags = { 0 };

	if (drop_inherited(&diags) || diags.count)
		return 1;
	if (fcntl(opened, F_GETFD) >= 0 || fcntl(900, F_GETFD) >= 0)
		return 2;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return 3;
	if (getenv("HOME_OF_SECRETS") || !getenv("NOTIFY_SOCKET") || !getenv("EDGEGATE_ONE"))
		return 4;
	if (strcmp(getenv("NOTIFY_SOCKET"), "/run/notify") != 0 || getenv("NOTIFY_SOCKETS"))
		return 5;
	/* what is left stands there once */
	for (char **entry = environ; *entry; entry++)
		if (!**entry || (entry != environ && *entry == entry[-1]))
			return 7;
	/* not only out of sight */
	if (strncmp(kept, "NOTIFY_SOCKET=", 14) != 0 || *secret)
		return 6;
	return 0;
}

static void what_it_was_started_with(void **state)
{
	int opened = open("/etc/shadow", O_RDONLY);
	pid_t child;
	int status;

	(void)state;
	if (opened < 0)
		opened = open("/dev/null", O_RDONLY);
	/* one that lasts, and one far beyond */
	assert_true(opened >= 0 && dup2(opened, 900) == 900);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		setenv("NOTIFY_SOCKET", "/run/notify", 1);
		setenv("NOTIFY_SOCKETS", "x", 1);
		setenv("EDGEGATE_ONE", "1", 1);
		setenv("HOME_OF_SECRETS", "hunter2", 1);
		_exit(shed(opened, line_of("NOTIFY_SOCKET"), line_of("HOME_OF_SECRETS")));
	}
	close(opened);
	close(900);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_each_holds),
		cmocka_unit_test(whose_it_becomes),
		cmocka_unit_test(what_it_was_started_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
