/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much time strangers may cost, each by its address: who uses up their own has to wait, and
 * nobody else. Who has hundreds of addresses has hundreds of budgets: which of them may reach us is
 * the policy's to say.
 */
#ifndef USER_SERVE_BUDGET_H
#define USER_SERVE_BUDGET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#define BUDGET_SHARE 0.125 /* of the time, for each */
#define BUDGET_BURST 2.0   /* seconds for which one may be ahead of its share */
#define BUDGET_PEERS 256u  /* so many are remembered, those that cost least forgotten first */

struct budget_peer {
	struct in6_addr address; /* of peer_address() */
	double paid_until;       /* moment up to which its share is used; 0: nobody's */
};

/* Zero-initialised, nobody has cost anything. */
struct budget {
	struct budget_peer peers[BUDGET_PEERS];
};

/* May it cost some more? `now`: seconds of a monotonic clock. */
bool budget_allows(const struct budget *budget, const struct sockaddr *from, double now);

/* It has cost `seconds`. */
void budget_charge(struct budget *budget, const struct sockaddr *from, double seconds, double now);

#endif
