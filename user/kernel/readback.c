// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/jobs.h"
#include "user/kernel/batch.h"
#include "user/kernel/readback.h"
#include "user/kernel/state.h"

#define BATCH 4096u

/* Sorted as the compiler sorts them (user/image/image.h). */
static int readback_compare_tuples(const void *one, const void *two)
{
	return image_tuple_compare(&((const struct image_tuple *)one)->key,
				   &((const struct image_tuple *)two)->key);
}

/* Prefixes of both families begin alike, and what follows is the address. */
struct readback_prefix {
	uint32_t length, set;
	uint8_t address[]; /* network order: as bytes */
};

_Static_assert(offsetof(struct prefix4, address) == sizeof(struct readback_prefix) &&
		       offsetof(struct prefix6, address) == sizeof(struct readback_prefix),
	       "a prefix is a length, a set and an address");

static int readback_compare_prefixes(const void *one, const void *two, void *size)
{
	const struct readback_prefix *a = one, *b = two;
	int difference;

	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	difference = memcmp(a->address, b->address, *(const size_t *)size - sizeof(*a));
	return difference ? difference : (int)a->length - (int)b->length;
}

static int readback_add_tuples(const void *keys, const void *values, size_t count, void *data)
{
	struct image *image = data;

	for (size_t i = 0; i < count; i++) {
		struct image_tuple *tuple = array_add(&image->tuples, &image->tuple_count);

		if (!tuple)
			return -ENOMEM;
		tuple->key = ((const struct tuple *)keys)[i];
		tuple->entry = ((const uint16_t *)values)[i];
	}
	return 0;
}

static int readback_tuples(int fd, struct image *image)
{
	const struct batch batch = { sizeof(struct tuple), sizeof(uint16_t), BATCH };
	int error = batch_read(fd, &batch, readback_add_tuples, image);

	if (!error && image->tuple_count)
		qsort(image->tuples, image->tuple_count, sizeof(*image->tuples),
		      readback_compare_tuples);
	return error;
}

/* Keys that are kept, of `size` bytes each. */
struct readback_keys {
	void *list;
	size_t count, size;
};

static int readback_add_keys(const void *keys, const void *values, size_t count, void *data)
{
	struct readback_keys *kept = data;

	(void)values;
	for (size_t i = 0; i < count; i++) {
		void *list = array_grow(kept->list, kept->count, kept->size);

		if (!list)
			return -ENOMEM;
		kept->list = list;
		memcpy((char *)list + kept->count++ * kept->size,
		       (const char *)keys + i * kept->size, kept->size);
	}
	return 0;
}

/* What stands in the trie `fd`. The caller's, also on failure. */
static int readback_prefixes(int fd, struct readback_keys *kept)
{
	const struct batch batch = { kept->size, 1, BATCH };
	int error = batch_read(fd, &batch, readback_add_keys, kept);

	if (!error && kept->count)
		qsort_r(kept->list, kept->count, kept->size, readback_compare_prefixes,
			&kept->size);
	return error;
}

/* A trie to be read; a hash is with its image. */
struct readback_trie {
	int fd;
	struct readback_keys keys;
};

struct readback_hash {
	int fd;
	struct image *image;
};

static int readback_hash_job(void *data)
{
	const struct readback_hash *hash = data;

	return readback_tuples(hash->fd, hash->image);
}

static int readback_trie_job(void *data)
{
	struct readback_trie *trie = data;

	return readback_prefixes(trie->fd, &trie->keys);
}

/* The kernel walks a trie from its root for each key: the dearest part of an apply with many. */
int readback_maps(const struct generation *generation, int tuples, int prefixes4, int prefixes6,
		  struct image *image)
{
	cleanup(image_free) struct image read = { .generation = malloc(sizeof(*generation)) };
	struct readback_hash hash = { tuples, &read };
	struct readback_trie tries[] = { { prefixes4, { .size = sizeof(struct prefix4) } },
					 { prefixes6, { .size = sizeof(struct prefix6) } } };
	struct job jobs[3] = { { readback_hash_job, &hash, 0 } };
	size_t count = 1;
	int error;

	if (!read.generation)
		return -ENOMEM;
	memcpy(read.generation, generation, sizeof(*generation));
	for (int i = 0; i < 2; i++)
		if (tries[i].fd >= 0)
			jobs[count++] = (struct job){ readback_trie_job, &tries[i], 0 };
	error = jobs_run(jobs, count);
	read.prefixes4 = tries[0].keys.list;
	read.prefix4_count = tries[0].keys.count;
	read.prefixes6 = tries[1].keys.list;
	read.prefix6_count = tries[1].keys.count;
	if (error)
		return error;
	*image = read;
	read = (struct image){ 0 };
	return 0;
}

static int readback_open(const struct gate *gate, unsigned int slot, const char *part)
{
	char name[32];

	snprintf(name, sizeof(name), "slot%u-%s", slot, part);
	return gate_open_map(gate, name);
}

int readback(const struct gate *gate, unsigned int slot, struct image *image)
{
	autoclose int tuples = -1, prefixes4 = -1, prefixes6 = -1;
	autofree struct listing_header *listing = NULL;
	int error;

	if (slot >= SLOT_COUNT)
		return -ENOENT;
	error = gate_listing(gate, slot, &listing);
	if (error || !listing)
		return error ? error : -ENOENT;
	tuples = readback_open(gate, slot, "tuples");
	if (tuples < 0)
		return -errno;
	/* a slot without addresses of a family has no trie: nothing asks for one */
	prefixes4 = readback_open(gate, slot, "prefixes4");
	if (prefixes4 < 0 && errno != ENOENT)
		return -errno;
	prefixes6 = readback_open(gate, slot, "prefixes6");
	if (prefixes6 < 0 && errno != ENOENT)
		return -errno;
	if (gate->has_first_page)
		error = state_map_whole(gate->word, gate->maps[MAP_MEMORY]);
	if (!error)
		error = readback_maps(&state_memory(gate->word)->generations[slot], tuples,
				      prefixes4, prefixes6, image);
	if (error)
		return error;
	image->listing = take_pointer(&listing);
	image->flows_max = gate->stamp.flows_max;
	return 0;
}
