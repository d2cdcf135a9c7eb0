// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/jobs.h"
#include "user/kernel/batch.h"
#include "user/kernel/publish.h"
#include "user/kernel/readback.h"
#include "user/kernel/state.h"

#define BATCH 4096u

/* The inner maps of a slot. */
enum part_map {
	PART_MAP_TUPLES,
	PART_MAP_PREFIXES4,
	PART_MAP_PREFIXES6,
	PART_MAP_LISTING,
	PART_MAPS,
};

/* One of them. */
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

/* One that is to be made and filled. */
struct part_work {
	const struct part *part;
	const struct object *object;
	const void *keys, *values;
	int *fd; /* of the map, for whoever closes it */
};

static int part_make(void *data)
{
	const struct part_work *work = data;
	const struct part *part = work->part;
	const struct batch batch = { part->key_size, part->value_size, BATCH };
	int fd = part_create(part, work->object);

	if (fd < 0)
		return fd;
	*work->fd = fd;
	return batch_write(fd, &batch, work->keys, work->values, part->entries);
}

/* Hangs an inner map into its slot and pins it. */
static int part_hang(int fd, const struct part *part, const int maps[MAP_COUNT],
		     const char *directory, unsigned int slot)
{
	char path[PINS_PATH_SIZE];

	/* first: killed in between, whoever fills the slot next sees by it that the pin is there */
	if (part->outer >= 0 && bpf_map_update_elem(maps[part->outer], &slot, &fd, BPF_ANY))
		return -errno;
	if (!directory)
		return 0;
	pins_path(path, directory, "slot%u-%s", slot, part->name);
	return pins_put(fd, path);
}

/* Has anything hung in this slot of an array of maps? 1, 0 or a negative errno. */
static int publish_is_used(int outer_fd, unsigned int slot)
{
	uint32_t id;

	if (bpf_map_lookup_elem(outer_fd, &slot, &id) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
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
	int used = publish_is_used(maps[MAP_TUPLES], slot);
	autoclose int fd = -1;

	if (used <= 0)
		return used; /* it was never live */
	fd = part_create(&empty, NULL);
	if (fd < 0)
		return fd;
	return bpf_map_update_elem(maps[MAP_TUPLES], &slot, &fd, BPF_ANY) ? -errno : 0;
}

static int publish_generation(int memory_fd, unsigned int slot, const struct generation *generation)
{
	uint64_t *word = state_map(memory_fd);

	if (!word)
		return -errno;
	memcpy(&state_memory(word)->generations[slot], generation, sizeof(*generation));
	state_unmap(&word);
	return 0;
}

static bool publish_is_same(const void *read, size_t read_count, const void *wanted, size_t count,
			    size_t size)
{
	return read_count == count && (!count || memcmp(read, wanted, count * size) == 0);
}

/* The listing's map holds the listing. */
static int publish_check_listing(int fd, const struct listing_header *listing)
{
	/* the kernel copies values in steps of eight bytes */
	autofree void *value = calloc(1, ((size_t)listing->size + 7) & ~(size_t)7);
	uint32_t zero = 0;

	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, value))
		return -errno;
	return memcmp(value, listing, listing->size) == 0 ? 0 : -EIO;
}

/* All that was filled is what the image says, no less and no more. */
static int publish_check(const int fds[PART_MAPS], int memory_fd, unsigned int slot,
			 const struct image *image)
{
	cleanup(image_free) struct image read = { 0 };
	uint64_t *word = state_map(memory_fd);
	int error;

	if (!word)
		return -errno;
	error = readback_maps(&state_memory(word)->generations[slot], fds[PART_MAP_TUPLES],
			      fds[PART_MAP_PREFIXES4], fds[PART_MAP_PREFIXES6], &read);
	state_unmap(&word);
	if (error)
		return error;
	if (memcmp(read.generation, image->generation, sizeof(*image->generation)) != 0 ||
	    !publish_is_same(read.tuples, read.tuple_count, image->tuples, image->tuple_count,
			     sizeof(*image->tuples)) ||
	    !publish_is_same(read.prefixes4, read.prefix4_count, image->prefixes4,
			     image->prefix4_count, sizeof(*image->prefixes4)) ||
	    !publish_is_same(read.prefixes6, read.prefix6_count, image->prefixes6,
			     image->prefix6_count, sizeof(*image->prefixes6)))
		return -EIO;
	return publish_check_listing(fds[PART_MAP_LISTING], image->listing);
}

