/* SPDX-License-Identifier: GPL-2.0-only */
/* All entries of a map in a few system calls: Linux 5.6, of tries 5.13. */
#ifndef USER_KERNEL_BATCH_H
#define USER_KERNEL_BATCH_H

#include <stddef.h>
#include <stdint.h>

/* What a map's entries measure, and how many of them go into one system call. */
struct batch {
	size_t key_size;
	size_t value_size; /* bytes from one value to the next: of per-CPU maps all CPUs' */
	uint32_t most;
};

/* `count` keys and their values, both dense. Not 0: that ends the walk, and is its result. */
typedef int (*batch_each)(const void *keys, const void *values, size_t count, void *data);

/* Walks a whole map. 0, what `each` said, or a negative errno. */
int batch_read(int fd, const struct batch *batch, batch_each each, void *data);

/* Puts `count` entries into a map; `keys` and `values` are dense. 0 or a negative errno. */
int batch_write(int fd, const struct batch *batch, const void *keys, const void *values,
		size_t count);

#endif
