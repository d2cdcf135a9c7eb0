// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/lib/prog_payload.h"

const char payload_policy[] =
	"policy: payload\n"
	"rules:\n"
	"  - {name: seen-in, direction: in, protocol: udp, ports: 3478, payload: {class: udp-media}}\n"
	"  - {name: held-in, direction: in, protocol: udp, ports: 3479,\n"
	"     payload: {class: udp-media, mode: enforce}}\n"
	"  - {name: seen-out, direction: out, protocol: udp, ports: 3480,\n"
	"     payload: {class: udp-media, mode: observe}}\n"
	"  - {name: held-out, direction: out, protocol: udp, ports: 3481,\n"
	"     payload: {class: udp-media, mode: enforce}}\n"
	"  - {name: plain-in, direction: in, protocol: udp, ports: 3482}\n";

uint64_t payload_mismatches(const struct prog *prog)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < RULE_SLOTS; i++)
		sum += prog->rules[i].payload_mismatches;
	return sum;
}

void payload_expect_at(struct prog *prog, const struct payload_case *one, const char *file,
		       int line)
{
	uint64_t before = payload_mismatches(prog), packets = prog->packets, runs, grown;

	prog_expect_at(prog, one->words, one->outcome, one->rule, file, line);
	runs = prog->packets - packets;
	grown = payload_mismatches(prog) - before;
	if (grown != runs * one->mismatches) {
		print_error("%s: %llu mismatches in %llu runs\n", one->words,
			    (unsigned long long)grown, (unsigned long long)runs);
		_fail(file, line);
	}
}

void payload_try_at(struct prog *prog, const char *more, bool fits, const char *file, int line)
{
	static const struct {
		const char *ends, *rule;
		bool enforce;
	} ways[] = {
		{ "in udp PEER:40000 > HOST:3478", "seen-in", false },
		{ "in udp PEER:40000 > HOST:3479", "held-in", true },
		{ "out udp HOST:40000 > PEER:3480", "seen-out", false },
		{ "out udp HOST:40000 > PEER:3481", "held-out", true },
	};
	char words[FRAME_TEXT_MAX];

	for (size_t i = 0; i < PROG_COUNT(ways); i++) {
		bool passes = fits || !ways[i].enforce;
		struct payload_case one = { .words = words,
					    .outcome = passes ? OUTCOME_RULE : OUTCOME_DROP_PAYLOAD,
					    .rule = passes ? ways[i].rule : NULL,
					    .mismatches = fits ? 0 : 1 };

		snprintf(words, sizeof(words), "%s %s", ways[i].ends, more);
		payload_expect_at(prog, &one, file, line);
	}
}

void payload_cases(struct prog *prog, const struct payload_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int family = prog->family;
		const char *more = prog->more;

		prog_reset(prog);
		prog->family = family;
		prog->more = more;
		payload_expect_at(prog, &cases[i], __FILE__, __LINE__);
	}
}

void payload_cases_everywhere(struct prog *prog, const struct payload_case *cases, size_t count)
{
	static const char *const tags[] = { "", "tag=8100", "tag=88a8 tag=8100" };

	for (int family = 4; family <= 6; family += 2) {
		for (size_t i = 0; i < PROG_COUNT(tags); i++) {
			prog_reset(prog);
			prog->family = family;
			prog->more = tags[i];
			payload_cases(prog, cases, count);
		}
	}
	prog_reset(prog);
}
