// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/packet/host.h"

#define ETHERNET_SIZE 14u
#define VLAN_SIZE 4u
#define ETHERTYPE_IP4 0x0800u
#define ETHERTYPE_ARP 0x0806u
#define ETHERTYPE_VLAN 0x8100u
#define ETHERTYPE_VLAN_OUTER 0x88a8u
#define ETHERTYPE_IP6 0x86ddu
#define DHCP_SERVER_PORT 67

/* Who a frame is from and to; NULL where it says nothing of it, or not in what is there. */
struct ends {
	int family;
	const uint8_t *source;
	const uint8_t *destination;
	bool arp;
	bool asks_for_address; /* DHCP, from 0.0.0.0 */
};

static unsigned int read16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static void ends_ip4(const uint8_t *ip, uint32_t left, struct ends *ends)
{
	static const uint8_t nobody[4];
	uint32_t size;

	if (left < 20 || ip[0] >> 4 != 4)
		return;
	ends->family = 4;
	ends->source = ip + 12;
	ends->destination = ip + 16;
	size = (ip[0] & 0x0fu) * 4;
	ends->asks_for_address = ip[9] == 17 && !(read16(ip + 6) & 0x1fff) && size >= 20 &&
				 left >= size + 4 && read16(ip + size + 2) == DHCP_SERVER_PORT &&
				 memcmp(ends->source, nobody, sizeof(nobody)) == 0;
}

static void ends_read(const uint8_t *frame, uint32_t captured, struct ends *ends)
{
	uint32_t at = ETHERNET_SIZE;
	unsigned int type;

	*ends = (struct ends){ 0 };
	if (captured < at)
		return;
	type = read16(frame + 12);
	for (int i = 0; i < 2 && (type == ETHERTYPE_VLAN || type == ETHERTYPE_VLAN_OUTER); i++) {
		if (captured < at + VLAN_SIZE)
			return;
		type = read16(frame + at + 2);
		at += VLAN_SIZE;
	}
	if (type == ETHERTYPE_IP4) {
		ends_ip4(frame + at, captured - at, ends);
	} else if (type == ETHERTYPE_IP6 && captured >= at + 40 && frame[at] >> 4 == 6) {
		ends->family = 6;
		ends->source = frame + at + 8;
		ends->destination = frame + at + 24;
	} else if (type == ETHERTYPE_ARP && captured >= at + 28 &&
		   read16(frame + at + 2) == ETHERTYPE_IP4 && frame[at + 4] == 6 &&
		   frame[at + 5] == 4) {
		ends->family = 4;
		ends->arp = true;
		ends->source = frame + at + 14;
		ends->destination = frame + at + 24;
	}
}

/* ---- the host's addresses ----------------------------------------------------------------------- */

int host_add(struct host *host, const struct host_prefix *prefix)
{
	struct host_prefix *place = array_add(&host->list, &host->count);

	if (!place)
		return -ENOMEM;
	*place = *prefix;
	return 0;
}

void host_free(struct host *host)
{
	free(host->list);
	*host = (struct host){ 0 };
}

static bool prefix_has(const struct host_prefix *prefix, int family, const uint8_t *address)
{
	unsigned int bytes = prefix->bits / 8, bits = prefix->bits % 8;

	if (prefix->family != family || memcmp(prefix->address, address, bytes) != 0)
		return false;
	return !bits || !((prefix->address[bytes] ^ address[bytes]) & (0xff00u >> bits & 0xffu));
}

static bool host_has(const struct host *host, int family, const uint8_t *address)
{
	for (size_t i = 0; i < host->count; i++)
		if (prefix_has(&host->list[i], family, address))
			return true;
	return false;
}

enum direction host_direction(const struct host *host, const uint8_t *frame, uint32_t captured)
{
	struct ends ends;

