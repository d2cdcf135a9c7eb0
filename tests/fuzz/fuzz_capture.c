/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of a capture, as `replay` takes it: an input is the bytes of a file, pcap or pcapng or neither.
 *
 * Beside memory safety: what a plain pcap holds, read by hand, is what is read; damage is said with the
 * packet's number; whose a packet is depends on its addresses alone; how much of it decides is known
 * at every cut; what is written is read again as it was; time never goes back. And where BPF may be
 * loaded, on the real programs: each packet gets one verdict (capture_judge.h).
 */
#include <fcntl.h>

#include "tests/fuzz/capture_ends.h"
#include "tests/fuzz/capture_file.h"
#include "tests/fuzz/capture_judge.h"
#include "user/packet/writer.h"

#define PIPE_SIZE (1 << 20) /* what an unprivileged process may have: fs.pipe-max-size */

/* Some number of the input's: FNV-1a. */
static uint32_t seed_of(const uint8_t *data, size_t size)
{
	uint32_t seed = 2166136261u;

	for (size_t i = 0; i < size; i++)
		seed = (seed ^ data[i]) * 16777619u;
	return seed;
}

static struct capture *open_again(const char *path)
{
	struct diags diags = { 0 };
	struct capture *capture = NULL;

	require(!capture_open(path, "test", &capture, &diags), "it could be opened before");
	return capture;
}

/* A frame in place of another link header: what follows that is the same, and lengths go with it. */
static void check_frame(const struct file_packet *packet, int link_type)
{
	const struct capture_packet *of = &packet->of;
	uint32_t header = of->raw_captured - (of->captured - 14);

	if (link_type == 1) {
		require(of->captured == of->raw_captured && of->length == of->raw_length,
			"%u of %u bytes", of->captured, of->length);
		require(memcmp(packet->frame, packet->raw, of->captured) == 0, "other bytes");
		return;
	}
	if (!of->captured) /* shorter than its link header */
		return;
	require(of->captured >= 14 && header <= 20, "%u bytes of %u", of->captured,
		of->raw_captured);
	require(of->length - 14 == of->raw_length - header || of->length == UINT32_MAX,
		"%u bytes of %u", of->length, of->raw_length);
	require(memcmp(packet->frame + 14, packet->raw + header, of->captured - 14) == 0,
		"other bytes");
	require(ends_are_zero(packet->frame, 6), "a receiver that the capture doesn't name");
}

/* ---- the guess ------------------------------------------------------------------------------------- */

/* At most one of each family, and it is at one of the ends of some packet. */
static void check_guess(const struct file_packets *packets)
{
	struct host_guess *guess = host_guess_new();
	cleanup(ends_host_free) struct host host = { 0 };

	if (!guess)
		exit(0);
	for (size_t i = 0; i < packets->count; i++)
		host_guess_add(guess, packets->list[i].frame, packets->list[i].of.captured);
	if (host_guess_end(guess, &host))
		exit(0);
	host_guess_free(guess);
	require(host.count <= 2, "%zu guesses", host.count);
	require(host.count < 2 || (host.list[0].family == 4 && host.list[1].family == 6),
		"two of one family");
	for (size_t i = 0; i < host.count; i++) {
		const struct host_prefix *prefix = &host.list[i];
		bool found = false;

		require(prefix->bits == (prefix->family == 4 ? 32 : 128), "a net");
		for (size_t j = 0; j < packets->count && !found; j++) {
			const uint8_t *frame = packets->list[j].frame;
			struct said_ends ends = ends_said(frame, packets->list[j].of.captured);

			found = ends.size == prefix->bits / 8 && !ends.arp &&
				(!memcmp(frame + ends.source, prefix->address, ends.size) ||
				 !memcmp(frame + ends.destination, prefix->address, ends.size));
		}
		require(found, "nobody in the capture");
	}
}

/* ---- writing ---------------------------------------------------------------------------------------- */

