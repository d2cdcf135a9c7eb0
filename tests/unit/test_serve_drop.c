// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the exporter's processes can do when they have given up what they may: a child goes through the same function,
 * and then tries, whatever a request might have talked it into. As root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/serve/ask.h"
#include "user/serve/drop.h"

/* What is tried: true where it could be done. */
struct attempt {
	const char *what;
	bool (*can)(void);
	bool server, reader; /* is it to work? */
};

static int before; /* a descriptor of a file that was opened before, and made of a temporary one */
static int pair[2];

/*
 * Where everybody may write and remove, so that it is not the mode that holds an attempt back; in a folder of its own
 * that nobody else can enter, so that nothing there is another one's.
 */
static int folder;
static char private[sizeof("/tmp/edgegate-drop-XXXXXX")];

static int folder_make(void **state)
{
	int outer;

	(void)state;
	snprintf(private, sizeof(private), "/tmp/edgegate-drop-XXXXXX");
	if (!mkdtemp(private))
		return -1;
	outer = open(private, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (outer < 0 || mkdirat(outer, "open", 0700))
		return -1;
	folder = openat(outer, "open", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(outer);
	return folder < 0 ? -1 : fchmod(folder, 0777);
}

static int folder_remove(void **state)
{
	char inner[sizeof(private) + sizeof("/open")];

	(void)state;
	unlinkat(folder, "there", 0);
	unlinkat(folder, "new", 0);
	close(folder);
	snprintf(inner, sizeof(inner), "%s/open", private);
	return rmdir(inner) || rmdir(private) ? -1 : 0;
}

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool reads_shadow(void)
{
	return opens("/etc/shadow", O_RDONLY);
}

/* What it was started with, there. */
static bool reads_input(void)
{
	char byte;

	return read(STDIN_FILENO, &byte, sizeof(byte)) == sizeof(byte);
}

static bool reads_passwd(void)
{
	return opens("/etc/passwd", O_RDONLY);
}

static bool lists_root(void)
{
	return opens("/", O_RDONLY | O_DIRECTORY);
}

static bool lists_bpffs(void)
{
	return opens("/sys/fs/bpf", O_RDONLY | O_DIRECTORY);
}

static bool writes_file(void)
{
	int fd = openat(folder, "new", O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool writes_bpffs(void)
{
	return mkdir("/sys/fs/bpf/edgegate-drop-test", 0700) == 0;
}

static bool removes(void)
{
	return unlinkat(folder, "there", 0) == 0;
}

static bool makes_socket(int family, int type)
{
	int fd = socket(family, type, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool makes_tcp(void)
{
	return makes_socket(AF_INET, SOCK_STREAM) || makes_socket(AF_INET6, SOCK_STREAM);
}

static bool makes_udp(void)
{
	return makes_socket(AF_INET, SOCK_DGRAM) || makes_socket(AF_INET6, SOCK_DGRAM);
}

static bool makes_netlink(void)
{
	return makes_socket(AF_NETLINK, SOCK_RAW);
}

static bool executes(void)
{
	static char *const words[] = { (char *)"/bin/true", NULL };

	return execve(words[0], words, NULL) == 0;
}

static bool forks(void)
{
	return fork() >= 0;
}

static bool traces(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0;
}

/* Itself: there no other user stands in the way. */
static bool kills(void)
{
	return kill(getpid(), 0) == 0;
}

/* Whoever is the owner of a descriptor gets a signal when it is ready. */
static bool has_kernel_kill(void)
{
	struct f_owner_ex owner = { F_OWNER_PID, getpid() };

	return fcntl(before, F_SETOWN, getpid()) == 0 || fcntl(before, F_SETOWN_EX, &owner) == 0 ||
	       fcntl(before, F_SETSIG, SIGKILL) == 0;
}

static bool becomes_root(void)
{
	return setuid(0) == 0 || setresuid(0, 0, 0) == 0;
}

static bool gains_capabilities(void)
{
	cap_t all = cap_from_text("all=ep");
	bool gained = cap_set_proc(all) == 0;

	cap_free(all);
	return gained;
}

static bool enters_namespace(void)
{
	return unshare(CLONE_NEWUSER) == 0 || unshare(CLONE_NEWNET) == 0;
}

static bool mapping(int protection, int flags, int fd)
{
	void *memory = mmap(NULL, 4096, protection, flags, fd, 0);

	if (memory != MAP_FAILED)
		munmap(memory, 4096);
	return memory != MAP_FAILED;
}

static bool maps_code(void)
{
	return mapping(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static bool maps_file_to_write(void)
{
	return mapping(PROT_READ | PROT_WRITE, MAP_SHARED, before);
}

static bool maps_memory(void)
{
	return mapping(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1) &&
	       mapping(PROT_READ, MAP_SHARED, before);
}

/* A command that reaches the kernel fails otherwise than the filter does. */
static bool bpf_reaches(int command)
{
	union bpf_attr attributes;

	memset(&attributes, 0xff, sizeof(attributes));
	return syscall(SYS_bpf, command, &attributes, sizeof(attributes)) >= 0 || errno != EPERM;
}

static bool bpf_reads(void)
{
	return bpf_reaches(BPF_OBJ_GET) && bpf_reaches(BPF_MAP_LOOKUP_ELEM) &&
	       bpf_reaches(BPF_OBJ_GET_INFO_BY_FD);
}

static bool bpf_changes(void)
{
	static const int commands[] = {
		BPF_MAP_CREATE,        BPF_MAP_UPDATE_ELEM,
		BPF_MAP_DELETE_ELEM,   BPF_PROG_LOAD,
		BPF_OBJ_PIN,           BPF_PROG_ATTACH,
		BPF_PROG_DETACH,       BPF_LINK_CREATE,
		BPF_LINK_UPDATE,       BPF_LINK_DETACH,
		BPF_MAP_UPDATE_BATCH,  BPF_MAP_DELETE_BATCH,
		BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID,
		BPF_LINK_GET_FD_BY_ID, BPF_MAP_LOOKUP_AND_DELETE_ELEM,
		BPF_MAP_FREEZE,
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (bpf_reaches(commands[i]))
			return true;
	return false;
}

static bool makes_document(void)
{
	int document = ask_begin();
	bool made = document >= 0 && ask_write("x", 1, document) == 0 && ask_end(document) == 0;

	return made && ask_answer(pair[0], document) == 0;
}

static const struct attempt attempts[] = {
	{ "read /etc/shadow", reads_shadow, false, false },
	{ "read what stands at its standard input", reads_input, false, false },
	{ "read what everybody may", reads_passwd, false, false },
	{ "list /", lists_root, false, false },
	{ "list pins", lists_bpffs, false, true },
	{ "write a file", writes_file, false, false },
	{ "make a folder of pins", writes_bpffs, false, false },
	{ "remove a file", removes, false, false },
	{ "make a TCP socket", makes_tcp, false, false },
	{ "make a UDP socket", makes_udp, false, false },
	{ "ask for links", makes_netlink, false, true },
	{ "execute", executes, false, false },
	{ "fork", forks, false, false },
	{ "trace", traces, false, false },
	{ "send a signal", kills, false, false },
	{ "have the kernel send one", has_kernel_kill, false, false },
	{ "become root", becomes_root, false, false },
	{ "gain capabilities", gains_capabilities, false, false },
	{ "enter namespaces", enters_namespace, false, false },
	{ "map code", maps_code, false, false },
	{ "map a file to write", maps_file_to_write, false, false },
	{ "map memory", maps_memory, true, true },
	{ "read maps", bpf_reads, false, true },
	{ "change maps, programs or links", bpf_changes, false, false },
	{ "make a document", makes_document, false, true },
};

#define CHILD_COULD_NOT_DROP 254

/* The number of the first that went otherwise than it should, from 1; 0: none. */
static int try_all(enum drop_role role, const struct drop_user *user)
{
	struct diags diags = { 0 };

	if (dup2(before, STDIN_FILENO) < 0 ||
	    drop_all(role, user, role == DROP_READER ? "/sys/fs" : NULL, &diags))
		return CHILD_COULD_NOT_DROP;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++)
		if (attempts[i].can() !=
		    (role == DROP_SERVER ? attempts[i].server : attempts[i].reader))
			return (int)i + 1;
	return 0;
}

static void drop_and_try(enum drop_role role)
{
	struct drop_user user;
	struct diags diags = { 0 };
	pid_t child;
	int status;

	if (geteuid())
		skip();
	assert_int_equal(drop_find_user("nobody", &user, &diags), 0);
	before = openat(folder, "there", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	assert_true(before >= 0 && ftruncate(before, 4096) == 0);
	assert_int_equal(ask_pair(pair), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(try_all(role, &user));
	assert_int_equal(waitpid(child, &status, 0), child);
	close(before);
	close(pair[0]);
	close(pair[1]);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_COULD_NOT_DROP)
		fail_msg("it could not give up what it had");
	if (WEXITSTATUS(status))
		fail_msg("%s: otherwise than it should", attempts[WEXITSTATUS(status) - 1].what);
}

static void the_server(void **state)
{
	(void)state;
	drop_and_try(DROP_SERVER);
}

static void the_reader(void **state)
{
	(void)state;
	drop_and_try(DROP_READER);
}

/* With nothing given up all of it would work: the attempts are ones that can fail. */
static void attempts_work_for_root(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	before = openat(folder, "there", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	assert_true(before >= 0 && ftruncate(before, 4096) == 0);
	assert_true(dup2(before, STDIN_FILENO) == 0 && reads_input());
	assert_true(reads_shadow() && reads_passwd() && lists_root() && lists_bpffs());
	assert_true(writes_file() && unlinkat(folder, "new", 0) == 0);
	assert_true(makes_tcp() && makes_udp() && makes_netlink() && kills() && has_kernel_kill());
	assert_true(maps_code() && maps_file_to_write() && maps_memory());
	assert_true(bpf_reads() && bpf_changes());
	assert_true(removes());
	close(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(attempts_work_for_root, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(the_server, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(the_reader, folder_make, folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
