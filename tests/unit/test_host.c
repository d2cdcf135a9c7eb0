// SPDX-License-Identifier: GPL-2.0-only
/* What the system says of sockets, processes and sessions, read: the parts of user/host that ask nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <sys/sysmacros.h>

#include "user/host/conversations.h"
#include "user/host/process.h"
#include "user/host/session.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* ---- SSH_CONNECTION -------------------------------------------------------------------------------- */

static void sessions_are_read(void **unused)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
		{ "198.51.100.7 40000 192.0.2.10 22", "tcp 192.0.2.10:22 with 198.51.100.7:40000" },
		{ "2001:db8::7 65535 2001:db8::10 1",
		  "tcp [2001:db8::10]:1 with [2001:db8::7]:65535" },
		{ "::ffff:198.51.100.7 40000 ::ffff:192.0.2.10 22",
		  "tcp 192.0.2.10:22 with 198.51.100.7:40000" },
		{ "::FFFF:c633:6407 40000 192.0.2.10 22",
		  "tcp 192.0.2.10:22 with 198.51.100.7:40000" },
		{ "fe80::1%wire0 40000 fe80::2%gate0 22", "tcp [fe80::2]:22 with [fe80::1]:40000" },
		{ "  198.51.100.7  40000 192.0.2.10 22 ",
		  "tcp 192.0.2.10:22 with 198.51.100.7:40000" },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conversation session;
		char text[CONVERSATION_TEXT_SIZE];

		memset(&session, 0xff, sizeof(session));
		assert_true(session_parse(rows[i].value, &session));
		assert_string_equal(conversations_text(&session, text), rows[i].text);
		/* what is compared has no rest of anything in it */
		if (session.family == 4) {
			for (size_t byte = 4; byte < 16; byte++)
				assert_int_equal(session.local[byte] | session.remote[byte], 0);
		}
		assert_int_equal(session.bound | session.mark | session.inode | session.claim, 0);
	}
}

static void what_is_no_session_is_none(void **unused)
{
	static const char *const values[] = {
		"",
		"UNKNOWN 65535 UNKNOWN 65535",
		"198.51.100.7 40000 192.0.2.10",
		"198.51.100.7 40000 192.0.2.10 22 23",
		"198.51.100.7 0 192.0.2.10 22",
		"198.51.100.7 40000 192.0.2.10 0",
		"198.51.100.7 65536 192.0.2.10 22",
		"198.51.100.7 -1 192.0.2.10 22",
		"198.51.100.7 4e4 192.0.2.10 22",
		"198.51.100 40000 192.0.2.10 22",
		"198.51.100.7 40000 2001:db8::10 22",
		"2001:db8::7 40000 ::ffff:192.0.2.10 22",
		"host.example 40000 192.0.2.10 22",
	};
	struct conversation session = { .family = 77 };
	char many[600];

	(void)unused;
	for (size_t i = 0; i < COUNT(values); i++)
		assert_false(session_parse(values[i], &session));
	memset(many, '1', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_false(session_parse(many, &session));
	assert_int_equal(session.family, 77);
}

/* ---- sock_diag ------------------------------------------------------------------------------------- */

/* An answer about a socket, as the kernel writes it. */
struct answer {
	struct nlmsghdr header;
	struct inet_diag_msg socket;
	uint8_t attributes[64];
};

static void answer_begin(struct answer *answer, int family, const char *local, const char *remote)
{
	struct inet_diag_msg *socket;

	memset(answer, 0, sizeof(*answer));
	mnl_nlmsg_put_header(answer);
	socket = mnl_nlmsg_put_extra_header(&answer->header, sizeof(*socket));
	socket->idiag_family = (uint8_t)family;
	if (family == AF_INET || family == AF_INET6) {
		assert_int_equal(inet_pton(family, local, socket->id.idiag_src), 1);
		assert_int_equal(inet_pton(family, remote, socket->id.idiag_dst), 1);
	}
	socket->id.idiag_sport = htons(22);
	socket->id.idiag_dport = htons(40000);
	socket->id.idiag_if = 7;
	socket->idiag_inode = 4711;
}

static void sockets_are_read(void **unused)
{
	static const struct {
		int family;
		const char *local, *remote;
		uint8_t protocol;
		const char *text;
	} rows[] = {
		{ AF_INET, "192.0.2.10", "198.51.100.7", IPPROTO_TCP,
		  "tcp 192.0.2.10:22 with 198.51.100.7:40000" },
		{ AF_INET6, "2001:db8::10", "2001:db8::7", IPPROTO_UDP,
		  "udp [2001:db8::10]:22 with [2001:db8::7]:40000" },
		{ AF_INET6, "::ffff:192.0.2.10", "::ffff:198.51.100.7", IPPROTO_TCP,
		  "tcp 192.0.2.10:22 with 198.51.100.7:40000" },
	};
	struct conversation conversation, session;
	char text[CONVERSATION_TEXT_SIZE];
	struct answer answer;

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		answer_begin(&answer, rows[i].family, rows[i].local, rows[i].remote);
		mnl_attr_put_u8(&answer.header, INET_DIAG_SHUTDOWN, 3);
		mnl_attr_put_u32(&answer.header, INET_DIAG_MARK, 99);
		assert_true(conversations_parse(&answer.header, rows[i].protocol, &conversation));
		assert_string_equal(conversations_text(&conversation, text), rows[i].text);
		assert_int_equal(conversation.bound, 7);
		assert_int_equal(conversation.mark, 99);
		assert_int_equal(conversation.inode, 4711);
		assert_int_equal(conversation.interface, -1);
	}
	/* a session that is spelt in IPv6 is the socket that is, and the other way round */
	assert_true(session_parse("198.51.100.7 40000 192.0.2.10 22", &session));
	assert_true(conversations_are_same(&session, &conversation));
	session.remote_port++;
	assert_false(conversations_are_same(&session, &conversation));
	session.remote_port--;
	session.local[3]++;
	assert_false(conversations_are_same(&session, &conversation));
}