static void check_written(const struct file_packets *packets, const struct file_packets *written,
			  int link_type, int again)
{
	require(link_type == again, "link type %d is read as %d", link_type, again);
	require(!written->damaged && written->count == packets->count, "%zu of %zu packets",
		written->count, packets->count);
	for (size_t i = 0; i < packets->count; i++) {
		const struct capture_packet *was = &packets->list[i].of;
		const struct capture_packet *is = &written->list[i].of;

		require(is->raw_captured == (was->raw_captured < FILE_PACKET_MOST ?
						     was->raw_captured :
						     FILE_PACKET_MOST) &&
				is->raw_length == was->raw_length,
			"packet %zu: %u of %u bytes", i + 1, is->raw_captured, is->raw_length);
		require(memcmp(packets->list[i].raw, written->list[i].raw, is->raw_captured) == 0,
			"packet %zu: other bytes", i + 1);
		/* pcap has 32 bits for seconds */
		if (was->time >> 32 < 1000000000u)
			require(is->time == was->time, "packet %zu: another time", i + 1);
	}
}

/* Through a pipe: nothing of it is ever on disk. */
static void check_writer(const char *path, const struct file_packets *packets)
{
	struct capture *capture = open_again(path), *copy;
	int link_type = capture_link_type(capture), ends[2];
	struct writer *writer = NULL;
	struct file_packets written;
	struct diags diags = { 0 };
	char to[64], from[64];

	if (pipe2(ends, O_CLOEXEC) || fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE) < PIPE_SIZE)
		exit(0);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", ends[0]);
	snprintf(to, sizeof(to), "/proc/self/fd/%d", ends[1]);
	require(!writer_open(to, capture, "test", &writer, &diags), "it can be written");
	require(!writer_takes(writer, capture, &diags), "it is like itself");
	for (size_t i = 0; i < packets->count; i++) {
		struct capture_packet packet = packets->list[i].of;

		packet.raw = packets->list[i].raw;
		require(!writer_add(writer, &packet, &diags), "packet %zu", i + 1);
	}
	require(!writer_finish(writer, &diags), "the end");
	writer_close(writer);
	close(ends[1]);
	copy = open_again(from);
	close(ends[0]);
	file_read(copy, &written);
	check_written(packets, &written, link_type, capture_link_type(copy));
	require(capture_has_nanoseconds(capture) == capture_has_nanoseconds(copy), "its times");
	file_free(&written);
	capture_close(copy);
	capture_close(capture);
}

/* ---- an input --------------------------------------------------------------------------------------- */

static void check_packets(const struct file_packets *packets, int link_type, uint32_t seed)
{
	for (size_t i = 0; i < packets->count; i++) {
		const struct file_packet *packet = &packets->list[i];

		check_frame(packet, link_type);
		ends_check(packet->frame, packet->of.captured, seed + (uint32_t)i);
		ends_check_headers(packet->frame, packet->of.captured, packet->of.length,
				   seed + (uint32_t)i);
	}
}

/* A filter has no say in what is read. */
static void check_filter(const char *path, const struct file_packets *packets)
{
	struct capture *capture = open_again(path);
	struct file_packets filtered;
	struct diags diags = { 0 };

	require(!capture_filter(capture, "ip or udp port 3478 or tcp[tcpflags] & tcp-syn != 0",
				&diags),
		"it compiles for all link types");
	file_read(capture, &filtered);
	require(filtered.count == packets->count, "%zu packets, not %zu", filtered.count,
		packets->count);
	for (size_t i = 0; i < packets->count; i++)
		require(packets->list[i].of.matches, "without a filter");
	file_free(&filtered);
	capture_close(capture);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = file_of(data, size);
	uint32_t seed = seed_of(data, size);
	struct capture *capture = NULL;
	struct file_packets packets;
	struct diags diags = { 0 };
	int link_type;

	if (capture_open(path, "test", &capture, &diags)) {
		require(!capture, "an error, and a capture");
		file_check_diags(&diags, "edgegate: test: ");
		return 0;
	}
	require(capture_is_one(path), "it is read, and isn't known by what it begins with");
	require(capture_size(capture) == size, "%zu bytes", size);
	link_type = capture_link_type(capture);
	file_read(capture, &packets);
	require(capture_position(capture) <= size, "it is read beyond its end");
	capture_close(capture);

	file_check_pcap(data, size, &packets);
	check_packets(&packets, link_type, seed);
	check_guess(&packets);
	if (size < PIPE_SIZE / 2)
		check_writer(path, &packets);
	if (seed % 4 == 0)
		check_filter(path, &packets);
	judge_check(path, &packets, seed);
	file_free(&packets);
	return 0;
}
