/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the model tell each other: a packet as it was read, and what is remembered. */
#ifndef TESTS_MODEL_PACKET_H
#define TESTS_MODEL_PACKET_H

#include "tests/model/model.h"

enum {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_AUTHENTICATION = 51,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_DESTINATION = 60,
	PROTOCOL_SCTP = 132,
};

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/* Some bytes of a frame. */
struct bytes {
	const uint8_t *at;
	size_t length;
};

uint8_t byte_at(struct bytes bytes, size_t offset);
uint16_t word_at(struct bytes bytes, size_t offset); /* network order, as all numbers in packets */
uint32_t long_at(struct bytes bytes, size_t offset);
struct bytes bytes_from(struct bytes bytes, size_t offset);  /* the rest; empty if beyond the end */
struct bytes bytes_first(struct bytes bytes, size_t length); /* the first so many, or all */

/* A packet, or what an ICMP error quotes of one. */
struct packet {
	bool out;    /* the direction in which it travels */
	bool quoted; /* only its beginning is there, and it isn't judged itself */

	/* link layer */
	const uint8_t *destination_mac;
	bool tagged;
	uint16_t ethertype;
	struct bytes network; /* behind the ethertype */

	/* network layer */
	uint8_t family; /* 4, 6; 0: no IP */
	struct model_address source;
	struct model_address destination;
	uint8_t hops;     /* TTL or hop limit */
	uint8_t protocol; /* behind all extension headers */
	bool fragment_header;
	bool fragment;             /* a true one */
	bool first;                /* of the packet's fragments, or the whole packet */
	bool more;                 /* fragments follow */
	uint8_t fragment_protocol; /* IPv4: the protocol; IPv6: next header of the fragment header */
	uint32_t identification;
	uint32_t fragment_offset; /* bytes */
	uint32_t fragment_length; /* bytes of data in this fragment */

	/* transport */
	struct bytes transport; /* what is there of it, header included */
	bool has_ports;
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t flags; /* TCP */
	bool init;     /* SCTP: the first chunk is INIT */
	bool has_type;
	uint8_t type; /* ICMP, ICMPv6 */
	uint8_t code;
	uint16_t identifier;  /* of an echo */
	struct bytes payload; /* of UDP and ICMP; what is there of it */
	size_t datagram;      /* bytes of a whole UDP datagram, its header left out */
};

/* ---- reading: each gives OUTCOME_UNDECIDED, or the fault that it found first ---------------------- */

enum outcome read_link(struct packet *packet, struct bytes frame);
enum outcome read_ip4(const struct model_policy *policy, struct packet *packet);
enum outcome read_ip6(const struct model_policy *policy, struct packet *packet);
enum outcome read_transport(struct packet *packet);
bool read_quote(struct packet *quote, const struct packet *error);

enum outcome ip6_chain(struct packet *packet, struct bytes chain, uint8_t next);

/* ---- addresses ------------------------------------------------------------------------------------ */

bool address_equal(const struct model_address *a, const struct model_address *b);
bool address_in_prefix(const struct model_address *address, const struct model_prefix *prefix);
bool address_in_set(const struct model_address *address, const struct model_set *set);
bool address_is_unspecified(const struct model_address *address);
bool address_is_link_local(const struct model_address *address);
bool address_is_martian_source(const struct model_address *address);
bool address_is_martian_destination(const struct model_address *address);

/* ---- what a packet is ------------------------------------------------------------------------------- */

bool packet_is_icmp(const struct packet *packet); /* of its own family */
bool packet_is_echo_request(const struct packet *packet);
bool packet_is_echo_reply(const struct packet *packet);
bool packet_is_icmp_error(const struct packet *packet);
bool packet_is_dhcp_request(const struct packet *packet);
bool packet_is_dhcp_answer(const struct packet *packet);
bool packet_opens(const struct packet *packet);
/* The packet that this one would answer; false where nothing has replies. */
bool packet_reverse(const struct packet *packet, struct packet *reverse);

/* ---- rules -------------------------------------------------------------------------------------------- */

const struct model_rule *rule_find(const struct model_policy *policy, const struct packet *packet);
enum outcome rule_why_none(const struct model_policy *policy, const struct packet *packet);

/* ---- memory -------------------------------------------------------------------------------------------- */

struct model_flow {
	/* as the host sends */
	uint8_t protocol;
	struct model_address host;
	struct model_address peer;
	uint16_t host_port; /* of an echo request: its identifier */
	uint16_t peer_port;
	uint64_t last_sent;
	bool established; /* the host has sent a segment other than SYN or RST */
	bool fin_out;
	bool fin_in;
	bool reset;
};

struct fragment_record {
	struct model_address source;
	struct model_address destination;
	uint8_t protocol;
	uint32_t identification;
	bool out;
	uint64_t seen;
	uint32_t end;
};

struct bucket {
	const struct model_rule *rule;
	struct model_address outside; /* its first 64 bits, of IPv6 */
	uint64_t level;               /* in parts of a token */
	uint64_t at;
};

/* "Timeouts are kept to within a second": the very moment at which they end is after them. */
bool within(uint64_t now, uint64_t then, uint32_t seconds);

#define MEMORY_MAX 4096u

struct model {
	struct model_flow flows[MEMORY_MAX];
	unsigned int flow_count;
	struct fragment_record fragments[MEMORY_MAX];
	unsigned int fragment_count;
	struct bucket buckets[MEMORY_MAX];
	unsigned int bucket_count;
	bool asked[2]; /* for an address: DHCPv4, DHCPv6 */
	uint64_t asked_at[2];
};

/* The live flow to which a packet of the host belongs, or NULL. */
struct model_flow *flow_find(struct model *model, const struct model_policy *policy, uint64_t now,
			     const struct packet *sent);
void flow_sent(struct model *model, const struct model_policy *policy, uint64_t now,
	       const struct packet *packet);
void flow_received(struct model *model, const struct model_policy *policy, uint64_t now,
		   const struct packet *packet);

/* Later fragments: passes or doesn't. */
enum outcome fragment_judge(const struct model *model, const struct model_policy *policy,
			    uint64_t now, const struct packet *packet);
void fragment_passed(struct model *model, uint64_t now, const struct packet *packet);

/* Whether the rule's limit has room for the packet, which then takes it. */
bool limit_allows(struct model *model, uint64_t now, const struct model_rule *rule,
		  const struct packet *packet);
bool payload_is_media(const struct packet *packet);

/* ---- steps that pass ----------------------------------------------------------------------------------- */

bool link_control_passes(const struct packet *packet);
bool neighbor_discovery_passes(const struct packet *packet);
bool icmp_error_passes(struct model *model, const struct model_policy *policy, uint64_t now,
		       const struct packet *packet);

#endif
