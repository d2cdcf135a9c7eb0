// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <edgegate/abi.h> /* the skeleton names its types */

#include "edgegate_batch.skel.h"
#include "user/base/cleanup.h"
#include "user/kernel/object.h"
#include "user/kernel/publish.h"
#include "user/kernel/state.h"
#include "user/kernel/testrun.h"

#define ETHERNET_HEADER 14u /* no card receives less, and no test run takes less */
#define BUFFER_MOST 65535u  /* that a test run of XDP takes */

/*
 * Maps, what is run over them, and what drives it. The verifier takes a tenth of a second or more for each of the
 * four programs, and most questions need one or two: tc's for `in` is loaded first, so that a kernel which
 * refuses them does so at once; the others when a packet needs them, or at the same time for who knows that it will.
 */
struct testrun_gate {
	struct object object; /* the maps, and the first program or tc's two */
	struct object tc_out, xdp[DIRECTION_COUNT];
	struct object_wish wish; /* for these */
	struct edgegate_batch *driver;
	struct batch_packet *batch; /* BATCH_MAX of them, mapped */
	uint64_t *word;             /* state_map() of the memory */
};

/* ---- loading ----------------------------------------------------------------------------------- */

/* Where the driver looks for tc's program of a direction. */
static int testrun_offer(struct testrun_gate *gate, uint32_t direction, int program)
{
	return bpf_map_update_elem(bpf_map__fd(gate->driver->maps.batch_programs), &direction,
				   &program, BPF_ANY) ?
		       -errno :
		       0;
}

static int testrun_load_driver(struct testrun_gate *gate)
{
	int error;

	gate->driver = edgegate_batch__open();
	if (!gate->driver)
		return -errno;
	error = bpf_map__reuse_fd(gate->driver->maps.testrun, gate->object.maps[MAP_TESTRUN]);
	if (!error)
		error = edgegate_batch__load(gate->driver);
	for (uint32_t i = 0; !error && i < DIRECTION_COUNT; i++)
		if (gate->object.tc[i] >= 0)
			error = testrun_offer(gate, i, gate->object.tc[i]);
	if (error)
		return error;
	gate->batch = mmap(NULL, sizeof(*gate->batch) * BATCH_MAX, PROT_READ | PROT_WRITE,
			   MAP_SHARED, bpf_map__fd(gate->driver->maps.batch), 0);
	if (gate->batch == MAP_FAILED) {
		gate->batch = NULL;
		return -errno;
	}
	gate->word = state_map(gate->object.maps[MAP_MEMORY]);
	return gate->word ? 0 : -errno;
}

static int testrun_need_xdp(struct testrun_gate *gate, enum direction direction, const char *what,
			    struct diags *diags)
{
	struct object_wish wish = gate->wish;

	if (gate->xdp[direction].xdp_skeletons[direction])
		return 0;
	wish.xdp[direction] = true;
	return object_load(&wish, &gate->xdp[direction], what, diags);
}

static int testrun_need_tc(struct testrun_gate *gate, enum direction direction, const char *what,
			   struct diags *diags)
{
	struct object_wish wish = gate->wish;
	int error;

	if (gate->object.tc[direction] >= 0 || gate->tc_out.tc_skeletons[direction])
		return 0;
	wish.tc[direction] = true;
	error = object_load(&wish, &gate->tc_out, what, diags);
	if (error)
		return error;
	error = testrun_offer(gate, direction, gate->tc_out.tc[direction]);
	if (error) {
		object_close(&gate->tc_out);
		diag_system(diags, -error, what, "the kernel refuses the program for test runs");
		diag_hint(diags, "see that the kernel is 6.1 or later: uname -r");
	}
	return error;
}

int testrun_open(uint32_t hz, uint32_t flows_max, bool out, const char *what,
		 struct testrun_gate **opened, struct diags *diags)
{
	struct object_wish wish = {
		.tc = { [DIRECTION_IN] = true, [DIRECTION_OUT] = out },
		.multi_buffer = true,
		.testing = true,
		.hz = hz,
		.flows_max = flows_max,
	};
	struct testrun_gate *gate = calloc(1, sizeof(*gate));
	int error;

