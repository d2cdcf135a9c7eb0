/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_ROOM 4

void *array_grow(void *list, size_t count, size_t size)
{
	size_t room = count ? count * 2 : LEAST_ROOM;

	if (count == 0 || (count >= LEAST_ROOM && (count & (count - 1)) == 0)) {
		if (room > SIZE_MAX / size)
			return NULL;
		list = realloc(list, room * size);
	}
	if (list)
		memset((char *)list + count * size, 0, size);
	return list;
}
