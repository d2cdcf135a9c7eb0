/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owners carry a cleanup attribute at their declaration, so that a function can be judged without
 * reading the ones that it calls. Handing over is spelt out: `return take_pointer(&p);`.
 */
#ifndef USER_BASE_CLEANUP_H
#define USER_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup(function) __attribute__((cleanup(function)))

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define autofree cleanup(cleanup_free)
#define autoclose cleanup(cleanup_close) /* the fd starts at -1 */
#define autofclose cleanup(cleanup_fclose)

#define take_pointer(pointer)                                                                      \
	({                                                                                         \
		__typeof__(pointer) take_from = (pointer);                                         \
		__typeof__(*take_from) taken = *take_from;                                         \
		*take_from = NULL;                                                                 \
		taken;                                                                             \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
