/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gates as metrics: one registry of families, from which the exposition formats and docs/metrics.md are
 * written. What is counted is listed elsewhere, once for tables, JSON and here: outcomes in
 * edgegate/outcomes.h, the numbers of a rule in user/report/gate.h.
 */
#ifndef USER_REPORT_METRICS_H
#define USER_REPORT_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/text.h"
#include "user/report/gate.h"

/* Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
enum metrics_format { METRICS_PROMETHEUS, METRICS_OPENMETRICS };

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_INFO };

/* What is told of edgegate itself. */
struct metrics_self {
	const char *version; /* of edgegate */
	const char *libbpf;
	uint64_t unreadable;                  /* gates that could not be read, this time */
	double seconds;                       /* that reading the gates took, this time */
	bool serves;                          /* those below are known: it is the exporter */
	uint64_t started_at;                  /* CLOCK_REALTIME, seconds */
	uint64_t scrapes;                     /* documents made of gates since then */
	uint64_t errors;                      /* of these, such that a gate could not be read for */
	const struct metrics_answer *answers; /* what was answered, by status; in its order */
	size_t answer_count;
	uint64_t connections; /* that are open */
	uint64_t cut;         /* that took too long, or gave way to newer ones */
};

/* A status of HTTP, and how often it was answered. */
struct metrics_answer {
	unsigned int status;
	uint64_t count;
};

struct metrics_writer;

/* A family of metrics. Its lines are those of each gate, or of edgegate itself. */
struct metrics_family {
	const char *name; /* without _total and _info */
	enum metrics_type type;
	const char *unit;   /* a base unit, which the name ends in; "" for none */
	const char *labels; /* "gate, rule" */
	const char *help;
	void (*of_gate)(struct metrics_writer *writer, const struct report_gate *gate);
	void (*of_self)(struct metrics_writer *writer, const struct metrics_self *self);
};
extern const struct metrics_family metrics_families[];
extern const size_t metrics_family_count;

/* Takes what has been written, piece by piece. 0, or a negative errno, which ends it. */
typedef int (*metrics_sink)(const char *bytes, size_t size, void *data);

/*
 * Writes all families of these gates and of edgegate itself. Gates have labels that differ. 0, -ENOMEM or what the
 * sink said.
 */
int metrics_write(enum metrics_format format, const struct report_gate *gates, size_t count,
		  const struct metrics_self *self, metrics_sink sink, void *data);

/* The same in one string, the caller's; NULL: no memory. */
char *metrics_text(enum metrics_format format, const struct report_gate *gates, size_t count,
		   const struct metrics_self *self);

/* ---- for the families ------------------------------------------------------------------------------ */

struct metrics_writer {
	enum metrics_format format;
	const struct metrics_family *family;
	char name[64]; /* that the family's lines begin with */
	size_t name_length;
	struct text text;   /* not yet given to the sink */
	struct text labels; /* of the line that is being written */
	size_t kept;        /* bytes of these that the next line begins with too */
	metrics_sink sink;
	void *data;
	int error;
};

/* A line: labels one by one, then the value. */
void metrics_label(struct metrics_writer *writer, const char *name, const char *value);
/* The same of a value that is ours, in which nothing is to be escaped. */
void metrics_label_word(struct metrics_writer *writer, const char *name, const char *value);
/* The labels so far stay for all lines until metrics_forget(). */
void metrics_keep(struct metrics_writer *writer);
void metrics_forget(struct metrics_writer *writer);
void metrics_number(struct metrics_writer *writer, uint64_t value);
/* The same with one label more, after which those before it are there for another line. */
void metrics_number_also(struct metrics_writer *writer, const char *name, const char *label,
			 uint64_t value);
void metrics_real(struct metrics_writer *writer, double value);

#endif
