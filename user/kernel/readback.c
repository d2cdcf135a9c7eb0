// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/kernel/readback.h"
#include "user/kernel/state.h"

/* Sorted as the compiler sorts them (user/image/image.h). */
static int readback_compare_tuples(const void *one, const void *two)
{
	return image_tuple_compare(&((const struct image_tuple *)one)->key,
				   &((const struct image_tuple *)two)->key);
}

static int readback_compare4(const void *one, const void *two)
{
	const struct prefix4 *a = one, *b = two;
	int difference;

	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	/* network order: as bytes */
	difference = memcmp(&a->address, &b->address, sizeof(a->address));
	return difference ? difference : (int)a->length - (int)b->length;
}

static int readback_compare6(const void *one, const void *two)
{
	const struct prefix6 *a = one, *b = two;
	int difference;

	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	difference = memcmp(a->address, b->address, sizeof(a->address));
	return difference ? difference : (int)a->length - (int)b->length;
}

static int readback_tuples(int fd, struct image *image)
{
	struct tuple key, *from = NULL;

	while (bpf_map_get_next_key(fd, from, &key) == 0) {
		struct image_tuple *tuple = array_add(&image->tuples, &image->tuple_count);

		if (!tuple)
			return -ENOMEM;
		tuple->key = key;
		if (bpf_map_lookup_elem(fd, &key, &tuple->entry))
			return -errno;
		from = &key;
	}
	if (errno != ENOENT)
		return -errno;
	if (image->tuple_count)
		qsort(image->tuples, image->tuple_count, sizeof(*image->tuples),
		      readback_compare_tuples);
	return 0;
}

static int readback_prefixes4(int fd, struct image *image)
{
	struct prefix4 key, *from = NULL;

	while (fd >= 0 && bpf_map_get_next_key(fd, from, &key) == 0) {
		struct prefix4 *place = array_add(&image->prefixes4, &image->prefix4_count);

		if (!place)
			return -ENOMEM;
		*place = key;
		from = &key;
	}
	if (fd >= 0 && errno != ENOENT)
		return -errno;
	if (image->prefix4_count)
		qsort(image->prefixes4, image->prefix4_count, sizeof(*image->prefixes4),
		      readback_compare4);
	return 0;
}

static int readback_prefixes6(int fd, struct image *image)
{
	struct prefix6 key, *from = NULL;

	while (fd >= 0 && bpf_map_get_next_key(fd, from, &key) == 0) {
		struct prefix6 *place = array_add(&image->prefixes6, &image->prefix6_count);

		if (!place)
			return -ENOMEM;
		*place = key;
		from = &key;
	}
	if (fd >= 0 && errno != ENOENT)
		return -errno;
	if (image->prefix6_count)
		qsort(image->prefixes6, image->prefix6_count, sizeof(*image->prefixes6),
		      readback_compare6);
	return 0;
}

int readback_maps(const struct generation *generation, int tuples, int prefixes4, int prefixes6,
		  struct image *image)
{
	cleanup(image_free) struct image read = { .generation = malloc(sizeof(*generation)) };
	int error;

	if (!read.generation)
		return -ENOMEM;
	memcpy(read.generation, generation, sizeof(*generation));
	error = readback_tuples(tuples, &read);
	if (!error)
		error = readback_prefixes4(prefixes4, &read);
	if (!error)
		error = readback_prefixes6(prefixes6, &read);
	if (error)
		return error;
	*image = read;
	read = (struct image){ 0 };
	return 0;
}

static int readback_open(const struct gate *gate, unsigned int slot, const char *part)
{
	char path[PINS_PATH_SIZE];

	pins_path(path, gate->directory, "slot%u-%s", slot, part);
	return bpf_obj_get(path);
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
	prefixes6 = readback_open(gate, slot, "prefixes6");
	error = readback_maps(&state_memory(gate->word)->generations[slot], tuples, prefixes4,
			      prefixes6, image);
	if (error)
		return error;
	image->listing = take_pointer(&listing);
	image->flows_max = gate->stamp.flows_max;
	return 0;
}
