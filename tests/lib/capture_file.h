/* SPDX-License-Identifier: GPL-2.0-only */
/* A capture on disk, for the tests of what reads and writes them. Failures fail the test. */
#ifndef TESTS_LIB_CAPTURE_FILE_H
#define TESTS_LIB_CAPTURE_FILE_H

#include <stdbool.h>

#include "tests/lib/capture_bytes.h"
#include "user/packet/capture.h"

/* Where it stands, and a second one beside it; set by the first of these, a group's set-up. */
extern char capture_file_path[64], capture_file_kept[64];

int capture_file_begin(void **state);
int capture_file_end(void **state);

/* Opens what stands at capture_file_path; or writes all of `bytes` there first. Caller closes. */
struct capture *capture_file_open(void);
struct capture *capture_file_of(const struct capture_bytes *bytes);

/* The next packet; false: there is none. */
bool capture_file_next(struct capture *capture, struct capture_packet *packet);

#endif
