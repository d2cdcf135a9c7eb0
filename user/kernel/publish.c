// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/kernel/publish.h"
#include "user/kernel/state.h"

#define BATCH 4096u

/* One inner map of a slot. */
struct part {
	const char *name; /* of its pin: slotN-name */
	int outer;        /* enum object_map, or -1: programs don't read it */
	enum bpf_map_type type;
	uint32_t key_size, value_size, entries, flags;
	const char *key_type, *value_type; /* in the object's BTF, or NULL */
};

static int part_create(const struct part *part, const struct object *object)
{
	uint32_t entries = part->entries ? part->entries : 1;
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = part->flags);
	int fd;

	if (object && part->key_type) {
		options.btf_key_type_id = object_btf_type(object, part->key_type);
		options.btf_value_type_id = object_btf_type(object, part->value_type);
		if (options.btf_key_type_id && options.btf_value_type_id)
			options.btf_fd = (uint32_t)object_btf_fd(object);
		else
			options.btf_key_type_id = options.btf_value_type_id = 0;
	}
	fd = bpf_map_create(part->type, part->name, part->key_size, part->value_size, entries,
			    &options);
	return fd < 0 ? -errno : fd;
}

/* Updates in batches; `keys` and `values` are dense arrays. */
static int part_fill(int fd, const struct part *part, const void *keys, const void *values,
		     size_t count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options, .elem_flags = BPF_ANY);

	for (size_t at = 0; at < count;) {
		uint32_t batch = count - at < BATCH ? (uint32_t)(count - at) : BATCH;

		if (bpf_map_update_batch(fd, (const char *)keys + at * part->key_size,
					 (const char *)values + at * part->value_size, &batch,
					 &options))
			return -errno;
		at += batch;
	}
	return 0;
}

/* How many entries a hash has. Negative errno on failure. */
static int64_t part_count(int fd, const struct part *part)
{
	autofree char *key = calloc(1, part->key_size);
	int64_t count = 0;

	if (!key)
		return -ENOMEM;
	while (bpf_map_get_next_key(fd, count ? key : NULL, key) == 0)
		count++;
	return errno == ENOENT ? count : -errno;
}

/*
 * Every key is there with its value, and a hash has no more than these. A trie answers with the longest
 * prefix that it has, so one that is missing inside another is not seen here.
 */
static int part_check(int fd, const struct part *part, const void *keys, const void *values,
		      size_t count)
{
	autofree void *value = calloc(1, ((size_t)part->value_size + 7) & ~(size_t)7);
	int64_t found;

	if (!value)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (bpf_map_lookup_elem(fd, (const char *)keys + i * part->key_size, value))
			return -errno;
		if (memcmp(value, (const char *)values + i * part->value_size, part->value_size) !=
		    0)
			return -EIO;
	}
	if (part->type != BPF_MAP_TYPE_HASH)
		return 0;
	found = part_count(fd, part);
	if (found < 0)
		return (int)found;
	return (size_t)found == count ? 0 : -EIO;
}

/* Has anything hung in this slot of an array of maps? */
static bool publish_is_used(int outer_fd, unsigned int slot)
{
	uint32_t id;

	return bpf_map_lookup_elem(outer_fd, &slot, &id) == 0;
}

/* Makes one inner map, fills it, reads it back, hangs it into its slot and pins it. */
static int part_publish(const struct part *part, const int maps[MAP_COUNT], const char *directory,
			unsigned int slot, const struct object *object, const void *keys,
			const void *values, size_t count)
{
	autoclose int fd = -1;
	int error;

	/* without prefixes there is no set to ask for: no trie, and no wait for its exchange */
	if (part->type == BPF_MAP_TYPE_LPM_TRIE && !count &&
	    !publish_is_used(maps[part->outer], slot))
		return 0;
	fd = part_create(part, object);
	if (fd < 0)
		return fd;
	error = part_fill(fd, part, keys, values, count);
	if (!error)
		error = part_check(fd, part, keys, values, count);
	if (error)
		return error;
	if (directory) {
		char path[PINS_PATH_SIZE];

		pins_path(path, directory, "slot%u-%s", slot, part->name);
		error = pins_put(fd, path);
		if (error)
			return error;
	}
	if (part->outer >= 0 && bpf_map_update_elem(maps[part->outer], &slot, &fd, BPF_ANY))
		return -errno;
	return 0;
}

/* A tuple map's keys and values as dense arrays. Caller frees both. */
static int publish_tuples(const struct image *image, struct tuple **keys, uint16_t **entries)
{
	*keys = calloc(image->tuple_count + 1, sizeof(**keys));
	*entries = calloc(image->tuple_count + 1, sizeof(**entries));
	if (!*keys || !*entries)
		return -ENOMEM;
	for (size_t i = 0; i < image->tuple_count; i++) {
		(*keys)[i] = image->tuples[i].key;
		(*entries)[i] = image->tuples[i].entry;
	}
	return 0;
}

