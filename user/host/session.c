// SPDX-License-Identifier: GPL-2.0-only
#include "user/host/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/number.h"
#include "user/host/process.h"

#define SESSION_VARIABLE "SSH_CONNECTION"
#define SESSION_ANCESTORS_MAX 256u /* a loop is none, but the tree changes while it is climbed */
#define SESSION_VALUE_SIZE 256u    /* two addresses with their interfaces, and two ports */

void session_free(struct sessions *sessions)
{
	free(sessions->list);
	*sessions = (struct sessions){ 0 };
}

/* ---- what the variable says ------------------------------------------------------------------------ */

/* Gives the family, or 0. */
static uint8_t session_address(char *word, uint8_t address[16])
{
	uint8_t bytes[16] = { 0 };
	char *scope = strchr(word, '%');
	size_t mapped = sizeof(conversations_mapped);

	memset(address, 0, 16);
	if (scope)
		*scope = '\0';
	if (inet_pton(AF_INET, word, address) == 1)
		return 4;
	if (inet_pton(AF_INET6, word, bytes) != 1)
		return 0;
	if (memcmp(bytes, conversations_mapped, mapped) == 0) {
		memcpy(address, bytes + mapped, 4);
		return 4;
	}
	memcpy(address, bytes, 16);
	return 6;
}

bool session_parse(const char *value, struct conversation *session)
{
	struct conversation read = { .protocol = IPPROTO_TCP, .interface = -1 };
	char text[SESSION_VALUE_SIZE], *words[5], *rest = NULL;
	uint64_t remote_port, local_port;

	if (strlen(value) >= sizeof(text))
		return false;
	memcpy(text, value, strlen(value) + 1);
	for (int i = 0; i < 5; i++)
		words[i] = strtok_r(i ? NULL : text, " ", &rest);
	if (!words[3] || words[4] || number_parse(words[1], UINT16_MAX, &remote_port) ||
	    number_parse(words[3], UINT16_MAX, &local_port) || !remote_port || !local_port)
		return false;
	read.family = session_address(words[0], read.remote);
	if (!read.family || session_address(words[2], read.local) != read.family)
		return false;
	read.remote_port = (uint16_t)remote_port;
	read.local_port = (uint16_t)local_port;
	*session = read;
	return true;
}

/* ---- whom to ask ----------------------------------------------------------------------------------- */

/*
 * A terminal that an ancestor has open and that isn't its own, as servers of tmux and screen have those of
 * their clients: who sits there works here.
 */
struct session_seat {
	struct stat terminal;
	struct sessions found;
};

/* Grown by array_add(). */
struct session_search {
	struct session_seat *seats;
	size_t seat_count;
	struct sessions inherited;
	struct sessions carried; /* what the sshd above us has open */
	struct sessions held;    /* ... and that above those who sit at the seats */
};

static void session_search_free(struct session_search *search)
{
	for (size_t i = 0; i < search->seat_count; i++)
		session_free(&search->seats[i].found);
	free(search->seats);
	session_free(&search->inherited);
	session_free(&search->carried);
	session_free(&search->held);
}

/* Once. -ENOMEM, or 0. */
static int session_add(struct sessions *sessions, const struct conversation *session)
{
	struct conversation *place;

	for (size_t i = 0; i < sessions->count; i++)
		if (conversations_are_same(&sessions->list[i], session) &&
		    sessions->list[i].inode == session->inode)
			return 0;
	place = array_add(&sessions->list, &sessions->count);
	if (!place)
		return -ENOMEM;
	*place = *session;
	return 0;
}

/* What a process was told of its session. */
static int session_of(pid_t pid, struct sessions *sessions)
{
	autofree char *value = process_variable(pid, SESSION_VARIABLE);
	struct conversation session;

	return value && session_parse(value, &session) ? session_add(sessions, &session) : 0;
}

/* The same terminal? Each container numbers its own, in a file system of its own. */
static bool session_is_there(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
	       one->st_rdev == other->st_rdev;
}

static int session_add_seat(struct session_search *search, const struct stat *terminal)
{
	struct session_seat *seat;

	for (size_t i = 0; i < search->seat_count; i++)
		if (session_is_there(&search->seats[i].terminal, terminal))
			return 0;
	seat = array_add(&search->seats, &search->seat_count);
	if (!seat)
		return -ENOMEM;
	seat->terminal = *terminal;
	return 0;
}

/* An ancestor that is looked at. */
struct session_ancestor {
	struct session_search *search;
	struct process process;
};

/* OpenSSH's, which is sshd-session since 9.8, and Dropbear's. */
static bool session_is_server(const struct process *process)
{
	return strncmp(process->name, "sshd", 4) == 0 || strcmp(process->name, "dropbear") == 0;
}

static int session_look_at_file(const struct stat *file, void *data)
{
	const struct session_ancestor *ancestor = data;

	if (process_is_terminal(file) && file->st_rdev != ancestor->process.terminal)
		return session_add_seat(ancestor->search, file);
	if (S_ISSOCK(file->st_mode) && session_is_server(&ancestor->process))
		return session_add(&ancestor->search->carried,
				   &(struct conversation){ .inode = (uint32_t)file->st_ino });
	return 0;
}

