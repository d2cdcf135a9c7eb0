// SPDX-License-Identifier: GPL-2.0-only
/* TCP, UDP, SCTP, ICMP and ICMPv6 (spec 3.2), and what such a packet is. */
#include "tests/model/packet.h"

/*
 * Spec 3.6: "a first fragment must hold its whole header chain and transport header (else fragment)".
 */
static enum outcome cut_short(const struct packet *packet)
{
	return packet->fragment ? OUTCOME_DROP_FRAGMENT : OUTCOME_DROP_MALFORMED;
}

/* "port 0 in TCP, UDP or SCTP" */
static bool read_ports(struct packet *packet)
{
	packet->has_ports = true;
	packet->source_port = word_at(packet->transport, 0);
	packet->destination_port = word_at(packet->transport, 2);
	return packet->source_port != 0 && packet->destination_port != 0;
}

/*
 * "anything but SYN, SYN+URG, SYN+ACK, RST, RST+ACK, FIN+ACK, FIN+ACK+URG, ACK, ACK+URG (PSH, ECE and
 * CWR don't matter)"
 */
static bool flags_are_good(uint8_t flags)
{
	switch (flags & ~(TCP_PSH | TCP_ECE | TCP_CWR)) {
	case TCP_SYN:
	case TCP_SYN | TCP_URG:
	case TCP_SYN | TCP_ACK:
	case TCP_RST:
	case TCP_RST | TCP_ACK:
	case TCP_FIN | TCP_ACK:
	case TCP_FIN | TCP_ACK | TCP_URG:
	case TCP_ACK:
	case TCP_ACK | TCP_URG:
		return true;
	default:
		return false;
	}
}

static enum outcome read_tcp(struct packet *packet)
{
	size_t header;

	if (packet->transport.length < 20)
		return cut_short(packet);
	header = (size_t)(byte_at(packet->transport, 12) >> 4) * 4;
	if (header < 20)
		return OUTCOME_DROP_MALFORMED;
	if (header > packet->transport.length)
		return cut_short(packet);
	if (!read_ports(packet))
		return OUTCOME_DROP_MALFORMED;
	packet->flags = byte_at(packet->transport, 13);
	return flags_are_good(packet->flags) ? OUTCOME_UNDECIDED : OUTCOME_DROP_BAD_TCP_FLAGS;
}

/* "UDP length < 8 or past the end (of a first fragment: only < 8)" */
static enum outcome read_udp(struct packet *packet)
{
	size_t length;

	if (packet->transport.length < 8)
		return cut_short(packet);
	length = word_at(packet->transport, 4);
	if (!read_ports(packet) || length < 8)
		return OUTCOME_DROP_MALFORMED;
	if (length > packet->transport.length && !packet->fragment)
		return OUTCOME_DROP_MALFORMED;
	packet->payload = bytes_from(bytes_first(packet->transport, length), 8);
	packet->datagram = length - 8;
	return OUTCOME_UNDECIDED;
}

static enum outcome read_sctp(struct packet *packet)
{
	if (packet->transport.length < 12)
		return cut_short(packet);
	if (!read_ports(packet))
		return OUTCOME_DROP_MALFORMED;
	packet->init = packet->transport.length > 12 && byte_at(packet->transport, 12) == 1;
	return OUTCOME_UNDECIDED;
}

/* "ICMP and ICMPv6 shorter than 8 bytes" */
static enum outcome read_icmp(struct packet *packet)
{
	if (packet->transport.length < 8)
		return cut_short(packet);
	packet->has_type = true;
	packet->type = byte_at(packet->transport, 0);
	packet->code = byte_at(packet->transport, 1);
	packet->identifier = word_at(packet->transport, 4);
	packet->payload = bytes_from(packet->transport, 8);
	return OUTCOME_UNDECIDED;
}

enum outcome read_transport(struct packet *packet)
{
	switch (packet->protocol) {
	case PROTOCOL_TCP:
		return read_tcp(packet);
	case PROTOCOL_UDP:
		return read_udp(packet);
	case PROTOCOL_SCTP:
		return read_sctp(packet);
	case PROTOCOL_ICMP:
		return packet->family == 4 ? read_icmp(packet) : OUTCOME_UNDECIDED;
	case PROTOCOL_ICMPV6:
		return packet->family == 6 ? read_icmp(packet) : OUTCOME_UNDECIDED;
	default:
		return OUTCOME_UNDECIDED;
	}
}

/* ---- what a packet is ---------------------------------------------------------------------------- */

/* Spec 3.3: "`icmp` is IPv4 only, `icmpv6` IPv6 only" */
bool packet_is_icmp(const struct packet *packet)
{
	return packet->has_type &&
	       packet->protocol == (packet->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
}

bool packet_is_echo_request(const struct packet *packet)
{
	return packet_is_icmp(packet) && packet->type == (packet->family == 4 ? 8 : 128);
}

bool packet_is_echo_reply(const struct packet *packet)
{
	return packet_is_icmp(packet) && packet->type == (packet->family == 4 ? 0 : 129);
}

/* Spec 3.4: "ICMP types 3, 11, 12 and ICMPv6 types 1-4" */
bool packet_is_icmp_error(const struct packet *packet)
{
	if (!packet_is_icmp(packet))
		return false;
	if (packet->family == 4)
		return packet->type == 3 || packet->type == 11 || packet->type == 12;
	return packet->type >= 1 && packet->type <= 4;
}

static bool is_udp_between(const struct packet *packet, uint16_t source, uint16_t destination)
{
	return packet->protocol == PROTOCOL_UDP && packet->source_port == source &&
	       packet->destination_port == destination;
}

/* Spec 3.5: "requests out (UDP 68 → 67; 546 → 547)" */
bool packet_is_dhcp_request(const struct packet *packet)
{
	return packet->out && (packet->family == 4 ? is_udp_between(packet, 68, 67) :
						     is_udp_between(packet, 546, 547));
}

/* Spec 3.5: "answers in (67 → 68; 547 → 546 from link-local only)" */
bool packet_is_dhcp_answer(const struct packet *packet)
{
	if (packet->out)
		return false;
	if (packet->family == 4)
		return is_udp_between(packet, 67, 68);
	return is_udp_between(packet, 547, 546) && address_is_link_local(&packet->source);
}

/*
 * Spec 3.3: "A packet opens when it is a TCP segment with SYN and without ACK, RST and FIN, or an SCTP
 * packet whose first chunk is INIT."
 */
bool packet_opens(const struct packet *packet)
{
	if (packet->protocol == PROTOCOL_TCP)
		return (packet->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
	return packet->protocol == PROTOCOL_SCTP && packet->init;
}

/*
 * Spec 3.3: protocol, addresses and ports turned round; "of ICMP only echo has replies", which carry
 * the request's identifier.
 */
bool packet_reverse(const struct packet *packet, struct packet *reverse)
{
	*reverse = *packet;
	reverse->out = !packet->out;
	reverse->source = packet->destination;
	reverse->destination = packet->source;
	reverse->source_port = packet->destination_port;
	reverse->destination_port = packet->source_port;
	if (!packet->has_type)
		return true;
	if (!packet_is_echo_reply(packet))
		return false;
	reverse->type = packet->family == 4 ? 8 : 128;
	return true;
}
