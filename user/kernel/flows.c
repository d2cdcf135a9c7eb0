// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <edgegate/flow_life.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/kernel/batch.h"
#include "user/kernel/clock.h"
#include "user/kernel/flows.h"
#include "user/kernel/readback.h"
#include "user/kernel/state.h"

/* ENOSPC, a bucket that holds more than fits into one, would take as many collisions. */
#define BATCH 4096u
#define ATTEMPTS 10

static void flows_ends4(const struct flow4_key *key, struct flow_ends *ends)
{
	*ends = (struct flow_ends){
		.local = { key->local },
		.remote = { key->remote },
		.local_port = key->local_port,
		.remote_port = key->remote_port,
		.family = 4,
		.protocol = key->protocol,
	};
}

static void flows_ends6(const struct flow6_key *key, struct flow_ends *ends)
{
	memcpy(ends->local, key->local, sizeof(ends->local));
	memcpy(ends->remote, key->remote, sizeof(ends->remote));
	ends->local_port = key->local_port;
	ends->remote_port = key->remote_port;
	ends->family = 6;
	ends->protocol = key->protocol;
}

/* Fills in what a flow's ends and value say. False: it doesn't live. */
static bool flows_judge(const struct flows_source *source, const struct flow *flow,
			struct flows_entry *entry)
{
	const struct settings *settings = &source->rules->image->generation->settings;
	bool is_icmp = flow_rules_is_icmp(&entry->ends);
	uint64_t timeout =
		flow_life_timeout(settings->timeouts, entry->ends.protocol, is_icmp, flow->state) *
		source->hz;
	int64_t idle = (int64_t)(source->now - flow->last_seen);
	int64_t age = (int64_t)(source->now - flow->created);

	/* the other CPU may have seen the next jiffy: not longer ago than never */
	if (idle >= (int64_t)timeout)
		return false;
	entry->rule = flow_rules_find(source->rules, &entry->ends);
	if (!entry->rule && !(is_icmp && settings->flags & SETTING_PING))
		return false;
	entry->state = flow->state;
	entry->age = age < 0 ? 0 : (uint32_t)((uint64_t)age / source->hz);
	entry->left =
		(uint32_t)(((uint64_t)((int64_t)timeout - idle) + source->hz - 1) / source->hz);
	return true;
}

/* A walk over one table. */
struct flows_table {
	const struct flows_source *source;
	int family; /* 4 or 6 */
	flows_each each;
	void *data;
};

static int flows_walk_batch(const void *keys, const void *values, size_t count, void *data)
{
	const struct flows_table *table = data;
	const struct flow *flows = values;

	for (size_t i = 0; i < count; i++) {
		struct flows_entry entry = { 0 };
		int result;

		if (table->family == 4)
			flows_ends4((const struct flow4_key *)keys + i, &entry.ends);
		else
			flows_ends6((const struct flow6_key *)keys + i, &entry.ends);
		if (!flows_judge(table->source, &flows[i], &entry))
			continue;
		result = table->each(&entry, table->data);
		if (result)
			return result;
	}
	return 0;
}

static int flows_walk_table(const struct flows_source *source, int family, flows_each each,
			    void *data)
{
	struct flows_table table = { source, family, each, data };
	const struct batch batch = {
		.key_size = family == 4 ? sizeof(struct flow4_key) : sizeof(struct flow6_key),
		.value_size = sizeof(struct flow),
		.most = BATCH,
	};

	return batch_read(source->tables[family == 6], &batch, flows_walk_batch, &table);
}

int flows_walk(const struct flows_source *source, flows_each each, void *data)
{
	int error = flows_walk_table(source, 4, each, data);

	return error ? error : flows_walk_table(source, 6, each, data);
}

/* By the policy of one slot. */
static int flows_walk_slot(const struct gate *gate, unsigned int slot, flows_each each, void *data)
{
	cleanup(image_free) struct image image = { 0 };
	cleanup(lookup_end) struct lookup rules = { 0 };
	struct flows_source source = {
		.tables = { gate->maps[MAP_FLOWS4], gate->maps[MAP_FLOWS6] },
		.rules = &rules,
		.hz = gate->stamp.hz,
	};
	int error = readback(gate, slot, &image);

	if (!error)
		error = lookup_begin(&rules, &image);
	if (!error)
		error = clock_jiffies(&source.now);
	return error ? error : flows_walk(&source, each, data);
}

/* Again from the start if another policy came into force meanwhile: `restart` forgets what it was told. */
static int flows_walk_live(const struct gate *gate, flows_each each, void (*restart)(void *data),
			   void *data)
{
	int error = 0;

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		uint64_t word = gate_word(gate);
		unsigned int slot = state_unpack(word).live;

		restart(data);
		error = slot < SLOT_COUNT ? flows_walk_slot(gate, slot, each, data) : 0;
		if (word == gate_word(gate))
			return error;
	}
	return error ? error : -EAGAIN;
}

