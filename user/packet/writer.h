/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a capture: under another name in the same folder, renamed when it is whole, so that a failure
 * leaves what stood there before. A path that is no regular file (a pipe, a device) is written as it is.
 */
#ifndef USER_PACKET_WRITER_H
#define USER_PACKET_WRITER_H

#include "user/packet/capture.h"

struct writer;

/* For packets of captures like this one: its link type, its times' precision. `what` is borrowed. */
int writer_open(const char *path, const struct capture *like, const char *what,
		struct writer **opened, struct diags *diags);

/* Can packets of this capture stand in the same file? If not, says so. */
int writer_takes(const struct writer *writer, const struct capture *capture, struct diags *diags);

/* Only the raw bytes, their lengths, the time and, for errors, the number are looked at. */
int writer_add(struct writer *writer, const struct capture_packet *packet, struct diags *diags);

/* Whole: puts it in its place. Of one that failed before, nothing more is said: -EIO. */
int writer_finish(struct writer *writer, struct diags *diags);

/* What was not finished is gone. NULL is fine. */
void writer_close(struct writer *writer);

#endif
