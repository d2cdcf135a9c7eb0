// SPDX-License-Identifier: GPL-2.0-only
/* The property test for as long as one likes: build/property/property [--packets N] [--seed S] [CASE...] */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/property/property.h"

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: property [--packets N] [--seed S] [--verbose] [CASE...]\n"
		"Runs N random packets (1000000) through the model and the real programs, or\n"
		"those of the kept cases named. Run it in the top directory, as root.\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "packets", required_argument, NULL, 'p' },
						 { "seed", required_argument, NULL, 's' },
						 { "verbose", no_argument, NULL, 'v' },
						 { NULL, 0, NULL, 0 } };
	uint64_t packets = 1000000, seed = (uint64_t)time(NULL) * 1000003u;
	static struct property property;
	bool verbose = false, good = true;
	double begun;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'p')
			packets = strtoull(optarg, NULL, 0);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 'v')
			verbose = true;
		else
			return usage();
	}
	property_open(&property);
	begun = seconds_now();
	for (int i = optind; i < argc; i++)
		good &= property_replay(&property, argv[i]);
	if (optind == argc) {
		printf("seed %llu\n", (unsigned long long)seed);
		fflush(stdout);
		good = property_search(&property, seed, packets);
		printf("%llu packets, %.0f a second\n", (unsigned long long)property.packets,
		       (double)property.packets / (seconds_now() - begun));
	}
	if (verbose)
		property_histogram(&property, stdout);
	property_close(&property);
	return good ? 0 : 1;
}
