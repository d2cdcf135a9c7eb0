// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/capture_file.h"

char capture_file_path[64], capture_file_kept[64];

static char directory[] = "/tmp/edgegate-capture-XXXXXX";

int capture_file_begin(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(capture_file_path, sizeof(capture_file_path), "%s/capture", directory);
	snprintf(capture_file_kept, sizeof(capture_file_kept), "%s/kept", directory);
	return 0;
}

int capture_file_end(void **state)
{
	(void)state;
	unlink(capture_file_path);
	unlink(capture_file_kept);
	return rmdir(directory);
}

struct capture *capture_file_open(void)
{
	struct capture *capture = NULL;
	struct diags diags = { 0 };

	assert_int_equal(capture_open(capture_file_path, "replay test", &capture, &diags), 0);
	return capture;
}

struct capture *capture_file_of(const struct capture_bytes *bytes)
{
	capture_bytes_save(bytes, capture_file_path, bytes->count);
	return capture_file_open();
}

bool capture_file_next(struct capture *capture, struct capture_packet *packet)
{
	struct diags diags = { 0 };
	int got = capture_next(capture, packet, &diags);

	assert_true(got >= 0);
	return got;
}
