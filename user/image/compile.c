// SPDX-License-Identifier: GPL-2.0-only
/* Policy to image: the order of the steps, and what is said once for the whole policy. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/image/internal.h"

_Static_assert(sizeof(struct settings) == 32, "settings are read by the programs");
_Static_assert(sizeof(struct rule_scope) == 8, "scopes are read by the programs");
_Static_assert(sizeof(struct set_shape) == 24, "and so are shapes of sets");
_Static_assert(sizeof(struct tuple) == 4, "a tuple has no padding");
_Static_assert(sizeof(struct prefix4) == 12 && sizeof(struct prefix6) == 24, "nor has a prefix");
_Static_assert(sizeof(struct flow4_key) == 16 && sizeof(struct flow6_key) == 40, "nor a flow key");
_Static_assert(sizeof(struct rule_extra) == 24 && sizeof(struct peer_range) == 4,
	       "rules' further words");
_Static_assert(sizeof(struct limit_key) == 12 && sizeof(struct flow_marks) == 16,
	       "nor a limit's key");
_Static_assert(sizeof(struct fragment_key) == 40, "nor a fragment's");
_Static_assert(sizeof(struct gate_memory) < 4u << 20,
	       "Linux 6.1 maps no larger .bss: decision 001");
_Static_assert((int)POLICY_IN == (int)DIRECTION_IN && (int)POLICY_OUT == (int)DIRECTION_OUT,
	       "the tree and the maps agree on directions");

void image_free(struct image *image)
{
	free(image->generation);
	free(image->tuples);
	free(image->prefixes4);
	free(image->prefixes6);
	free(image->listing);
	memset(image, 0, sizeof(*image));
}

uint32_t image_longest_timeout(const struct policy *policy)
{
	uint32_t longest = 0;

	for (size_t i = 0; i < TIMEOUT_COUNT; i++)
		if (policy->settings.timeouts[i] > longest)
			longest = policy->settings.timeouts[i];
	return longest;
}

static void image_settings(const struct policy *policy, const struct image_running *running,
			   struct settings *settings)
{
	const struct policy_settings *said = &policy->settings;

	const struct {
		bool on;
		uint32_t flag;
	} switches[] = {
		{ said->link_control, SETTING_LINK_CONTROL },
		{ said->arp, SETTING_ARP },
		{ said->neighbor_discovery, SETTING_NEIGHBOR_DISCOVERY },
		{ said->icmp_errors, SETTING_ICMP_ERRORS },
		{ said->ping, SETTING_PING },
		{ said->dhcp, SETTING_DHCP },
		{ said->fragments_track, SETTING_FRAGMENTS_TRACK },
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
		if (switches[i].on)
			settings->flags |= switches[i].flag;
	for (size_t i = 0; i < TIMEOUT_COUNT; i++)
		settings->timeouts[i] = said->timeouts[i];
	if (image_longest_timeout(policy) <= running->epoch)
		settings->flags |= SETTING_FLOW_MARKS;
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].port_of != POLICY_PORT_OF_DESTINATION)
			settings->flags |= SETTING_SOURCE_PORTS_IN << policy->rules[i].direction;
}

int image_compile(const struct policy *policy, const struct image_running *running,
		  struct image *image, struct diags *diags)
{
	cleanup(image_free) struct image made = { 0 };
	autofree uint16_t *slots = NULL;
	int error;

	made.generation = calloc(1, sizeof(*made.generation));
	if (!made.generation)
		return diag_system(diags, ENOMEM, "compile the policy", "its table needs memory");
	image_settings(policy, running, &made.generation->settings);
	made.flows_max = policy->settings.flows_max;
	error = slots_assign(policy, running, &slots, diags);
	if (!error)
		error = sets_compile(policy, slots, &made, diags);
	if (!error)
		error = peers_compile(policy, slots, &made, diags);
	if (!error)
		error = tuples_compile(policy, slots, &made, diags);
	if (!error)
		error = listing_build(policy, slots, running, &made, diags);
	if (error)
		return error;
	image_hash_parts(&made, made.listing->parts);
	*image = made;
	memset(&made, 0, sizeof(made));
	return 0;
}
