// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/kernel/clsact.h"

/* Filters are asked in order of priority, the lowest first; 0 would let the kernel choose. */
#define PRIORITY_FIRST 1u
#define PRIORITY_LAST 16u

static void cleanup_netlink(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static int clsact_quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

/* What a walk over the filters of one side looks for, and finds. */
struct filters {
	uint32_t program_id; /* ours */
	uint32_t priority;   /* of the filter with that program; 0: not found */
	uint32_t handle;
	uint32_t others; /* filters that are not it */
};

static int clsact_options(const struct nlattr *attribute, void *data)
{
	uint32_t *id = data;

	if (mnl_attr_get_type(attribute) == TCA_BPF_ID &&
	    mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
		*id = mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

/* The program of a filter; 0 where it is another kind, whose attributes mean other things. */
static uint32_t clsact_program(const struct nlmsghdr *message)
{
	const struct nlattr *attribute, *options = NULL;
	bool is_bpf = false;
	uint32_t id = 0;

	mnl_attr_for_each(attribute, message, sizeof(struct tcmsg)) {
		if (mnl_attr_get_type(attribute) == TCA_KIND &&
		    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
			is_bpf = strcmp(mnl_attr_get_str(attribute), "bpf") == 0;
		else if (mnl_attr_get_type(attribute) == TCA_OPTIONS)
			options = attribute;
	}
	if (is_bpf && options)
		mnl_attr_parse_nested(options, clsact_options, &id);
	return id;
}

static int clsact_filter(const struct nlmsghdr *message, void *data)
{
	const struct tcmsg *filter = mnl_nlmsg_get_payload(message);
	struct filters *filters = data;
	uint32_t id;

	if (!filter->tcm_handle)
		return MNL_CB_OK; /* the classifier itself, which stands before its filters */
	id = clsact_program(message);
	if (id && id == filters->program_id) {
		filters->priority = filter->tcm_info >> 16;
		filters->handle = filter->tcm_handle;
	} else {
		filters->others++;
	}
	return MNL_CB_OK;
}

/* Walks the filters of one side of a clsact qdisc. 0 or negative errno. */
static int clsact_walk(uint32_t ifindex, uint32_t side, struct filters *filters)
{
	cleanup(cleanup_netlink) struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	char buffer[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct tcmsg *filter;
	ssize_t got;
	int more;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	message->nlmsg_type = RTM_GETTFILTER;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = 1;
	filter = mnl_nlmsg_put_extra_header(message, sizeof(*filter));
	filter->tcm_family = AF_UNSPEC;
	filter->tcm_ifindex = (int)ifindex;
	filter->tcm_parent = TC_H_MAKE(TC_H_CLSACT, side);
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (got < 0)
			return -errno;
		more = mnl_cb_run(buffer, (size_t)got, 1, mnl_socket_get_portid(socket),
				  clsact_filter, filters);
		if (more < 0)
			return -errno;
	} while (more > MNL_CB_STOP);
	return 0;
}

int clsact_attach(const char *name, uint32_t ifindex, int program, bool *ours, const char *what,
		  struct diags *diags)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	libbpf_print_fn_t before = libbpf_set_print(clsact_quiet);
	int error = bpf_tc_hook_create(&hook);
	uint32_t priority = PRIORITY_FIRST;

	*ours = !error;
	if (error == -EEXIST)
		error = 0;
	while (!error) {
		LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .priority = priority);

		error = bpf_tc_attach(&hook, &options);
		if ((error != -EEXIST && error != -EINVAL) || priority == PRIORITY_LAST)
			break;
		/* another kind of filter has this priority: stand behind it, and say so */
		error = 0;
		priority++;
	}
	if (error && *ours) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
	libbpf_set_print(before);
	if (error) {
		diag_system(diags, -error, what, "cannot attach tc to %s by clsact", name);
		diag_hint(diags, "see what stands there: tc filter show dev %s egress", name);
		return error;
	}
	if (priority != PRIORITY_FIRST) {
		diag_warning(diags, NULL, what, "another tc filter on %s stands before ours", name);
		diag_hint(diags, "what it accepts is not judged: tc filter show dev %s egress",
			  name);
	}
	return 0;
}

int clsact_replace(const char *name, uint32_t ifindex, uint32_t program_id, int program,
		   const char *what, struct diags *diags)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	struct filters egress = { .program_id = program_id };
	int error = clsact_walk(ifindex, TC_H_MIN_EGRESS, &egress);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .flags = BPF_TC_F_REPLACE,
		    .handle = egress.handle, .priority = egress.priority);
	libbpf_print_fn_t before;

	/* without the qdisc there is no filter */
	if (error == -EINVAL || error == -ENOENT || (!error && !egress.handle))
		return -ENOENT;
	before = libbpf_set_print(clsact_quiet);
	if (!error)
		error = bpf_tc_attach(&hook, &options);
	libbpf_set_print(before);
	if (!error)
		return 0;
	diag_system(diags, -error, what, "cannot replace the tc filter on %s", name);
	diag_hint(diags, "look: tc filter show dev %s egress; the former program goes on", name);
	return error == -ENOENT ? -EIO : error;
}

int clsact_has(uint32_t ifindex, uint32_t program_id)
{
	struct filters egress = { .program_id = program_id };
	int error = clsact_walk(ifindex, TC_H_MIN_EGRESS, &egress);

	/* without the qdisc there is no filter */
	if (error == -EINVAL || error == -ENOENT)
		return 0;
	return error ? error : egress.handle != 0;
}

int clsact_detach(const char *name, uint32_t ifindex, uint32_t program_id, bool ours,
		  const char *what, struct diags *diags)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	struct filters egress = { .program_id = program_id };
	struct filters ingress = { .program_id = program_id };
	libbpf_print_fn_t before = libbpf_set_print(clsact_quiet);
	int error = clsact_walk(ifindex, TC_H_MIN_EGRESS, &egress);

	if (!error && egress.handle) {
		LIBBPF_OPTS(bpf_tc_opts, options, .handle = egress.handle,
			    .priority = egress.priority);

		error = bpf_tc_detach(&hook, &options);
	}
	if (!error && ours && !egress.others &&
	    clsact_walk(ifindex, TC_H_MIN_INGRESS, &ingress) == 0 && !ingress.others) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
	libbpf_set_print(before);
	/* the qdisc is gone: so is what was on it */
	if (error == -EINVAL || error == -ENOENT)
		error = 0;
	if (error) {
		diag_system(diags, -error, what, "cannot take the tc filter off %s", name);
		diag_hint(diags, "look: tc filter show dev %s egress", name);
	}
	return error;
}