/* Keys and values of all parts, dense. */
struct publish_entries {
	struct tuple *tuples;
	uint16_t *entries;
	uint8_t *ones; /* a prefix's value says nothing */
};

static void publish_entries_free(struct publish_entries *entries)
{
	free(entries->tuples);
	free(entries->entries);
	free(entries->ones);
}

static int publish_entries_make(const struct image *image, struct publish_entries *entries)
{
	size_t prefixes = image->prefix4_count + image->prefix6_count;

	entries->tuples = calloc(image->tuple_count + 1, sizeof(*entries->tuples));
	entries->entries = calloc(image->tuple_count + 1, sizeof(*entries->entries));
	entries->ones = malloc(prefixes + 1);
	if (!entries->tuples || !entries->entries || !entries->ones)
		return -ENOMEM;
	for (size_t i = 0; i < image->tuple_count; i++) {
		entries->tuples[i] = image->tuples[i].key;
		entries->entries[i] = image->tuples[i].entry;
	}
	memset(entries->ones, 1, prefixes + 1);
	return 0;
}

static void publish_close(int (*fds)[PART_MAPS])
{
	for (int i = 0; i < PART_MAPS; i++)
		cleanup_close(&(*fds)[i]);
}

static int publish_parts(const int maps[MAP_COUNT], const char *directory, unsigned int slot,
			 const struct image *image, const struct object *object)
{
	const uint32_t zero = 0;
	const struct part parts[PART_MAPS] = {
		[PART_MAP_TUPLES] = { "tuples", MAP_TUPLES, BPF_MAP_TYPE_HASH, sizeof(struct tuple),
				      sizeof(uint16_t), (uint32_t)image->tuple_count, 0, "tuple",
				      "__u16" },
		[PART_MAP_PREFIXES4] = { "prefixes4", MAP_PREFIXES4, BPF_MAP_TYPE_LPM_TRIE,
					 sizeof(struct prefix4), 1, (uint32_t)image->prefix4_count,
					 BPF_F_NO_PREALLOC, NULL, NULL },
		[PART_MAP_PREFIXES6] = { "prefixes6", MAP_PREFIXES6, BPF_MAP_TYPE_LPM_TRIE,
					 sizeof(struct prefix6), 1, (uint32_t)image->prefix6_count,
					 BPF_F_NO_PREALLOC, NULL, NULL },
		[PART_MAP_LISTING] = { "listing", -1, BPF_MAP_TYPE_ARRAY, sizeof(zero),
				       image->listing->size, 1, 0, NULL, NULL },
	};
	cleanup(publish_entries_free) struct publish_entries entries = { 0 };
	cleanup(publish_close) int fds[PART_MAPS] = { -1, -1, -1, -1 };
	int error = publish_wait(maps, slot);

	if (!error)
		error = publish_entries_make(image, &entries);
	if (error)
		return error;
	const void *const keys[PART_MAPS] = { entries.tuples, image->prefixes4, image->prefixes6,
					      &zero };
	const void *const values[PART_MAPS] = { entries.entries, entries.ones, entries.ones,
						image->listing };
	struct part_work work[PART_MAPS];
	struct job jobs[PART_MAPS];
	size_t count = 0;

	for (int i = 0; i < PART_MAPS; i++) {
		/* without prefixes there is no set to ask for: no trie, and no wait for its exchange */
		if (parts[i].type == BPF_MAP_TYPE_LPM_TRIE && !parts[i].entries) {
			int used = publish_is_used(maps[parts[i].outer], slot);

			if (used < 0)
				return used;
			if (!used)
				continue;
		}
		work[i] = (struct part_work){ &parts[i], object, keys[i], values[i], &fds[i] };
		if (i != PART_MAP_LISTING) /* one entry is not worth a thread */
			jobs[count++] = (struct job){ part_make, &work[i], 0 };
	}
	error = jobs_run(jobs, count);
	if (!error)
		error = part_make(&work[PART_MAP_LISTING]);
	if (error)
		return error;
	error = publish_generation(maps[MAP_MEMORY], slot, image->generation);
	if (!error)
		error = publish_check(fds, maps[MAP_MEMORY], slot, image);
	for (int i = 0; !error && i < PART_MAPS; i++)
		if (fds[i] >= 0)
			error = part_hang(fds[i], &parts[i], maps, directory, slot);
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
