// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases as text that one can read, edit and keep:
 *
 *	# what it is about
 *	--- policy A
 *	(a policy file)
 *	--- policy B
 *	(another)
 *	--- packets
 *	# wait (jiffies, of 1/250 s) direction hook way policy frame: ending [rule]
 *	0 out xdp short A 020000...: RULE r1
 */
#include <stdlib.h>
#include <string.h>

#include "tests/property/property.h"

void case_print(FILE *file, const struct property_case *printed, const struct ending *endings)
{
	for (unsigned int i = 0; i < POLICIES; i++) {
		fprintf(file, "--- policy %c\n", 'A' + i);
		policy_print(file, &printed->policies[i]);
	}
	fprintf(file,
		"--- packets\n"
		"# wait (jiffies, of 1/%u s) direction hook way policy frame: ending [rule]\n",
		PROG_HZ);
	for (size_t i = 0; i < printed->count; i++) {
		const struct step *step = &printed->steps[i];

		fprintf(file, "%u %s %s %s %c ", step->wait, step->out ? "out" : "in",
			step->hook == PROG_XDP ? "xdp" : "tc",
			step->way == PROG_SHORT ? "short" : "long", 'A' + step->policy);
		for (unsigned int byte = 0; byte < step->length; byte++)
			fprintf(file, "%02x", step->bytes[byte]);
		fprintf(file, ": %s%s%s\n", model_outcome_label(endings[i].outcome),
			endings[i].rule[0] ? " " : "", endings[i].rule);
	}
}
