// SPDX-License-Identifier: GPL-2.0-only
/* Finds the transport header of a frame, however damaged, and fills in what must be right on a wire. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tests/scoreboard/seal.h"

#define DATAGRAM_MAX 70000u

/* What seal() has found in a frame. */
struct found {
	uint8_t *from, *to;
	size_t address_size;
	uint8_t *transport;
	size_t size; /* of it, in this frame */
	uint8_t protocol;
	uint32_t id;
	size_t offset; /* of a fragment */
	bool fragment;
};

static unsigned int get16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t sum_add(uint32_t sum, const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += i & 1 ? at[i] : (uint32_t)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

unsigned int seal_network(const struct frame_bytes *frame, size_t *begin)
{
	size_t at = 12;

	for (int tags = 0; tags < 3 && at + 2 <= frame->length; tags++) {
		unsigned int type = get16(frame->bytes + at);

		if (type == 0x8100 || type == 0x88a8) {
			at += 4;
			continue;
		}
		*begin = at + 2;
		if (type == 0x0800 && at + 22 <= frame->length)
			return 4;
		return type == 0x86dd && at + 42 <= frame->length ? 6 : 0;
	}
	return 0;
}

static bool find4(struct frame_bytes *frame, uint8_t *ip, struct found *found)
{
	size_t room = (size_t)(frame->bytes + frame->length - ip);
	size_t header = (ip[0] & 15u) * 4u, total = get16(ip + 2);

	if (header < 20 || header > room)
		header = 20;
	put16(ip + 10, 0);
	put16(ip + 10, ~sum_add(0, ip, header) & 0xffff);
	if (total < header || total > room)
		total = room;
	*found = (struct found){ .from = ip + 12,
				 .to = ip + 16,
				 .address_size = 4,
				 .transport = ip + header,
				 .size = total - header,
				 .protocol = ip[9],
				 .id = get16(ip + 4),
				 .offset = (get16(ip + 6) & 0x1fffu) * 8u,
				 .fragment = (get16(ip + 6) & 0x3fffu) != 0 };
	return true;
}

static bool find6(struct frame_bytes *frame, uint8_t *ip, struct found *found)
{
	uint8_t *end = frame->bytes + frame->length, *at = ip + 40;
	size_t payload = get16(ip + 4);

	*found = (struct found){
		.from = ip + 8, .to = ip + 24, .address_size = 16, .protocol = ip[6]
	};
	if (at + payload < end)
		end = at + payload;
	while (at + 8 <= end && !found->offset) {
		size_t size = (at[1] + 1u) * 8u;

		if (found->protocol == 44) {
			found->offset = get16(at + 2) & 0xfff8u;
			found->fragment |= (get16(at + 2) & 0xfff9u) != 0;
			found->id = get16(at + 4) << 16 | get16(at + 6);
			size = 8;
		} else if (found->protocol == 51) {
			size = (at[1] + 2u) * 4u;
		} else if (found->protocol != 0 && found->protocol != 43 && found->protocol != 60) {
			break;
		}
		if (size > (size_t)(end - at))
			return false;
		found->protocol = at[0];
		at += size;
	}
	found->transport = at;
	found->size = end > at ? (size_t)(end - at) : 0;
	return true;
}

static bool find(struct frame_bytes *frame, struct found *found)
{
	size_t begin = 0;
	unsigned int version = seal_network(frame, &begin);

	if (version == 4)
		return find4(frame, frame->bytes + begin, found);
	return version == 6 && find6(frame, frame->bytes + begin, found);
}

/* The rest of a first fragment's datagram, out of the frames behind it. Gives its whole size. */
static size_t gather(struct frame_bytes *frames, size_t count, const struct found *first,
		     uint8_t *datagram)
{
	size_t size = first->size;
	struct found other;

	for (size_t i = 0; i < count && first->fragment; i++) {
		if (!find(&frames[i], &other) || !other.fragment || other.offset < first->size ||
		    other.id != first->id || other.offset + other.size > DATAGRAM_MAX ||
		    memcmp(other.from, first->from, first->address_size) != 0)
			continue;
		memcpy(datagram + other.offset, other.transport, other.size);
		if (other.offset + other.size > size)
			size = other.offset + other.size;
	}
	return size;
}

/* As if both ends had begun with 1000. */
static void seal_sequence(uint8_t *tcp)
{
	bool syn = tcp[13] & 2, rst = tcp[13] & 4, ack = tcp[13] & 16;

	put16(tcp + 6, rst && ack ? 0 : 1000u + !syn);
	put16(tcp + 10, ack ? 1001 : 0);
}

static void seal_transport(const struct found *found, uint8_t *datagram, size_t size)
{
	static const struct {
		uint8_t protocol;
		uint8_t at, least;
	} sums[] = { { 6, 16, 20 }, { 17, 6, 8 }, { 1, 2, 8 }, { 58, 2, 8 } };
	uint8_t pseudo[8] = { 0, 0, (uint8_t)(size >> 8), (uint8_t)size, 0, 0, 0, found->protocol };
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++) {
		if (sums[i].protocol != found->protocol || found->size < sums[i].least)
			continue;
		if (found->protocol == 6 && found->size >= 20)
			seal_sequence(datagram);
		if (found->protocol == 17 && found->fragment)
			put16(datagram + 4, (unsigned int)size);
		put16(datagram + sums[i].at, 0);
		if (found->protocol != 1) {
			sum = sum_add(sum, found->from, found->address_size);
			sum = sum_add(sum, found->to, found->address_size);
			sum = sum_add(sum, pseudo, sizeof(pseudo));
		}
		sum = ~sum_add(sum, datagram, size) & 0xffff;
		put16(datagram + sums[i].at, sum || found->protocol != 17 ? sum : 0xffff);
	}
}

void seal(struct frame_bytes *frames, size_t count)
{
	static uint8_t datagram[DATAGRAM_MAX];
	struct found found;

	for (size_t i = 0; i < count; i++) {
		size_t size;

		if (!find(&frames[i], &found) || found.offset || found.size > DATAGRAM_MAX)
			continue;
		memset(datagram, 0, sizeof(datagram));
		memcpy(datagram, found.transport, found.size);
		size = gather(frames + i + 1, count - i - 1, &found, datagram);
		seal_transport(&found, datagram, size);
		memcpy(found.transport, datagram, found.size);
	}
}
