/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and prefixes, strictly: what they say in text, and how they lie to each other. */
#ifndef USER_POLICY_ADDRESS_H
#define USER_POLICY_ADDRESS_H

#include <stdbool.h>

#include "user/policy/policy.h"

/* What is wrong with a text that should have been an address; `hint` may be empty. */
struct address_fault {
	char why[192];
	char hint[192];
};

/* "2001:db8:...:255.255.255.255/128" and the NUL. */
#define ADDRESS_TEXT_SIZE 64

/*
 * Does a text mean to be an address rather than a name: it has a colon or a slash, or nothing but
 * digits and dots.
 */
bool address_is_meant(const char *text);

/* An address (a prefix of full length) or a prefix. -EINVAL: *fault says why. */
int address_parse(const char *text, struct policy_prefix *prefix, struct address_fault *fault);

/* The canonical text (RFC 5952); a full length is left out. */
void address_print(const struct policy_prefix *prefix, char text[ADDRESS_TEXT_SIZE]);

/* By family, address, length: what contains others stands before them. For qsort() too. */
int address_compare(const void *left, const void *right);

bool address_contains(const struct policy_prefix *outer, const struct policy_prefix *inner);

#endif
