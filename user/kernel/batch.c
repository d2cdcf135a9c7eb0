// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "user/base/cleanup.h"
#include "user/kernel/batch.h"

int batch_read(int fd, const struct batch *batch, batch_each each, void *data)
{
	/* where the next batch begins: of a hash a number of 32 bits, of others a key */
	autofree void *position = calloc(1, batch->key_size + sizeof(uint32_t));
	autofree void *keys = calloc(batch->most, batch->key_size);
	autofree void *values = calloc(batch->most, batch->value_size);
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	bool first = true, last = false;
	int result = 0;

	if (!position || !keys || !values)
		return -ENOMEM;
	while (!last && !result) {
		uint32_t count = batch->most;

		if (bpf_map_lookup_batch(fd, first ? NULL : position, position, keys, values,
					 &count, &options)) {
			if (errno != ENOENT)
				return -errno;
			last = true; /* this was the last batch; it counts */
		}
		first = false;
		result = count ? each(keys, values, count, data) : 0;
	}
	return result;
}

int batch_write(int fd, const struct batch *batch, const void *keys, const void *values,
		size_t count)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options, .elem_flags = BPF_ANY);

	for (size_t at = 0; at < count;) {
		uint32_t some = count - at < batch->most ? (uint32_t)(count - at) : batch->most;

		if (bpf_map_update_batch(fd, (const char *)keys + at * batch->key_size,
					 (const char *)values + at * batch->value_size, &some,
					 &options))
			return -errno;
		at += some;
	}
	return 0;
}