/*
 * After this, no packet is still judged by a slot that was live before: Linux waits for all programs
 * that are under way when an inner map is exchanged (kernel/bpf/syscall.c, maybe_wait_bpf_programs,
 * since 4.20). membarrier(2) would do as well, but not where nohz_full is in use.
 */
static int publish_wait(const int maps[MAP_COUNT], unsigned int slot)
{
	const struct part empty = { "tuples",
				    MAP_TUPLES,
				    BPF_MAP_TYPE_HASH,
				    sizeof(struct tuple),
				    sizeof(uint16_t),
				    1,
				    0,
				    NULL,
				    NULL };
	autoclose int fd = -1;

	if (!publish_is_used(maps[MAP_TUPLES], slot))
		return 0; /* it was never live */
	fd = part_create(&empty, NULL);
	if (fd < 0)
		return fd;
	return bpf_map_update_elem(maps[MAP_TUPLES], &slot, &fd, BPF_ANY) ? -errno : 0;
}

static int publish_generation(int memory_fd, unsigned int slot, const struct generation *generation)
{
	uint64_t *word = state_map(memory_fd);
	int error = 0;

	if (!word)
		return -errno;
	memcpy(&state_memory(word)->generations[slot], generation, sizeof(*generation));
	if (memcmp(&state_memory(word)->generations[slot], generation, sizeof(*generation)) != 0)
		error = -EIO;
	state_unmap(&word);
	return error;
}

static int publish_parts(const int maps[MAP_COUNT], const char *directory, unsigned int slot,
			 const struct image *image, const struct object *object)
{
	const struct part listing = {
		"listing", -1, BPF_MAP_TYPE_ARRAY, 4, image->listing->size, 1, 0, NULL, NULL
	};
	const struct part tuples = { "tuples",
				     MAP_TUPLES,
				     BPF_MAP_TYPE_HASH,
				     sizeof(struct tuple),
				     sizeof(uint16_t),
				     (uint32_t)image->tuple_count,
				     0,
				     "tuple",
				     "__u16" };
	const struct part four = { "prefixes4",
				   MAP_PREFIXES4,
				   BPF_MAP_TYPE_LPM_TRIE,
				   sizeof(struct prefix4),
				   1,
				   (uint32_t)image->prefix4_count,
				   BPF_F_NO_PREALLOC,
				   NULL,
				   NULL };
	const struct part six = { "prefixes6",
				  MAP_PREFIXES6,
				  BPF_MAP_TYPE_LPM_TRIE,
				  sizeof(struct prefix6),
				  1,
				  (uint32_t)image->prefix6_count,
				  BPF_F_NO_PREALLOC,
				  NULL,
				  NULL };
	autofree struct tuple *keys = NULL;
	autofree uint16_t *entries = NULL;
	autofree uint8_t *ones = NULL;
	uint32_t zero = 0;
	int error;

	error = publish_wait(maps, slot);
	if (error)
		return error;
	error = publish_tuples(image, &keys, &entries);
	ones = malloc(image->prefix4_count + image->prefix6_count + 1);
	if (error || !ones)
		return -ENOMEM;
	memset(ones, 1, image->prefix4_count + image->prefix6_count + 1);
	error = part_publish(&tuples, maps, directory, slot, object, keys, entries,
			     image->tuple_count);
	if (!error)
		error = part_publish(&four, maps, directory, slot, object, image->prefixes4, ones,
				     image->prefix4_count);
	if (!error)
		error = part_publish(&six, maps, directory, slot, object, image->prefixes6, ones,
				     image->prefix6_count);
	if (!error)
		error = part_publish(&listing, maps, directory, slot, object, &zero, image->listing,
				     1);
	if (!error)
		error = publish_generation(maps[MAP_MEMORY], slot, image->generation);
	return error;
}

int publish_fill(const int maps[MAP_COUNT], const char *directory, unsigned int slot,
		 const struct image *image, const struct object *object, const char *what,
		 struct diags *diags)
{
	int error = publish_parts(maps, directory, slot, image, object);

	if (!error)
		return 0;
	diag_system(diags, -error, what, "cannot fill the policy's maps");
	diag_hint(diags, error == -ENOMEM ? "free memory and try again; what was in force stays" :
					    "try again; what was in force stays");
	return error;
}

int publish(struct gate *gate, const struct image *image, enum mode mode, uint64_t confirm,
	    uint64_t *deadline, const struct object *object, const char *what, struct diags *diags)
{
	unsigned int slot = state_free_slot(state_settled(gate->word));
	uint64_t word;
	int error = publish_fill(gate->maps, gate->directory, slot, image, object, what, diags);
	if (error)
		return error;
	/* an emergency, a rollback or a deadline may come meanwhile: none of them makes a slot free */
	do {
		word = state_settled(gate->word);
		*deadline = confirm ? state_now() + confirm : 0;
	} while (!state_swap(gate->word, word, state_published(word, slot, mode, *deadline)));
	return 0;
}
