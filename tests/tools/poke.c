// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to a gate's memory behind edgegate's back: turns one bit of a part of a generation over, or puts
 * a whole state word in place. bpftool can't: the memory is one value of megabytes.
 *
 *	poke MEMORY-PIN settings|scopes|extras|peers|lists|candidates|table
 *	poke MEMORY-PIN state [WORD]        without a word: prints it, in hexadecimal
 *	poke cookie                         prints that of the network namespace that it runs in
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <edgegate/abi.h>

static const struct {
	const char *name;
	size_t offset;
} parts[] = {
	{ "settings", offsetof(struct generation, settings) },
	{ "scopes", offsetof(struct generation, scopes[17].to) },
	{ "extras", offsetof(struct generation, extras[17].tolerance) },
	{ "peers", offsetof(struct generation, peers[17].last) },
	{ "lists", offsetof(struct generation, lists[17]) },
	{ "candidates", offsetof(struct generation, candidates[17]) },
	{ "table", offsetof(struct generation, table[17]) },
};

static void fail(const char *what)
{
	fprintf(stderr, "poke: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct gate_memory *open_memory(const char *pin)
{
	union bpf_attr attr = { .pathname = (uintptr_t)pin };
	int fd = (int)syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct gate_memory *memory;

	if (fd < 0)
		fail(pin);
	memory = mmap(NULL, (sizeof(*memory) + page - 1) / page * page, PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		fail("map the memory");
	close(fd);
	return memory;
}

static int print_cookie(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie;
	socklen_t size = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size))
		fail("ask for the namespace's cookie");
	printf("%llu\n", (unsigned long long)cookie);
	return 0;
}

int main(int argc, char **argv)
{
	struct gate_memory *memory;
	unsigned int live;

	if (argc == 2 && strcmp(argv[1], "cookie") == 0)
		return print_cookie();
	if (argc < 3) {
		fprintf(stderr, "usage: poke MEMORY-PIN PART | state [WORD]; poke cookie\n");
		return 2;
	}
	memory = open_memory(argv[1]);
	if (strcmp(argv[2], "state") == 0) {
		if (argc > 3)
			memory->state = strtoull(argv[3], NULL, 16);
		else
			printf("%llx\n", (unsigned long long)memory->state);
		return 0;
	}
	live = memory->state >> STATE_LIVE_SHIFT & STATE_FIELD_MASK;
	for (size_t i = 0; live < SLOT_COUNT && i < sizeof(parts) / sizeof(*parts); i++) {
		if (strcmp(parts[i].name, argv[2]) != 0)
			continue;
		((uint8_t *)&memory->generations[live])[parts[i].offset] ^= 1;
		return 0;
	}
	fprintf(stderr, "poke: no policy is in force, or there is no part '%s'\n", argv[2]);
	return 1;
}
