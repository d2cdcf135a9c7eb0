// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flood on the wire, by a packet socket: COUNT frames, no two with the same source, of what hurts a
 * gate most: SYNs to an open service from ports that out rules name, forged replies, closed ports.
 * Checksums are right, so that the other end's stack answers what the gate lets pass.
 *
 *	flood INTERFACE MAC IPV4 IPV6 COUNT PER-MILLISECOND
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TCP 6
#define UDP 17
#define SYN 0x02
#define ACK 0x10
#define ANY 0 /* a port by chance */
#define RTP 1 /* one of 50000-59999 */

static const struct kind {
	bool six;
	uint8_t protocol, flags;
	uint16_t sport, dport;
} kinds[] = {
	{ false, TCP, SYN, RTP, 443 }, { true, TCP, SYN, RTP, 443 },
	{ false, TCP, ACK, RTP, ANY }, { true, TCP, SYN | ACK, 5061, ANY },
	{ false, UDP, 0, 3478, ANY },  { true, UDP, 0, 3478, ANY },
	{ false, TCP, SYN, ANY, ANY }, { true, TCP, SYN, 5061, 5061 },
	{ false, UDP, 0, 3478, 3478 }, { false, TCP, ACK, 443, 443 },
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

struct flood {
	int fd;
	struct sockaddr_ll to;
	uint8_t mac[6], ip4[4], ip6[16];
};

static void fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* The Internet checksum's sum, RFC 1071. */
static uint32_t sum16(const uint8_t *at, size_t size, uint32_t sum)
{
	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)at[i] << 8 | (i + 1 < size ? at[i + 1] : 0);
	return sum;
}

static uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static uint16_t port(uint16_t wanted)
{
	if (wanted == RTP)
		return (uint16_t)(50000 + rand() % 10000);
	return wanted == ANY ? (uint16_t)(1 + rand() % 65535) : wanted;
}

/* Behind the IP header; its checksum covers the addresses in front of it. Returns its size. */
static size_t put_transport(uint8_t *at, const struct kind *kind, const uint8_t *addresses,
			    size_t addresses_size)
{
	size_t size = kind->protocol == TCP ? 20 : 12;
	uint32_t sum;

	memset(at, 0, size);
	put16(at, port(kind->sport));
	put16(at + 2, port(kind->dport));
	if (kind->protocol == TCP) {
		put16(at + 4, (uint32_t)rand());
		at[12] = 5 << 4;
		at[13] = kind->flags;
		put16(at + 14, 65535);
	} else {
		put16(at + 4, (uint32_t)size);
	}
	sum = sum16(addresses, addresses_size, kind->protocol + (uint32_t)size);
	put16(at + (kind->protocol == TCP ? 16 : 6), fold(sum16(at, size, sum)));
	return size;
}

/* Sources are 11.x.x.x and 2400::x: nobody's here. Returns the frame's size. */
static size_t put_frame(const struct flood *flood, const struct kind *kind, uint32_t number,
			uint8_t *frame)
{
	uint8_t *ip = frame + ETH_HLEN;
	size_t size;

	memset(frame, 0, ETH_HLEN + 40);
	memcpy(frame, flood->mac, 6);
	frame[6] = 2; /* locally administered */
	put16(frame + 12, kind->six ? ETH_P_IPV6 : ETH_P_IP);
	if (kind->six) {
		ip[0] = 6 << 4;
		ip[6] = kind->protocol;
		ip[7] = 64;
		ip[8] = 0x24;
		put16(ip + 20, number >> 16);
		put16(ip + 22, number);
		memcpy(ip + 24, flood->ip6, 16);
		size = put_transport(ip + 40, kind, ip + 8, 32);
		put16(ip + 4, (uint32_t)size);
		return ETH_HLEN + 40 + size;
	}
	ip[0] = 4 << 4 | 5;
	ip[8] = 64;
	ip[9] = kind->protocol;
	put16(ip + 12, 11 << 8 | (number >> 16 & 0xff));
	put16(ip + 14, number);
	memcpy(ip + 16, flood->ip4, 4);
	size = put_transport(ip + 20, kind, ip + 12, 8);
	put16(ip + 2, (uint32_t)(20 + size));
	put16(ip + 10, fold(sum16(ip, 20, 0)));
	return ETH_HLEN + 20 + size;
}

static void send_all(const struct flood *flood, unsigned long count, unsigned long burst)
{
	struct timespec next;
	uint8_t frame[ETH_HLEN + 40 + 20];

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (unsigned long i = 0; i < count; i++) {
		size_t size = put_frame(flood, &kinds[i % KINDS], (uint32_t)i, frame);

		while (sendto(flood->fd, frame, size, 0, (const struct sockaddr *)&flood->to,
			      sizeof(flood->to)) < 0)
			if (errno != ENOBUFS && errno != EINTR)
				fail("send");
		if (i % burst != burst - 1)
			continue;
		next.tv_nsec += 1000000;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

int main(int argc, char **argv)
{
	struct flood flood = { .to = { .sll_family = AF_PACKET, .sll_halen = 6 } };
	unsigned long count, burst;

	if (argc != 7 ||
	    sscanf(argv[2], "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &flood.mac[0], &flood.mac[1],
		   &flood.mac[2], &flood.mac[3], &flood.mac[4], &flood.mac[5]) != 6 ||
	    inet_pton(AF_INET, argv[3], flood.ip4) != 1 ||
	    inet_pton(AF_INET6, argv[4], flood.ip6) != 1) {
		fprintf(stderr, "usage: flood INTERFACE MAC IPV4 IPV6 COUNT PER-MILLISECOND\n");
		return 2;
	}
	count = strtoul(argv[5], NULL, 10);
	burst = strtoul(argv[6], NULL, 10);
	flood.to.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (!flood.to.sll_ifindex)
		fail(argv[1]);
	flood.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (flood.fd < 0)
		fail("open a packet socket");
	send_all(&flood, count, burst ? burst : 1);
	close(flood.fd);
	return 0;
}
