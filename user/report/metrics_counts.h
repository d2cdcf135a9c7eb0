/* SPDX-License-Identifier: GPL-2.0-only */
/* A gate's lines of the families that count packets, bytes and mismatches: struct metrics_family's of_gate. */
#ifndef USER_REPORT_METRICS_COUNTS_H
#define USER_REPORT_METRICS_COUNTS_H

#include "user/report/metrics.h"

void metrics_rule_packets(struct metrics_writer *writer, const struct report_gate *gate);
void metrics_rule_bytes(struct metrics_writer *writer, const struct report_gate *gate);
void metrics_payload_mismatches(struct metrics_writer *writer, const struct report_gate *gate);
void metrics_passed_packets(struct metrics_writer *writer, const struct report_gate *gate);
void metrics_passed_bytes(struct metrics_writer *writer, const struct report_gate *gate);
void metrics_dropped_packets(struct metrics_writer *writer, const struct report_gate *gate);
void metrics_dropped_bytes(struct metrics_writer *writer, const struct report_gate *gate);

#endif
