/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps to image: what publish.h put into a slot, as it stands there now. What is read of a slot that is
 * neither live nor former may change meanwhile: compare the state word before and after.
 */
#ifndef USER_KERNEL_READBACK_H
#define USER_KERNEL_READBACK_H

#include "user/image/image.h"
#include "user/kernel/gate.h"

/*
 * A slot's image; image_free() it. 0, or a negative errno and *image untouched: -ENOENT for SLOT_NONE
 * and for a slot that was never filled.
 */
int readback(const struct gate *gate, unsigned int slot, struct image *image);

/* The same but for the listing, from given maps: tuples, and the tries or -1 where there are none. */
int readback_maps(const struct generation *generation, int tuples, int prefixes4, int prefixes6,
		  struct image *image);

#endif
