// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <edgegate/abi.h>

#include "edgegate_tc.skel.h"
#include "edgegate_xdp.skel.h"
#include "tests/lib/walk_maps.h"

struct walk_map *walk_map(struct walk_machine *machine, int fd)
{
	struct walk_map *map;
	uint32_t size = sizeof(map->info);

	for (unsigned int i = 0; i < machine->map_count; i++)
		if (machine->maps[i].fd == fd)
			return &machine->maps[i];
	assert_true(machine->map_count < WALK_MAPS_OPEN);
	map = &machine->maps[machine->map_count++];
	map->fd = fd;
	assert_return_code(bpf_obj_get_info_by_fd(fd, &map->info, &size), errno);
	return map;
}

static size_t walk_memory_size(const struct walk_map *map)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (((map->info.value_size + 7) & ~(size_t)7) + page - 1) / page * page;
}

/* Constants are as they were loaded, with `testing` set. */
static void *walk_constants(const struct walk_machine *machine, const struct walk_map *map)
{
	uint8_t *copy = malloc(map->info.value_size);
	uint32_t zero = 0;

	assert_non_null(copy);
	assert_return_code(bpf_map_lookup_elem(map->fd, &zero, copy), errno);
	copy[machine->is_xdp ? offsetof(struct edgegate_xdp__rodata, testing) :
			       offsetof(struct edgegate_tc__rodata, testing)] = machine->testing;
	return copy;
}

void *walk_map_value(struct walk_machine *machine, int fd)
{
	struct walk_map *map = walk_map(machine, fd);
	const struct object *object = &machine->prog->object;
	enum direction direction = machine->frame->out ? DIRECTION_OUT : DIRECTION_IN;
	const struct bpf_map *constants = machine->is_xdp ?
						  object->xdp_skeletons[direction]->maps.rodata :
						  object->tc_skeletons[direction]->maps.rodata;

	if (map->memory)
		return map->memory;
	map->is_copy = fd == bpf_map__fd(constants);
	map->memory = map->is_copy ? walk_constants(machine, map) :
				     mmap(NULL, walk_memory_size(map), PROT_READ | PROT_WRITE,
					  MAP_SHARED, fd, 0);
	if (map->memory == MAP_FAILED)
		fail_msg("walk: cannot map the memory of %s: %s", map->info.name, strerror(errno));
	return map->memory;
}

void walk_maps_free(struct walk_machine *machine)
{
	for (unsigned int i = 0; i < machine->value_count; i++)
		free(machine->values[i].bytes);
	for (unsigned int i = 0; i < machine->map_count; i++) {
		struct walk_map *map = &machine->maps[i];

		if (map->is_copy)
			free(map->memory);
		else if (map->memory)
			munmap(map->memory, walk_memory_size(map));
		if (map->is_ours)
			close(map->fd);
	}
}

/* ---- look-ups ------------------------------------------------------------------------------------ */

