/* SPDX-License-Identifier: GPL-2.0-only */
/* What several verbs need: options, printing, and the way from a gate to a report. */
#ifndef USER_VERB_COMMON_H
#define USER_VERB_COMMON_H

#include <edgegate/abi.h>
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "user/base/diag.h"
#include "user/kernel/gate.h"
#include "user/policy/policy.h"
#include "user/report/gate.h"
#include "user/verb/verb.h"

/* ---- common_print.c ---------------------------------------------------------------------------------- */

/* Commands that people are told ("edgegate confirm -i eth0") name this namespace from now on. It is kept. */
void common_print_place(const char *netns);

/* The same text with its commands so. Caller frees; NULL: no memory. */
char *common_commands(const char *said);

/* common_print() of what commands stand in. */
int common_say(char *said);

/* Prints all of `diags` to standard error and empties it; returns the exit status that they ask for. */
int common_end(struct diags *diags);

/* Prints to standard output and frees. NULL: says that memory is short. Returns an exit status. */
int common_print(char *text);

/*
 * Asks on a terminal whether a consequence ("opens eth0 to everything") is meant; where nobody can be
 * asked, or the answer is no, says so in `diags`. True: go on.
 */
bool common_ask(const char *what, struct diags *diags, const char *consequence, ...)
	__attribute__((format(printf, 3, 4)));

/* Colour on a terminal without NO_COLOR (https://no-color.org), and its width. */
struct report_style common_style(void);

/* ---- common_options.c -------------------------------------------------------------------------------- */

/* -i IFACE[:outside|inside] as given. */
struct common_interface {
	char name[INTERFACE_NAME_SIZE]; /* empty where it is a label */
	const char *label;              /* "NETNS/IFACE" as status shows it, or NULL */
	enum facing facing;
	bool facing_given;
};

/* What the verbs' options can say; each verb takes those that it lists. */
struct common_options {
	struct common_interface interfaces[GATE_INTERFACES_MAX];
	size_t interface_count;
	struct policy_group_override *groups; /* owned; their strings too */
	size_t group_count;
	enum hooks hooks;
	bool hooks_given;
	enum mode mode;
	enum xdp_mode xdp;
	bool xdp_given;
	int tc; /* enum attach_tc */
	bool json, watch, yes, all, summary, flush, dry_run, force, no_wait, keep_session, replace;
	uint64_t confirm;                             /* seconds; 0: not given */
	const char *rule, *address, *port, *protocol; /* as given, or NULL */
	const char **hosts; /* --host, as often as it was given; the list is owned */
	size_t host_count;
	const char *only; /* "pass", "drop", "unknown", or NULL */
	const char *filter, *write, *diff, *capture;
	const char *format;    /* "table", "json", "prometheus", "openmetrics", or NULL */
	uint64_t packet;       /* --packet: its number in the capture, from 1; 0: not given */
	unsigned int interval; /* seconds between two looks of --watch */
	const char *const *arguments; /* what is left, argument_count of them */
	size_t argument_count;
};

/*
 * Reads a verb's options. `allowed` names those that it takes, by their letters: i g H m x t j w y a n o O F W D S r A p P X N C K c f L k R q.
 * 0; 1: --help was printed, 2: it could not be; -EINVAL with a diag. An option of a later version is refused by name.
 */
int common_options_read(const struct verb *verb, int argc, char **argv, const char *allowed,
			struct common_options *options, struct diags *diags);
void common_options_free(struct common_options *options);

/* ---- common_gates.c ----------------------------------------------------------------------------------- */

/* What is done with a gate. A negative errno with a diag ends it for a single one; of several, others go on. */
typedef int (*common_gate_function)(const struct gate *gate, const char *what, void *data,
				    struct diags *diags);

/*
 * With every gate there is, or with `interface` only the one that has it. `unread`, or NULL: those of which something was
 * said are added.
 */
int common_each_gate(const char *interface, const char *what, common_gate_function each, void *data,
		     struct report_unread *unread, struct diags *diags);

/* The gate on an interface; that there is none is said. */
int common_find_gate(const char *interface, const char *what, struct gate *gate,
		     struct diags *diags);

/* "a, b and c": the gate's interfaces, by the names that they have in its stamp, to be shown. Caller frees. */
char *common_gate_names(const struct gate *gate);

/* ---- common_collect.c -------------------------------------------------------------------------------- */

/* A gate's numbers and words, read such that they belong together; without a look at drift. */
int common_collect(const struct gate *gate, const char *what, struct report_gate *report,
		   struct diags *diags);

/*
 * Of it the interfaces alone (common_interfaces.c). `stays`: without a look into other namespaces, for who
 * may not enter them. 0 or -ENOMEM.
 */
int common_collect_interfaces(const struct gate *gate, bool stays, struct report_gate *report);

/* Every gate there is, or with `interface` only the one that has it. */
struct common_recent;
struct common_gates {
	struct report_gate *list;
	size_t count;
	bool looks_for_drift;         /* asked for: reads all maps of the policies in force */
	bool looks_at_tables;         /* likewise: counts the entries of tables */
	bool stays;                   /* in the namespace that we are in */
	struct common_recent *recent; /* what is slow to find may be as it was found last; or NULL */
	struct report_unread unread;  /* those that could not be read, which were said */
};
int common_collect_all(const char *interface, const char *what, struct common_gates *gates,
		       struct diags *diags);
void common_gates_free(struct common_gates *gates);

/* As in the metrics: "eth0", "blue/eth0". `shown`: cleaned; else with the names as they are. Caller frees. */
char *common_gate_label(const struct gate *gate, bool shown);

/* ---- common_rules.c ---------------------------------------------------------------------------------- */

/* The rules of a policy that isn't in force, for tables. Caller frees with report_gate_free(). */
int common_describe(const struct policy *policy, struct report_gate *report);

#endif