/* From this process upwards: environments, and open terminals. */
static int session_climb(struct session_search *search)
{
	struct conversation session;
	const char *own = getenv(SESSION_VARIABLE);
	pid_t pid = getpid();
	int error = 0;

	if (own && session_parse(own, &session))
		error = session_add(&search->inherited, &session);
	for (unsigned int i = 0; !error && pid > 0 && i < SESSION_ANCESTORS_MAX; i++) {
		struct session_ancestor ancestor = { .search = search };

		if (!process_read(pid, &ancestor.process))
			break;
		error = session_of(pid, &search->inherited);
		if (!error)
			error = process_files(pid, session_look_at_file, &ancestor);
		pid = ancestor.process.parent;
	}
	return error;
}

static int session_look_at_socket(const struct stat *file, void *data)
{
	struct session_search *search = data;

	if (!S_ISSOCK(file->st_mode))
		return 0;
	return session_add(&search->held,
			   &(struct conversation){ .inode = (uint32_t)file->st_ino });
}

/* From somebody who sits at a seat upwards: what sshd has open. */
static int session_climb_from(struct session_search *search, pid_t pid)
{
	struct process process;
	int error = 0;

	for (unsigned int i = 0; !error && pid > 0 && i < SESSION_ANCESTORS_MAX; i++) {
		if (!process_read(pid, &process))
			break;
		if (session_is_server(&process))
			error = process_files(pid, session_look_at_socket, search);
		pid = process.parent;
	}
	return error;
}

/* A process at a terminal of the same number, which may be another container's. */
struct session_sitter {
	struct session_search *search;
	pid_t pid;
	bool sits;
};

static int session_sits(const struct stat *file, void *data)
{
	struct session_sitter *sitter = data;

	for (size_t i = 0; process_is_terminal(file) && i < sitter->search->seat_count; i++) {
		struct session_seat *seat = &sitter->search->seats[i];

		if (!session_is_there(&seat->terminal, file))
			continue;
		sitter->sits = true;
		return session_of(sitter->pid, &seat->found);
	}
	return 0;
}

static int session_look_at(pid_t pid, void *data)
{
	struct session_search *search = data;
	struct session_sitter sitter = { .search = search, .pid = pid };
	struct process process;
	bool may_sit = false;
	int error;

	if (!process_read(pid, &process) || !process.terminal)
		return 0;
	for (size_t i = 0; i < search->seat_count; i++)
		may_sit |= search->seats[i].terminal.st_rdev == process.terminal;
	error = may_sit ? process_files(pid, session_sits, &sitter) : 0;
	return error || !sitter.sits ? error : session_climb_from(search, pid);
}

/* Where somebody typed last, to within some seconds, comes first. */
static int session_compare_seats(const void *one, const void *other)
{
	const struct session_seat *a = one, *b = other;

	if (a->terminal.st_atime != b->terminal.st_atime)
		return a->terminal.st_atime > b->terminal.st_atime ? -1 : 1;
	return 0;
}

/* `sockets`: each as one of these; NULL: as any. */
static int session_add_all(struct sessions *to, const struct sessions *from,
			   const struct sessions *sockets)
{
	int error = 0;

	for (size_t i = 0; !error && i < from->count; i++) {
		struct conversation session = from->list[i];

		if (!sockets)
			error = session_add(to, &session);
		for (size_t j = 0; !error && sockets && j < sockets->count; j++) {
			session.inode = sockets->list[j].inode;
			error = session_add(to, &session);
		}
	}
	return error;
}

/* Those at the seats, then those of the ancestors. */
static int session_add_found(struct sessions *to, const struct session_search *search,
			     const struct sessions *sockets)
{
	int error = 0;

	for (size_t i = 0; !error && i < search->seat_count; i++)
		error = session_add_all(to, &search->seats[i].found, sockets);
	return error ? error : session_add_all(to, &search->inherited, sockets);
}

int session_find(struct sessions *sessions)
{
	cleanup(session_search_free) struct session_search search = { 0 };
	cleanup(session_free) struct sessions found = { 0 };
	int error = session_climb(&search);

	if (!error && search.seat_count)
		error = process_all(session_look_at, &search);
	if (search.seat_count)
		qsort(search.seats, search.seat_count, sizeof(*search.seats),
		      session_compare_seats);
	if (!error)
		error = session_add_all(&search.held, &search.carried, NULL);
	/* An environment may be of another day, and its ends another one's by now, who need not have logged in:
	 * what an sshd that is known has open comes first. */
	if (!error)
		error = session_add_found(&found, &search, &search.held);
	if (!error)
		error = session_add_found(&found, &search, NULL);
	/* where no environment names it, or one of yesterday does, that is all there is to go by */
	if (!error)
		error = session_add_all(&found, &search.carried, NULL);
	if (error)
		return error;
	*sessions = found;
	found = (struct sessions){ 0 };
	return 0;
}