	if (!gate)
		return diag_system(diags, ENOMEM, what, NULL);
	error = object_load(&wish, &gate->object, what, diags);
	if (error) {
		free(gate);
		return error;
	}
	memset(wish.tc, 0, sizeof(wish.tc));
	wish.map_fds = gate->object.maps;
	gate->wish = wish;
	error = testrun_load_driver(gate);
	if (error) {
		testrun_close(gate);
		diag_system(diags, -error, what, "the kernel refuses the program for test runs");
		diag_hint(diags, "see that the kernel is 6.1 or later: uname -r");
		return error;
	}
	*opened = gate;
	return 0;
}

void testrun_close(struct testrun_gate *gate)
{
	if (!gate)
		return;
	if (gate->batch)
		munmap(gate->batch, sizeof(*gate->batch) * BATCH_MAX);
	state_unmap(&gate->word);
	edgegate_batch__destroy(gate->driver);
	object_close(&gate->tc_out);
	for (int i = 0; i < DIRECTION_COUNT; i++)
		object_close(&gate->xdp[i]);
	object_close(&gate->object);
	free(gate);
}

const int *testrun_maps(const struct testrun_gate *gate)
{
	return gate->object.maps;
}

int testrun_publish(struct testrun_gate *gate, const struct image *image, const char *what,
		    struct diags *diags)
{
	const struct state before = state_unpack(state_read(gate->word));
	const struct state state = {
		.live = before.live == 0 ? 1 : 0,
		.former = SLOT_NONE,
		.mode = MODE_ENFORCE,
	};
	int error = publish_fill(gate->object.maps, NULL, state.live, image, NULL, what, diags);

	if (error)
		return error;
	testrun_set_state(gate, &state);
	return 0;
}

void testrun_lift_limits(struct testrun_gate *gate)
{
	const struct state state = state_unpack(state_read(gate->word));
	struct generation *generation = &state_memory(gate->word)->generations[state.live];

	for (uint32_t slot = 0; slot < RULE_SLOTS; slot++)
		generation->extras[slot].interval = 0;
}

struct gate_memory *testrun_memory(const struct testrun_gate *gate)
{
	return state_memory(gate->word);
}

void testrun_set_state(struct testrun_gate *gate, const struct state *state)
{
	/* nobody else writes it */
	state_swap(gate->word, state_read(gate->word), state_pack(state));
}

/* ---- running ----------------------------------------------------------------------------------- */

/* How many of these packets one batch can take. */
static size_t testrun_fit(const struct testrun_packet *packets, size_t count)
{
	size_t fit = 0;

	while (fit < count && fit < BATCH_MAX && packets[fit].captured >= ETHERNET_HEADER &&
	       packets[fit].captured <= BATCH_BYTES)
		fit++;
	return fit;
}

/* A valid IPv4 packet, as large as a batch's packets may be: kernels look at what they are given. */
static const uint8_t testrun_buffer[BATCH_BYTES] = {
	[12] = 0x08,
	[14] = 0x45,
	[16] = (BATCH_BYTES - ETHERNET_HEADER) >> 8,
	[17] = (BATCH_BYTES - ETHERNET_HEADER) & 0xff,
};

static int testrun_batch(struct testrun_gate *gate, struct testrun_packet *packets, size_t count)
{
	struct batch_state *state = &gate->driver->bss->batch_state;

	for (size_t i = 0; i < count; i++) {
		struct batch_packet *packet = &gate->batch[i];

		packet->now = packets[i].now;
		packet->frame_len = packets[i].length ? packets[i].length : packets[i].captured;
		packet->size = packets[i].captured;
		packet->direction = packets[i].direction;
		packet->decision = DECISION(OUTCOME_UNDECIDED, 0);
		memcpy(packet->bytes, packets[i].bytes, packets[i].captured);
	}
	state->count = (uint32_t)count;
	state->next = 0;
	/* a signal ends a run early: it goes on where it stood, and takes down what was decided last */
	for (;;) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = testrun_buffer,
			    .data_size_in = sizeof(testrun_buffer),
			    .repeat = (int)(count - state->next) + 1);
		int error = bpf_prog_test_run_opts(
			bpf_program__fd(gate->driver->progs.edgegate_batch), &run);

		if (error && errno != EINTR)
			return -errno;
		if (!error)
			break;
	}
	for (size_t i = 0; i < count; i++)
		packets[i].decision = gate->batch[i].decision;
	return state->next == count ? 0 : -EIO;
}