static bool walk_is_per_cpu(const struct walk_map *map)
{
	return map->info.type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       map->info.type == BPF_MAP_TYPE_PERCPU_HASH ||
	       map->info.type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool walk_has_maps(const struct walk_map *map)
{
	return map->info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       map->info.type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static void walk_count_lookup(struct walk_cost *cost, const struct walk_map *map)
{
	unsigned int i = 0;

	while (i < cost->lookup_count && strcmp(cost->lookups[i].map, map->info.name) != 0)
		i++;
	assert_true(i < WALK_MAPS);
	if (i == cost->lookup_count) {
		cost->lookup_count++;
		memcpy(cost->lookups[i].map, map->info.name, sizeof(cost->lookups[i].map));
	}
	cost->lookups[i].count++;
}

/* By another descriptor each time: what was found once isn't found again, and that is fine. */
static void *walk_inner(struct walk_machine *machine, uint32_t id)
{
	int fd = bpf_map_get_fd_by_id(id);
	struct walk_map *inner;

	assert_return_code(fd, errno);
	inner = walk_map(machine, fd);
	inner->is_ours = true;
	return inner;
}

static void *walk_look_up(struct walk_machine *machine, const struct walk_map *map, const void *key)
{
	size_t size = (map->info.value_size + 7) & ~(size_t)7;
	struct walk_value *value;
	void *bytes;

	walk_count_lookup(machine->cost, map);
	for (unsigned int i = 0; i < machine->value_count; i++) {
		value = &machine->values[i];
		if (value->map == map && memcmp(value->key, key, map->info.key_size) == 0)
			return value->bytes;
	}
	if (walk_is_per_cpu(map))
		size *= (size_t)libbpf_num_possible_cpus();
	bytes = calloc(1, size);
	assert_non_null(bytes);
	if (bpf_map_lookup_elem(map->fd, key, bytes)) {
		free(bytes);
		return NULL;
	}
	if (walk_has_maps(map)) {
		uint32_t id;

		memcpy(&id, bytes, sizeof(id));
		free(bytes);
		return walk_inner(machine, id);
	}
	assert_true(machine->value_count < WALK_VALUES);
	value = &machine->values[machine->value_count++];
	assert_true(map->info.key_size <= sizeof(value->key));
	*value = (struct walk_value){ .map = map, .bytes = bytes };
	memcpy(value->key, key, map->info.key_size);
	return bytes;
}

static int walk_update(struct walk_machine *machine, const struct walk_map *map, const void *key,
		       const void *bytes, uint64_t flags)
{
	machine->cost->updates++;
	for (unsigned int i = 0; i < machine->value_count; i++)
		if (machine->values[i].map == map &&
		    memcmp(machine->values[i].key, key, map->info.key_size) == 0)
			memcpy(machine->values[i].bytes, bytes, map->info.value_size);
	return bpf_map_update_elem(map->fd, key, bytes, flags) ? -errno : 0;
}

uint32_t walk_decision(const struct walk_machine *machine)
{
	int fd = machine->prog->object.maps[MAP_TESTRUN];

	for (unsigned int i = 0; i < machine->value_count; i++)
		if (machine->values[i].map->info.id == walk_map((void *)machine, fd)->info.id)
			return ((const struct testrun *)machine->values[i].bytes)->decision;
	fail_msg("walk: it never asked what a test says");
	return 0; /* not reached */
}

/* ---- the others ---------------------------------------------------------------------------------- */

static uint64_t walk_load_bytes(const struct walk_machine *machine, uint64_t at, void *to,
				uint64_t size)
{
	if (at > machine->frame->length || size > machine->frame->length - at)
		return (uint64_t)-EFAULT;
	memcpy(to, machine->frame->bytes + at, size);
	return 0;
}

void walk_help(struct walk_machine *machine, int number)
{
	uint64_t *r = machine->registers;

	switch (number) {
	case BPF_FUNC_map_lookup_elem:
		r[0] = (uint64_t)(uintptr_t)walk_look_up(machine, (void *)(uintptr_t)r[1],
							 (void *)(uintptr_t)r[2]);
		break;
	case BPF_FUNC_map_update_elem:
		r[0] = (uint64_t)(int64_t)walk_update(machine, (void *)(uintptr_t)r[1],
						      (void *)(uintptr_t)r[2],
						      (void *)(uintptr_t)r[3], r[4]);
		break;
	case BPF_FUNC_jiffies64:
		r[0] = machine->prog->now;
		break;
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_ktime_get_coarse_ns:
	case BPF_FUNC_ktime_get_boot_ns:
		r[0] = machine->prog->now * (1000000000ull / PROG_HZ);
		break;
	case BPF_FUNC_get_smp_processor_id:
		r[0] = 0; /* whose values walk_look_up() gives */
		break;
	case BPF_FUNC_xdp_get_buff_len:
		r[0] = machine->frame->length;
		break;
	case BPF_FUNC_xdp_load_bytes:
	case BPF_FUNC_skb_load_bytes:
		r[0] = walk_load_bytes(machine, (uint32_t)r[2], (void *)(uintptr_t)r[3],
				       (uint32_t)r[4]);
		break;
	case BPF_FUNC_skb_pull_data:
		r[0] = 0; /* all of it can be read */
		break;
	case BPF_FUNC_redirect:
		r[0] = 7; /* TC_ACT_REDIRECT */
		break;
	default:
		fail_msg("walk: helper %d is not known: say in tests/lib/walk_maps.c what it does",
			 number);
	}
}
