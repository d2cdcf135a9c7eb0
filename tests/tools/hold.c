// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody else's program on an interface, held as other tools hold theirs: hold HOW IFACE ACTION [PIN]
 *
 *	xdp, xdp-generic   a bpf_link of XDP
 *	netlink            XDP by netlink, and the program stays open here
 *	tcx                a bpf_link at the head of TCX egress
 *
 * ACTION is what it returns. With PIN the link is pinned there and nobody holds it; else this waits until it
 * is killed, which ends a link. Says "ready".
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TCX_EGRESS ((enum bpf_attach_type)47) /* Linux 6.6 */
#define TCX_BEFORE (1u << 3)

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int load(bool is_tc, int action)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = action },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(is_tc ? BPF_PROG_TYPE_SCHED_CLS : BPF_PROG_TYPE_XDP, "foreign_held",
			     "GPL", program, 2, NULL);
}

static int hold(const char *how, unsigned int ifindex, int program)
{
	LIBBPF_OPTS(bpf_link_create_opts, options);

	if (strcmp(how, "netlink") == 0)
		return bpf_xdp_attach((int)ifindex, program, XDP_FLAGS_DRV_MODE, NULL);
	if (strcmp(how, "tcx") == 0) {
		options.flags = TCX_BEFORE;
		return bpf_link_create(program, (int)ifindex, TCX_EGRESS, &options);
	}
	options.flags = strcmp(how, "xdp") == 0 ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
	return bpf_link_create(program, (int)ifindex, BPF_XDP, &options);
}

int main(int argc, char **argv)
{
	unsigned int ifindex = argc > 3 ? if_nametoindex(argv[2]) : 0;
	int program, link;

	if (!ifindex) {
		fprintf(stderr, "usage: hold xdp|xdp-generic|netlink|tcx IFACE ACTION [PIN]\n");
		return 2;
	}
	program = load(strcmp(argv[1], "tcx") == 0, atoi(argv[3]));
	if (program < 0)
		return fail("load");
	link = hold(argv[1], ifindex, program);
	if (link < 0)
		return fail("attach");
	if (argc > 4)
		return bpf_obj_pin(link, argv[4]) ? fail("pin") : 0;
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