static void what_is_no_socket_is_none(void **unused)
{
	struct conversation conversation = { .family = 77 };
	struct answer answer;

	(void)unused;
	answer_begin(&answer, AF_UNIX, "", "");
	assert_false(conversations_parse(&answer.header, IPPROTO_TCP, &conversation));
	answer_begin(&answer, AF_INET, "192.0.2.10", "198.51.100.7");
	answer.header.nlmsg_len -= 4;
	assert_false(conversations_parse(&answer.header, IPPROTO_TCP, &conversation));
	assert_int_equal(conversation.family, 77);
	/* a mark that is none is not read */
	answer_begin(&answer, AF_INET, "192.0.2.10", "198.51.100.7");
	mnl_attr_put_u8(&answer.header, INET_DIAG_MARK, 3);
	assert_true(conversations_parse(&answer.header, IPPROTO_TCP, &conversation));
	assert_int_equal(conversation.mark, 0);
}

/* ---- /proc/PID/stat -------------------------------------------------------------------------------- */

static void processes_are_read(void **unused)
{
	struct process process;

	(void)unused;
	assert_true(
		process_parse("4711 (bash) S 4710 4711 4711 34816 4712 4194560 1 2 3", &process));
	assert_int_equal(process.parent, 4710);
	assert_int_equal(process.terminal, makedev(136, 0));
	assert_string_equal(process.name, "bash");
	/* names that try to be more than a name, and the longest that there is */
	assert_true(process_parse("1 (a) S 7 ) (b)) S 12 1 1 0 -1", &process));
	assert_int_equal(process.parent, 12);
	assert_int_equal(process.terminal, 0);
	assert_string_equal(process.name, "a) S 7 ) (b)");
	assert_true(process_parse("1 (0123456789abcdefgh) S 12 1 1 0 -1", &process));
	assert_string_equal(process.name, "0123456789abcde");
	/* a minor number of more than eight bits: 136:300 */
	assert_true(process_parse("1 (sh) R 2 1 1 1083436 -1", &process));
	assert_int_equal(major(process.terminal), 136);
	assert_int_equal(minor(process.terminal), 300);

	assert_false(process_parse("", &process));
	assert_false(process_parse("1 sh S 2 1 1 0", &process));
	assert_false(process_parse("1 (sh) S 2 1", &process));
	assert_false(process_parse("1 ) S 2 1 1 0 (sh", &process));
	assert_false(process_parse("1 (sh) S -2 1 1 0", &process));
}

static void terminals_are_known(void **unused)
{
	struct stat file = { .st_mode = S_IFCHR | 0620, .st_rdev = makedev(136, 3) };

	(void)unused;
	assert_true(process_is_terminal(&file));
	file.st_rdev = makedev(143, 3);
	assert_true(process_is_terminal(&file));
	file.st_rdev = makedev(144, 3);
	assert_false(process_is_terminal(&file));
	file.st_rdev = makedev(5, 2); /* /dev/ptmx, which a server holds of each of its windows */
	assert_false(process_is_terminal(&file));
	file.st_rdev = makedev(136, 3);
	file.st_mode = S_IFBLK;
	assert_false(process_is_terminal(&file));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_are_read),  cmocka_unit_test(what_is_no_session_is_none),
		cmocka_unit_test(sockets_are_read),   cmocka_unit_test(what_is_no_socket_is_none),
		cmocka_unit_test(processes_are_read), cmocka_unit_test(terminals_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
