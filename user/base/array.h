/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A growable array is a pointer and a count, as everywhere in the trees: how much room there is
 * follows from the count (the next power of two, at least 4), so that nobody has to keep it.
 * A list must therefore have grown by array_add() alone; items are given up by lowering the count.
 */
#ifndef USER_BASE_ARRAY_H
#define USER_BASE_ARRAY_H

#include <stddef.h>

/*
 * `list` with room for one more than `count` items of `size` bytes, that one zeroed. NULL: no
 * memory, and `list` is as it was.
 */
void *array_grow(void *list, size_t count, size_t size);

/*
 * Adds an item of zeroes to *list, counted in *count, and gives a pointer to it; NULL: no memory.
 * The pointer holds until the next one is added.
 */
#define array_add(list, count)                                                                     \
	({                                                                                         \
		__typeof__(*(list)) array_room = array_grow(*(list), *(count), sizeof(**(list)));  \
		__typeof__(*(list)) array_item = NULL;                                             \
		if (array_room) {                                                                  \
			*(list) = array_room;                                                      \
			array_item = &array_room[(*(count))++];                                    \
		}                                                                                  \
		array_item;                                                                        \
	})

#endif
