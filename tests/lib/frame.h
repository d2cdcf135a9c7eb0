/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames in words, so that tests read like tables and a bad frame is a good one with one word more:
 *
 *	in tcp 198.51.100.7:40000 > 192.0.2.10:5061 syn
 *	out udp [2001:db8::10]:40000 > [2001:db8::53]:53 tag=8100 data=30
 *	in icmpv6 fe80::1 > ff02::1 type=134 ttl=255 transport=16
 *	in 47 198.51.100.7 > 192.0.2.10 options=0101 length=+1
 *	in arp tag=88a8 hardware=6
 *	in eth 01:80:c2:00:00:00 42 data=424203
 *
 * All that no word speaks of is right: lengths follow from what is there. The words:
 *
 *	link       tag=TPID (several: outermost first), eth=ETHERTYPE, mac=DESTINATION
 *	frame      pad=BYTES behind the packet, cut=BYTES that are left of it, gso=SIZE, segs=COUNT
 *	ends       from=ADDRESS, to=ADDRESS, sport=N, dport=N: another one than was said first
 *	IP         version=N, ttl=N, length=N (the field; +N and -N: off by that), next=PROTOCOL
 *	IPv4       ihl=N (the field), options=HEX, id=N (IPv6: of its fragment headers), mf, df, evil (RFC 3514), offset=BYTES
 *	IPv6       hop dst ah (=BYTES), routing=TYPE/LEFT, frag=OFFSET, frag+=OFFSET (more follow), in
 *	           the order in which they are to stand; extlen=N: length field of the last one
 *	transport  transport=BYTES: cut or filled up to as many; data=BYTES or data=xHEX behind the header
 *	TCP        syn ack fin rst psh urg ece cwr, flags=HEX, doff=N
 *	UDP        udplen=N, +N or -N
 *	SCTP       chunk=TYPE, chunk=none
 *	ICMP       type=N, code=N, echo=IDENTIFIER
 *	ARP        hardware=N, protocol=HEX, hlen=N, plen=N
 *	quote      quote{ tcp A > B ... } is the packet that an ICMP error is about, in the place of its data;
 *	           behind it, q:WORD is one more word of the quote; q:cut=BYTES are left of it
 */
#ifndef TESTS_LIB_FRAME_H
#define TESTS_LIB_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 66000u
#define FRAME_TEXT_MAX 2048u

struct frame_bytes {
	bool out;          /* the direction that it was written for */
	size_t length;     /* of the frame */
	size_t least;      /* bytes without which it is cut short; the rest is padding */
	uint32_t gso_size; /* for tc: the card is to segment it */
	uint32_t gso_segs;
	uint32_t head; /* for XDP: bytes in its first buffer (Linux 6.18); 0: as many as fit */
	uint8_t bytes[FRAME_MAX];
};

/*
 * Words for both address families: HOST, PEER, OTHER (another peer) and ROUTER become addresses of
 * `family`, PING its ICMP, REQUEST and REPLY its echoes' types, UNREACHABLE, EXCEEDED and PROBLEM those of
 * its errors; FIRST, MIDDLE= and LATER= make fragments. `more` words are added.
 */
void frame_vary(const char *words, int family, const char *more, char varied[FRAME_TEXT_MAX]);

/* Fails the test on a word that isn't one. */
void frame_write(const char *words, struct frame_bytes *frame);

#endif
