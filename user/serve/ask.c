// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"

/* What is said of a document that comes with it. */
struct ask_reply {
	int32_t error; /* 0, or negative errno: then there is none */
	uint32_t reserved;
	uint64_t size;
};

union ask_control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

unsigned int ask_status_code(enum ask_status status)
{
	static const unsigned int codes[ASK_STATUS_COUNT] = {
#define ASK_STATUS_CODE(status) [ASK_STATUS_##status] = (status),
		ASK_STATUSES(ASK_STATUS_CODE)
#undef ASK_STATUS_CODE
	};

	return codes[status];
}

int ask_pair(int sockets[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) ? -errno : 0;
}

/* 1: there is something to read, or nobody at the other end; 0: not until the time was over. */
static int ask_wait(int socket, int milliseconds)
{
	struct pollfd wait = { .fd = socket, .events = POLLIN };
	int ready = poll(&wait, 1, milliseconds);

	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	return ready;
}

/* Its descriptor; less than 0: it has none. */
static int ask_descriptor(struct msghdr *message)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int document = -1;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(&document, CMSG_DATA(header), sizeof(document));
	return document;
}

static int ask_receive(int socket, struct ask_reply *reply)
{
	autoclose int document = -1;
	union ask_control control = { 0 };
	struct iovec part = { .iov_base = reply, .iov_len = sizeof(*reply) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	/* it is gone with our question unread */
	if (size < 0)
		return errno == ECONNRESET ? -EPIPE : errno == EINTR ? -EAGAIN : -errno;
	if (size)
		document = ask_descriptor(&message);
	if (size != sizeof(*reply))
		return -EPIPE;
	return reply->error || document < 0 ? -ENODATA : take_fd(&document);
}

int ask_send(int socket, const struct ask *question)
{
	const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;

	return send(socket, question, sizeof(*question), flags) == sizeof(*question) ? 0 : -EPIPE;
}

int ask_take(int socket, size_t *size)
{
	struct ask_reply reply = { 0 };
	int result = ask_receive(socket, &reply);

	if (result >= 0)
		*size = reply.size;
	return result;
}

int ask(int socket, const struct ask *question, size_t *size)
{
	int result = ask_send(socket, question);

	if (result)
		return result;
	result = ask_wait(socket, ASK_PATIENCE * 1000);
	if (result <= 0)
		return result ? result : -ETIMEDOUT;
	return ask_take(socket, size);
}

int ask_next(int socket, int milliseconds, struct ask *question)
{
	int result = ask_wait(socket, milliseconds);
	ssize_t size;

	if (result <= 0)
		return result;
	size = recv(socket, question, sizeof(*question), 0);
	if (size < 0 && errno == EINTR)
		return 0;
	return size == sizeof(*question) ? 1 : -EPIPE;
}

int ask_answer(int socket, int document)
{
	union ask_control control = { .header = {
					      .cmsg_len = CMSG_LEN(sizeof(int)),
					      .cmsg_level = SOL_SOCKET,
					      .cmsg_type = SCM_RIGHTS,
				      } };
	struct ask_reply reply = { .error = document < 0 ? document : 0 };
	struct iovec part = { .iov_base = &reply, .iov_len = sizeof(reply) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct stat status;

	if (document >= 0 && fstat(document, &status) == 0) {
		reply.size = (uint64_t)status.st_size;
		memcpy(CMSG_DATA(&control.header), &document, sizeof(document));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int ask_begin(void)
{
	int document = memfd_create("edgegate", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return document < 0 ? -errno : document;
}

int ask_write(const char *bytes, size_t size, int document)
{
	while (size) {
		ssize_t written = write(document, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

int ask_sink(const char *bytes, size_t size, void *document)
{
	return ask_write(bytes, size, *(const int *)document);
}

int ask_end(int document)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

	return fcntl(document, F_ADD_SEALS, seals) ? -errno : 0;
}
