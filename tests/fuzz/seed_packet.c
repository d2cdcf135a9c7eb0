/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames in words (tests/lib/frame.h) to inputs of fuzz_packet: seed_packet DIRECTORY <seeds/packet.txt
 * Each line is NAME: WORDS; NAME becomes the file's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/frame.h"

static int write_seed(const char *directory, const char *name, const char *words)
{
	static struct frame_bytes frame;
	unsigned char control[4] = { 0 };
	char path[FRAME_TEXT_MAX + 512];
	FILE *file;
	size_t cut;

	frame_write(words, &frame);
	cut = frame.length / 2;
	control[0] = (unsigned char)(frame.out | (frame.gso_size ? 2 : 0));
	control[1] = (unsigned char)cut;
	control[2] = (unsigned char)(cut >> 8);
	control[3] = 28;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		return 1;
	}
	fwrite(control, 1, sizeof(control), file);
	fwrite(frame.bytes, 1, frame.length, file);
	return fclose(file) ? 1 : 0;
}

int main(int argc, char **argv)
{
	char line[FRAME_TEXT_MAX];

	if (argc != 2) {
		fputs("usage: seed_packet DIRECTORY <SEEDS\n", stderr);
		return 2;
	}
	while (fgets(line, sizeof(line), stdin)) {
		char *words = strstr(line, ": ");

		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		if (!words) {
			fprintf(stderr, "seed_packet: no name in '%s'\n", line);
			return 1;
		}
		*words = '\0';
		if (write_seed(argv[1], line, words + 2))
			return 1;
	}
	return 0;
}