	ends_read(frame, captured, &ends);
	if (ends.asks_for_address)
		return DIRECTION_OUT;
	if (!ends.source || !host_has(host, ends.family, ends.source))
		return DIRECTION_IN;
	/* an ARP announcement is from and to its sender, and goes out */
	if (!ends.arp && host_has(host, ends.family, ends.destination))
		return DIRECTION_IN;
	return DIRECTION_OUT;
}

/* ---- the guess ---------------------------------------------------------------------------------- */

#define GUESS_ADDRESSES                                                                            \
	16384u /* a power of two; once it is three quarters full, new ones are not counted */

/* An address that takes part. */
struct guess_entry {
	struct host_prefix prefix;
	uint64_t packets; /* 0: a free place */
	uint64_t order;   /* when it was first seen; that a packet was for it counts as earlier */
};

struct host_guess {
	struct guess_entry entries[GUESS_ADDRESSES];
	size_t used;
	uint64_t seen; /* addresses looked at */
};

struct host_guess *host_guess_new(void)
{
	return calloc(1, sizeof(struct host_guess));
}

void host_guess_free(struct host_guess *guess)
{
	free(guess);
}

static bool is_one_machines(int family, const uint8_t *address)
{
	static const uint8_t nobody[16];

	if (family == 6)
		return address[0] != 0xff && memcmp(address, nobody, 16) != 0;
	/* multicast, reserved and broadcast are 224 and above */
	return address[0] != 0 && address[0] < 224;
}

static bool is_link_local(const struct host_prefix *prefix)
{
	if (prefix->family == 6)
		return prefix->address[0] == 0xfe && (prefix->address[1] & 0xc0) == 0x80;
	return prefix->address[0] == 169 && prefix->address[1] == 254;
}

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t guess_hash(const struct host_prefix *prefix)
{
	uint32_t hash = 2166136261u;

	for (unsigned int i = 0; i < prefix->bits / 8; i++)
		hash = (hash ^ prefix->address[i]) * 16777619u;
	return hash;
}

static void guess_count(struct host_guess *guess, int family, const uint8_t *address)
{
	struct host_prefix prefix = { .family = family, .bits = family == 4 ? 32 : 128 };
	uint32_t at;

	guess->seen++;
	if (!is_one_machines(family, address))
		return;
	memcpy(prefix.address, address, prefix.bits / 8);
	for (at = guess_hash(&prefix); guess->entries[at % GUESS_ADDRESSES].packets; at++) {
		struct guess_entry *entry = &guess->entries[at % GUESS_ADDRESSES];

		if (memcmp(&entry->prefix, &prefix, sizeof(prefix)) == 0) {
			entry->packets++;
			return;
		}
	}
	if (guess->used == GUESS_ADDRESSES / 4 * 3)
		return;
	guess->used++;
	guess->entries[at % GUESS_ADDRESSES] =
		(struct guess_entry){ .prefix = prefix, .packets = 1, .order = guess->seen };
}

void host_guess_add(struct host_guess *guess, const uint8_t *frame, uint32_t captured)
{
	struct ends ends;

	ends_read(frame, captured, &ends);
	if (!ends.source || ends.arp)
		return;
	guess_count(guess, ends.family, ends.destination);
	guess_count(guess, ends.family, ends.source);
}

static bool guess_is_better(const struct guess_entry *one, const struct guess_entry *than)
{
	if (is_link_local(&one->prefix) != is_link_local(&than->prefix))
		return is_link_local(&than->prefix);
	if (one->packets != than->packets)
		return one->packets > than->packets;
	return one->order < than->order;
}

int host_guess_end(const struct host_guess *guess, struct host *host)
{
	for (int family = 4; family <= 6; family += 2) {
		const struct guess_entry *best = NULL;

		for (size_t i = 0; i < GUESS_ADDRESSES; i++) {
			const struct guess_entry *entry = &guess->entries[i];

			if (entry->packets && entry->prefix.family == family &&
			    (!best || guess_is_better(entry, best)))
				best = entry;
		}
		if (best && host_add(host, &best->prefix))
			return -ENOMEM;
	}
	return 0;
}
