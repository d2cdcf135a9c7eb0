// SPDX-License-Identifier: GPL-2.0-only
/* Frames by packet sockets, in at one end of the wire and out at the other. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/wire/agree.h"
#include "user/kernel/netns.h"

#define AWAIT_MS 1000

static int link_socket(const char *device, int protocol)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons((uint16_t)protocol),
				  .sll_ifindex = (int)if_nametoindex(device) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || !at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)))
		agree_fail("cannot open a packet socket on %s: %s", device, strerror(errno));
	return fd;
}

int link_visit(const char *netns)
{
	struct diags diags = { 0 };
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0 || netns_enter(netns, &diags))
		agree_fail("cannot enter %s", netns);
	return home;
}

/* One that sends and hears nothing, and one that hears. */
static void link_end(const char *netns, const char *device, int *send, int *receive)
{
	const int home = link_visit(netns);

	*send = link_socket(device, 0);
	*receive = link_socket(device, ETH_P_ALL);
	netns_return(&home);
}

void link_open(struct link *link, const struct ends *ends)
{
	enum direction in = ends->inside ? DIRECTION_OUT : DIRECTION_IN, out = !in;

	link_end(ends->peer_netns, ends->peer, &link->send[in], &link->receive[out]);
	link_end(ends->gate_netns, ends->gate, &link->send[out], &link->receive[in]);
}

void link_close(struct link *link)
{
	for (int i = 0; i < DIRECTION_COUNT; i++) {
		close(link->send[i]);
		close(link->receive[i]);
	}
}

bool link_send(const struct link *link, const struct wire_frame *frame)
{
	while (send(link->send[frame->direction], frame->bytes, frame->length, 0) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == ENOBUFS) /* so it is said to who sends what tc drops */
			return true;
		if (errno == EINVAL)
			return false;
		agree_fail("cannot send a frame of %u bytes: %s", frame->length, strerror(errno));
	}
	return true;
}

/* As a packet socket hears it: the kernel takes the first tag away. */
static bool link_is_same(const struct wire_frame *frame, const uint8_t *bytes, size_t length)
{
	bool tagged = frame->length >= 18 && (memcmp(frame->bytes + 12, "\x81\x00", 2) == 0 ||
					      memcmp(frame->bytes + 12, "\x88\xa8", 2) == 0);
	size_t tag = tagged ? 4 : 0;

	return length == frame->length - tag && memcmp(bytes, frame->bytes, 12) == 0 &&
	       memcmp(bytes + 12, frame->bytes + 12 + tag, length - 12) == 0;
}

enum arrival link_arrived(const struct link *link, const struct wire_frame *frame, bool await)
{
	static uint8_t bytes[65536];
	struct pollfd poll_for = { .fd = link->receive[frame->direction], .events = POLLIN };
	ssize_t length = recv(poll_for.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (length < 0 && await && poll(&poll_for, 1, AWAIT_MS) > 0)
		length = recv(poll_for.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (length < 0)
		return ARRIVAL_NONE;
	return link_is_same(frame, bytes, (size_t)length) ? ARRIVAL_SAME : ARRIVAL_OTHER;
}

void link_drain(const struct link *link)
{
	uint8_t byte;

	for (int i = 0; i < DIRECTION_COUNT; i++)
		while (recv(link->receive[i], &byte, 1, MSG_DONTWAIT) >= 0)
			;
}
