// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/parking.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static unsigned int parking_devices[PARKING_MOST]; /* by place: ifindex; 0: there is none */
static int parking_programs[PARKING_MOST];         /* 0: the place is free */

/* Pairs, for both ends take a program. */
static int parking_make(void)
{
	FILE *ip = popen("ip -batch -", "w"); /* NOLINT(cert-env33-c): the words are this file's */
	char name[IF_NAMESIZE];

	if (!ip)
		return -errno;
	for (unsigned int i = 0; i < PARKING_MOST; i += 2)
		fprintf(ip, "link add name park%u type veth peer name park%u\n", i, i + 1);
	if (pclose(ip))
		return -EIO;
	for (unsigned int i = 0; i < PARKING_MOST; i++) {
		snprintf(name, sizeof(name), "park%u", i);
		parking_devices[i] = if_nametoindex(name);
		if (!parking_devices[i])
			return -errno;
	}
	return 0;
}

int parking_open(void)
{
	int error = unshare(CLONE_NEWNET) ? -errno : parking_make();

	if (error)
		fprintf(stderr, "bench: programs can't be parked: %s; figures are noisier\n",
			strerror(-error));
	return error;
}

void parking_put(int program)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);
	unsigned int place = 0;

	if (bpf_obj_get_info_by_fd(program, &info, &size) || info.type != BPF_PROG_TYPE_XDP)
		return;
	while (place < PARKING_MOST && parking_programs[place])
		if (parking_programs[place++] == program)
			return;
	if (place == PARKING_MOST || !parking_devices[place])
		return;
	if (bpf_xdp_attach((int)parking_devices[place], program, XDP_FLAGS_SKB_MODE, NULL))
		return;
	parking_programs[place] = program;
}

void parking_clear(void)
{
	for (unsigned int i = 0; i < PARKING_MOST && parking_programs[i]; i++) {
		bpf_xdp_detach((int)parking_devices[i], XDP_FLAGS_SKB_MODE, NULL);
		parking_programs[i] = 0;
	}
}
