/* SPDX-License-Identifier: GPL-2.0-only */
/* A gate with something of everything, for the tests of what is said of gates. */
#ifndef TESTS_LIB_REPORT_GATE_H
#define TESTS_LIB_REPORT_GATE_H

#include "user/report/gate.h"

/* Four rules, the third only in the former policy, the last "(removed)". Free with report_gate_free(). */
void report_gate_example(struct report_gate *gate);

/* Filters that stand before its tc program. */
void report_gate_ahead(struct report_interface *interface, const struct report_filter *filters,
		       size_t count);

#endif
