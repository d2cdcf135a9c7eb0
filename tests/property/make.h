/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of make_steps(). */
#ifndef TESTS_PROPERTY_MAKE_H
#define TESTS_PROPERTY_MAKE_H

#include "tests/property/build.h"

/* Who talks with whom, and how far they are. */
struct talk {
	int family;
	uint8_t protocol;
	struct model_address host;
	struct model_address peer;
	uint16_t host_port; /* of an echo: the identifier */
	uint16_t peer_port;
	uint8_t type;   /* of ICMP: what the one who began sends */
	bool begun_out; /* by the host */
	unsigned int stage;
	bool media;
};

void talk_make(struct random *random, const struct model_policy *policy, struct talk *talk);

/* The next packet of it, either way. */
void talk_step(struct random *random, struct talk *talk, struct step *step);

/* A packet of it in up to `room` fragments, in any order; gives how many. */
size_t talk_fragments(struct random *random, struct talk *talk, struct step *steps, size_t room);

/* What the network itself says: ARP, link control, neighbor discovery, DHCP and such. */
void chatter_step(struct random *random, struct step *step);

/* An ICMP error about a former packet. */
void error_step(struct random *random, const struct step *about, struct step *step);

/* Changes something in it, for better or worse. */
void mutate_step(struct random *random, struct step *step);
/* Turns it round: direction, addresses, ports. */
void turn_step(struct step *step);

/* What stands around IP packets, mostly nothing. */
void envelope_make(struct random *random, const struct model_address *source,
		   const struct model_address *destination, struct envelope *envelope);

#endif