/* ---- reading ----------------------------------------------------------------------------------- */

struct flows_reader {
	struct flows *flows;
	flows_wanted wanted;
	const void *data;
};

static int flows_keep(const struct flows_entry *entry, void *data)
{
	struct flows_reader *reader = data;
	struct flows_entry *place;

	if (reader->wanted && !reader->wanted(entry, reader->data))
		return 0;
	place = array_add(&reader->flows->list, &reader->flows->count);
	if (!place)
		return -ENOMEM;
	*place = *entry;
	return 0;
}

static void flows_forget(void *data)
{
	flows_free(((struct flows_reader *)data)->flows);
}

void flows_free(struct flows *flows)
{
	free(flows->list);
	*flows = (struct flows){ 0 };
}

int flows_read(const struct gate *gate, flows_wanted wanted, const void *data, struct flows *flows)
{
	struct flows_reader reader = { flows, wanted, data };
	int error;

	*flows = (struct flows){ 0 };
	error = flows_walk_live(gate, flows_keep, flows_forget, &reader);
	if (error)
		flows_free(flows);
	return error;
}

static int flows_add_one(const struct flows_entry *entry, void *data)
{
	struct flows_counts *counts = data;

	if (entry->ends.family == 4)
		counts->ipv4++;
	else
		counts->ipv6++;
	return 0;
}

static void flows_set_zero(void *data)
{
	*(struct flows_counts *)data = (struct flows_counts){ 0 };
}

int flows_count(const struct gate *gate, struct flows_counts *counts)
{
	struct flows_counts found = { 0 };
	int error = flows_walk_live(gate, flows_add_one, flows_set_zero, &found);

	if (!error)
		*counts = found;
	return error;
}

int flows_count_at(const int tables[2], const struct image *image, uint32_t hz, uint64_t now,
		   struct flows_counts *counts)
{
	cleanup(lookup_end) struct lookup rules = { 0 };
	const struct flows_source source = {
		.tables = { tables[0], tables[1] },
		.rules = &rules,
		.now = now,
		.hz = hz,
	};
	struct flows_counts found = { 0 };
	int error = lookup_begin(&rules, image);

	if (!error)
		error = flows_walk(&source, flows_add_one, &found);
	if (!error)
		*counts = found;
	return error;
}

/* ---- flushing ---------------------------------------------------------------------------------- */

static void flows_key(const struct flow_ends *ends, void *key)
{
	if (ends->family == 4) {
		*(struct flow4_key *)key = (struct flow4_key){
			.local = ends->local[0],
			.remote = ends->remote[0],
			.local_port = ends->local_port,
			.remote_port = ends->remote_port,
			.protocol = ends->protocol,
		};
		return;
	}
	*(struct flow6_key *)key = (struct flow6_key){
		.local_port = ends->local_port,
		.remote_port = ends->remote_port,
		.protocol = ends->protocol,
	};
	memcpy(((struct flow6_key *)key)->local, ends->local, sizeof(ends->local));
	memcpy(((struct flow6_key *)key)->remote, ends->remote, sizeof(ends->remote));
}

/* A batch of deletions ends at the first key that is not there (any more). */
static int flows_delete(int table, const char *keys, size_t key_size, size_t count, size_t *gone)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);

	for (size_t at = 0; at < count;) {
		uint32_t done = count - at < BATCH ? (uint32_t)(count - at) : BATCH;
		int error = 0;

		if (bpf_map_delete_batch(table, keys + at * key_size, &done, &options))
			error = errno;
		if (error && error != ENOENT)
			return -error;
		at += done + (error == ENOENT);
		*gone += done;
	}
	return 0;
}

int flows_flush(const struct gate *gate, const struct flows *flows, size_t *gone)
{
	int error = 0;

	*gone = 0;
	for (int family = 4; !error && family <= 6; family += 2) {
		size_t key_size = family == 4 ? sizeof(struct flow4_key) : sizeof(struct flow6_key);
		autofree char *keys = calloc(flows->count + 1, key_size);
		size_t count = 0;

		if (!keys)
			return -ENOMEM;
		for (size_t i = 0; i < flows->count; i++)
			if (flows->list[i].ends.family == family)
				flows_key(&flows->list[i].ends, keys + key_size * count++);
		error = flows_delete(gate->maps[family == 4 ? MAP_FLOWS4 : MAP_FLOWS6], keys,
				     key_size, count, gone);
	}
	return error;
}
