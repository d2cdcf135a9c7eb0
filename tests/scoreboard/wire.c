// SPDX-License-Identifier: GPL-2.0-only
/*
 * The corpus of evasions on a real wire, for scripts/scoreboard.
 *
 *	wire CORPUS                         lists what there is: family, name, kind, version of IP, and of each
 *	                                    step what it is: "in:drop", "in:pass", "out:pass"; ":wait" where time
 *	                                    must pass before it
 *	wire CORPUS NAME 4|6 STEP DEVICE    sends this step. Frames in leave by DEVICE; behind each goes a
 *	                                    marker, a datagram from 198.51.100.99 to 192.0.2.10:3478, which
 *	                                    tells the reader of counters that the frame has arrived. Frames out
 *	                                    are sent by a raw socket as the host's own programs would, so that
 *	                                    all that follows connections sees them; those that none could send
 *	                                    (DHCP before there is an address) by DEVICE.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/evasions.h"
#include "tests/scoreboard/seal.h"

static const char marker[] = "in udp 198.51.100.99:9 > 192.0.2.10:3478";

__attribute__((noreturn)) static void wire_fail(const char *what)
{
	fprintf(stderr, "wire: cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_frame(const char *words, int family, struct frame_bytes *frame)
{
	char varied[FRAME_TEXT_MAX];

	frame_vary(words, family, "", varied);
	frame_write(varied, frame);
}

static void list_entry(const struct evasion *entry, int family)
{
	static const char *const verdicts[] = { "pass", "drop" };

	printf("%s %s %s %d", entry->family, entry->name, entry->legit ? "legit" : "evasion",
	       family);
	for (size_t i = 0; i < entry->step_count; i++) {
		const struct evasion_step *step = &entry->steps[i];
		bool drop = !entry->legit && step->outcome >= OUTCOME_DROP_MALFORMED;

		printf(" %s:%s%s", strncmp(step->words, "out ", 4) == 0 ? "out" : "in",
		       verdicts[drop], step->wait ? ":wait" : "");
	}
	putchar('\n');
}

static void list(const struct evasions *corpus)
{
	for (size_t i = 0; i < corpus->count; i++) {
		if (corpus->all[i].over4)
			list_entry(&corpus->all[i], 4);
		if (corpus->all[i].over6)
			list_entry(&corpus->all[i], 6);
	}
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void send_packet(const struct frame_bytes *frame, const char *device)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(0x0003), /* ETH_P_ALL */
				  .sll_ifindex = (int)if_nametoindex(device) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || !to.sll_ifindex ||
	    sendto(fd, frame->bytes, frame->length, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		wire_fail("send a frame");
	close(fd);
}

static void send_raw4(const uint8_t *ip, size_t length)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	memcpy(&to.sin_addr, ip + 16, 4);
	if (fd < 0 || sendto(fd, ip, length, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		wire_fail("send from a raw socket");
	close(fd);
}

static void send_raw6(const uint8_t *ip, size_t length, const char *device)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	memcpy(&to.sin6_addr, ip + 24, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&to.sin6_addr) || IN6_IS_ADDR_MULTICAST(&to.sin6_addr))
		to.sin6_scope_id = if_nametoindex(device);
	if (fd < 0 || sendto(fd, ip, length, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		wire_fail("send from a raw socket");
	close(fd);
}

static void send_out(const struct frame_bytes *frame, const char *device)
{
	static const uint8_t nobody[4];
	size_t begin = 0;
	unsigned int version = seal_network(frame, &begin);

	if (version == 6)
		send_raw6(frame->bytes + begin, frame->length - begin, device);
	else if (version == 4 && memcmp(frame->bytes + begin + 12, nobody, 4) != 0)
		send_raw4(frame->bytes + begin, frame->length - begin);
	else
		send_packet(frame, device);
}

/* One queue keeps the marker behind the frame, but only from one CPU. */
static void stay(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		wire_fail("stay on a CPU");
}

static int send_step(const struct evasion *entry, int family, size_t step, const char *device)
{
	static struct frame_bytes frames[EVASION_STEPS], last;

	if (step >= entry->step_count)
		return 2;
	for (size_t i = 0; i < entry->step_count; i++)
		write_frame(entry->steps[i].words, family, &frames[i]);
	seal(frames, entry->step_count);
	stay();
	if (frames[step].out) {
		send_out(&frames[step], device);
		return 0;
	}
	write_frame(marker, 4, &last);
	seal(&last, 1);
	send_packet(&frames[step], device);
	send_packet(&last, device);
	return 0;
}

int main(int argc, char **argv)
{
	struct evasions corpus;
	int status = 2;

	if (argc != 2 && argc != 6) {
		fprintf(stderr, "usage: wire CORPUS [NAME 4|6 STEP DEVICE]\n");
		return 2;
	}
	evasions_read(argv[1], &corpus);
	if (argc == 2) {
		list(&corpus);
		status = 0;
	}
	for (size_t i = 0; argc == 6 && i < corpus.count; i++)
		if (strcmp(corpus.all[i].name, argv[2]) == 0)
			status = send_step(&corpus.all[i], atoi(argv[3]), (size_t)atoi(argv[4]),
					   argv[5]);
	evasions_free(&corpus);
	return status;
}
