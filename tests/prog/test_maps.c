/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps are what abi.h says, and tell what they hold to those who dump them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/prog.h"

static struct prog prog;

static int open_gate(void **state)
{
	(void)state;
	prog_open(&prog, false);
	prog_policies(&prog, NULL, 0);
	prog_policy(&prog, "policy: addresses\n"
			   "rules:\n"
			   "  - {name: web-in, direction: in, protocol: tcp, ports: 443,\n"
			   "     to: [192.0.2.10, \"2001:db8::10\"]}\n");
	return 0;
}

static int close_gate(void **state)
{
	(void)state;
	prog_close(&prog);
	return 0;
}

static struct bpf_map_info map_info(int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);

	assert_return_code(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	return info;
}

static void keys_and_values_have_the_sizes_of_the_abi(void **state)
{
	static const struct {
		enum object_map map;
		uint32_t type, key, value, entries;
	} maps[] = {
		{ MAP_MEMORY, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct gate_memory), 1 },
		{ MAP_TUPLES, BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, SLOT_COUNT },
		{ MAP_PREFIXES4, BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, SLOT_COUNT },
		{ MAP_PREFIXES6, BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, SLOT_COUNT },
		{ MAP_RULE_COUNTS, BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct rule_count),
		  RULE_SLOTS },
		{ MAP_OUTCOME_COUNTS, BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct count),
		  OUTCOME_COUNTERS },
		{ MAP_FLOWS4, BPF_MAP_TYPE_LRU_HASH, sizeof(struct flow4_key), sizeof(struct flow),
		  PROG_FLOWS_MAX },
		{ MAP_FLOWS6, BPF_MAP_TYPE_LRU_HASH, sizeof(struct flow6_key), sizeof(struct flow),
		  PROG_FLOWS_MAX },
		/* 4 bits a flow and epoch would be 86, but there are never fewer than this */
		{ MAP_FLOW_MARKS, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct flow_marks), 256 },
		{ MAP_LIMITS, BPF_MAP_TYPE_ARRAY, 4, sizeof(uint64_t), RULE_SLOTS },
		{ MAP_LIMIT_SOURCES, BPF_MAP_TYPE_LRU_HASH, sizeof(struct limit_key),
		  sizeof(uint64_t), LIMIT_SOURCES_MAX },
		{ MAP_FRAGMENTS, BPF_MAP_TYPE_LRU_HASH, sizeof(struct fragment_key),
		  sizeof(struct fragment), FRAGMENTS_MAX },
		{ MAP_TESTRUN, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct testrun), 1 },
	};

	(void)state;
	assert_int_equal(PROG_COUNT(maps), MAP_COUNT);
	for (size_t i = 0; i < PROG_COUNT(maps); i++) {
		struct bpf_map_info info = map_info(prog.object.maps[maps[i].map]);

		print_message("# %s\n", object_map_names[maps[i].map]);
		assert_int_equal(info.type, maps[i].type);
		assert_int_equal(info.key_size, maps[i].key);
		assert_int_equal(info.value_size, maps[i].value);
		assert_int_equal(info.max_entries, maps[i].entries);
	}
}

/* The map that hangs in a slot of an array of maps. Caller closes. */
static int inner_map(enum object_map outer, uint32_t slot)
{
	uint32_t id;
	int fd;

	assert_return_code(bpf_map_lookup_elem(prog.object.maps[outer], &slot, &id), 0);
	fd = bpf_map_get_fd_by_id(id);
	assert_return_code(fd, 0);
	return fd;
}

static void so_have_those_of_a_policy(void **state)
{
	static const struct {
		enum object_map outer;
		uint32_t type, key, value;
	} maps[] = {
		{ MAP_TUPLES, BPF_MAP_TYPE_HASH, sizeof(struct tuple), sizeof(uint16_t) },
		{ MAP_PREFIXES4, BPF_MAP_TYPE_LPM_TRIE, sizeof(struct prefix4), 1 },
		{ MAP_PREFIXES6, BPF_MAP_TYPE_LPM_TRIE, sizeof(struct prefix6), 1 },
	};

	(void)state;
	for (size_t i = 0; i < PROG_COUNT(maps); i++) {
		int fd = inner_map(maps[i].outer, 1);
		struct bpf_map_info info = map_info(fd);

		close(fd);
		assert_int_equal(info.type, maps[i].type);
		assert_int_equal(info.key_size, maps[i].key);
		assert_int_equal(info.value_size, maps[i].value);
	}
}