/* What no test run takes is counted as if the first CPU had dropped it. */
static int testrun_count(const struct testrun_gate *gate, uint32_t key, uint32_t bytes)
{
	int fd = gate->object.maps[MAP_OUTCOME_COUNTS], cpus = libbpf_num_possible_cpus();
	autofree struct count *counts = cpus > 0 ? calloc((size_t)cpus, sizeof(*counts)) : NULL;

	if (!counts)
		return cpus < 0 ? cpus : -ENOMEM;
	if (bpf_map_lookup_elem(fd, &key, counts))
		return -errno;
	counts[0].packets++;
	counts[0].bytes += bytes;
	return bpf_map_update_elem(fd, &key, counts, BPF_ANY) ? -errno : 0;
}

/* A packet that no batch takes: larger, or shorter than any that a card hands over. */
static int testrun_single(struct testrun_gate *gate, struct testrun_packet *packet)
{
	uint32_t size = packet->captured < BUFFER_MOST ? packet->captured : BUFFER_MOST;
	struct testrun knobs = {
		.now = packet->now,
		.frame_len = packet->length ? packet->length : packet->captured,
	};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet->bytes, .data_size_in = size,
		    .repeat = 1);
	uint32_t zero = 0;

	if (size < ETHERNET_HEADER) {
		packet->decision = DECISION(OUTCOME_DROP_MALFORMED, 0);
		return testrun_count(gate,
				     packet->direction * OUTCOME_COUNT + OUTCOME_DROP_MALFORMED,
				     knobs.frame_len);
	}
	if (bpf_map_update_elem(gate->object.maps[MAP_TESTRUN], &zero, &knobs, BPF_ANY) ||
	    bpf_prog_test_run_opts(gate->xdp[packet->direction].xdp[packet->direction], &run) ||
	    bpf_map_lookup_elem(gate->object.maps[MAP_TESTRUN], &zero, &knobs))
		return -errno;
	packet->decision = knobs.decision;
	return 0;
}

/* What the next packets need: `fit` of them in a batch, or the first by itself. */
static int testrun_need(struct testrun_gate *gate, const struct testrun_packet *packets, size_t fit,
			const char *what, struct diags *diags)
{
	int error = 0;

	if (!fit)
		return packets->captured < ETHERNET_HEADER ?
			       0 :
			       testrun_need_xdp(gate, packets->direction, what, diags);
	for (size_t i = 0; !error && i < fit; i++)
		error = testrun_need_tc(gate, packets[i].direction, what, diags);
	return error;
}

int testrun_run(struct testrun_gate *gate, struct testrun_packet *packets, size_t count,
		const char *what, struct diags *diags)
{
	int error = 0;

	for (size_t at = 0; !error && at < count;) {
		size_t fit = testrun_fit(packets + at, count - at);

		error = testrun_need(gate, packets + at, fit, what, diags);
		if (error)
			return error;
		if (fit)
			error = testrun_batch(gate, packets + at, fit);
		else
			error = testrun_single(gate, packets + at);
		at += fit ? fit : 1;
	}
	if (error) {
		diag_system(diags, -error, what, "a test run failed");
		diag_hint(diags, "see that the kernel is 6.1 or later: uname -r");
	}
	return error;
}

/* ---- forgetting -------------------------------------------------------------------------------- */

static int testrun_empty_hash(int fd)
{
	uint8_t key[sizeof(struct fragment_key)];

	while (!bpf_map_get_next_key(fd, NULL, key))
		if (bpf_map_delete_elem(fd, key) && errno != ENOENT)
			return -errno;
	return errno == ENOENT ? 0 : -errno;
}

int testrun_reset(struct testrun_gate *gate, const char *what, struct diags *diags)
{
	static const enum object_map hashes[] = { MAP_FLOWS4, MAP_FLOWS6, MAP_FRAGMENTS,
						  MAP_LIMIT_SOURCES };
	struct gate_memory *memory = state_memory(gate->word);
	const uint64_t full = 0;
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(hashes) / sizeof(*hashes); i++)
		error = testrun_empty_hash(gate->object.maps[hashes[i]]);
	for (uint32_t slot = 0; !error && slot < RULE_SLOTS; slot++)
		if (bpf_map_update_elem(gate->object.maps[MAP_LIMITS], &slot, &full, BPF_ANY))
			error = -errno;
	/* marks only say "maybe": they may stay */
	memset(memory->dhcp_asked, 0, sizeof(memory->dhcp_asked));
	if (error)
		return diag_system(diags, -error, what, "cannot empty the maps of a test run");
	return 0;
}
