/* SPDX-License-Identifier: GPL-2.0-only */
/* The few addresses and ports that policies and packets are drawn from, so that they often meet. */
#ifndef TESTS_PROPERTY_POOLS_H
#define TESTS_PROPERTY_POOLS_H

#include "tests/property/property.h"

struct model_address pool_host(struct random *random, int family);
struct model_address pool_peer(struct random *random, int family);
/* That nobody should come from, or that are for many. */
struct model_address pool_special(struct random *random, int family);
struct model_address pool_any(struct random *random, int family);
uint16_t pool_port(struct random *random);
/* What the contract treats in a way of its own more often than others. */
uint8_t pool_icmp_type(struct random *random, int family);
uint8_t pool_protocol(struct random *random); /* without ports or types */

#endif