static const struct btf_member *find_member(const struct btf *btf, const struct btf_type *type,
					    const char *name)
{
	for (unsigned int i = 0; i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name) == 0)
			return &btf_members(type)[i];
	fail_msg("no member %s", name);
	return NULL;
}

/* What `bpftool map dump` shows of the tuples: names, in place of bytes. */
static void the_tuples_name_their_fields(void **state)
{
	static const struct {
		const char *name;
		size_t at;
	} members[] = { { "direction", offsetof(struct tuple, direction) },
			{ "protocol", offsetof(struct tuple, protocol) },
			{ "port", offsetof(struct tuple, port) } };
	int fd = inner_map(MAP_TUPLES, 0);
	struct bpf_map_info info = map_info(fd);
	const struct btf_type *type;
	struct btf *btf;

	(void)state;
	close(fd);
	assert_int_not_equal(info.btf_id, 0);
	assert_int_not_equal(info.btf_key_type_id, 0);
	assert_int_not_equal(info.btf_value_type_id, 0);
	btf = btf__load_from_kernel_by_id(info.btf_id);
	assert_non_null(btf);
	type = btf__type_by_id(btf, info.btf_key_type_id);
	assert_true(btf_is_struct(type));
	assert_string_equal(btf__name_by_offset(btf, type->name_off), "tuple");
	assert_int_equal(type->size, sizeof(struct tuple));
	assert_int_equal(btf_vlen(type), PROG_COUNT(members));
	for (size_t i = 0; i < PROG_COUNT(members); i++)
		assert_int_equal(find_member(btf, type, members[i].name)->offset,
				 members[i].at * 8);
	assert_int_equal(btf__resolve_size(btf, info.btf_value_type_id), sizeof(uint16_t));
	btf__free(btf);
}

/* Both compilers lay the contract out alike. */
static void the_object_has_the_same_structs(void **state)
{
	static const struct {
		const char *name;
		size_t size;
	} structs[] = {
		{ "gate_memory", sizeof(struct gate_memory) },
		{ "generation", sizeof(struct generation) },
		{ "settings", sizeof(struct settings) },
		{ "rule_scope", sizeof(struct rule_scope) },
		{ "rule_extra", sizeof(struct rule_extra) },
		{ "peer_range", sizeof(struct peer_range) },
		{ "limit_key", sizeof(struct limit_key) },
		{ "flow4_key", sizeof(struct flow4_key) },
		{ "flow6_key", sizeof(struct flow6_key) },
		{ "flow", sizeof(struct flow) },
		{ "count", sizeof(struct count) },
		{ "rule_count", sizeof(struct rule_count) },
		{ "testrun", sizeof(struct testrun) },
		{ "tuple", sizeof(struct tuple) },
	};
	struct bpf_map_info info = map_info(prog.object.maps[MAP_FLOWS4]);
	struct btf *btf = btf__load_from_kernel_by_id(info.btf_id);

	(void)state;
	assert_non_null(btf);
	for (size_t i = 0; i < PROG_COUNT(structs); i++) {
		int id = btf__find_by_name_kind(btf, structs[i].name, BTF_KIND_STRUCT);

		print_message("# struct %s\n", structs[i].name);
		assert_return_code(id, 0);
		assert_int_equal(btf__resolve_size(btf, (uint32_t)id), structs[i].size);
	}
	btf__free(btf);
}

/* What is in the maps is the image, tuple by tuple, and nothing else. */
static void the_tuples_are_the_image(void **state)
{
	const struct image *image = &prog.images[0];
	int fd = inner_map(MAP_TUPLES, 0);
	struct tuple key, next;
	size_t count = 0;
	void *from = NULL;

	(void)state;
	while (bpf_map_get_next_key(fd, from, &next) == 0) {
		key = next;
		from = &key;
		count++;
	}
	assert_int_equal(count, image->tuple_count);
	assert_int_equal(count, 10000 + 5); /* what the default's six rows come to */
	for (size_t i = 0; i < count; i++) {
		uint16_t entry;

		assert_return_code(bpf_map_lookup_elem(fd, &image->tuples[i].key, &entry), 0);
		assert_int_equal(entry, image->tuples[i].entry);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_values_have_the_sizes_of_the_abi),
		cmocka_unit_test(so_have_those_of_a_policy),
		cmocka_unit_test(the_tuples_name_their_fields),
		cmocka_unit_test(the_object_has_the_same_structs),
		cmocka_unit_test(the_tuples_are_the_image),
	};

	return cmocka_run_group_tests(tests, open_gate, close_gate);
}
