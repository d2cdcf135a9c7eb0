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
#include "user/kernel/ahead.h"
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
	uint32_t count;      /* filters with that program */
	uint32_t priority;   /* of the first of them; 0: not found */
	uint32_t handle;
	uint32_t except_handle; /* of a filter that doesn't count as found; with its priority */
	uint32_t except_priority;
	uint32_t others;     /* filters that are not it */
	struct ahead *ahead; /* those that run before it are put there; or NULL */
	bool failed;         /* ... and there was no memory for one */
};

/* What a message says of a filter. */
struct filter {
	const char *kind; /* "bpf", "flower" */
	const char *name; /* of a BPF filter, as its maker gave it; or NULL */
	uint32_t program; /* id; 0: no BPF program */
	uint32_t chain;   /* 0: asked for every packet; others only by a jump */
};

static int clsact_options(const struct nlattr *attribute, void *data)
{
	struct filter *filter = data;

	if (mnl_attr_get_type(attribute) == TCA_BPF_ID &&
	    mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
		filter->program = mnl_attr_get_u32(attribute);
	else if (mnl_attr_get_type(attribute) == TCA_BPF_NAME &&
		 mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		filter->name = mnl_attr_get_str(attribute);
	return MNL_CB_OK;
}

/* The attributes of another kind than "bpf" mean other things. */
static struct filter clsact_read(const struct nlmsghdr *message)
{
	const struct nlattr *attribute, *options = NULL;
	struct filter filter = { .kind = "" };

	mnl_attr_for_each(attribute, message, sizeof(struct tcmsg)) {
		if (mnl_attr_get_type(attribute) == TCA_KIND &&
		    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
			filter.kind = mnl_attr_get_str(attribute);
		else if (mnl_attr_get_type(attribute) == TCA_CHAIN &&
			 mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
			filter.chain = mnl_attr_get_u32(attribute);
		else if (mnl_attr_get_type(attribute) == TCA_OPTIONS)
			options = attribute;
	}
	if (strcmp(filter.kind, "bpf") == 0 && options)
		mnl_attr_parse_nested(options, clsact_options, &filter);
	return filter;
}

/* They come in the order in which they run. */
static int clsact_filter(const struct nlmsghdr *message, void *data)
{
	const struct tcmsg *header = mnl_nlmsg_get_payload(message);
	uint32_t priority = header->tcm_info >> 16;
	struct filters *filters = data;
	struct filter filter;

	if (!header->tcm_handle)
		return MNL_CB_OK; /* the classifier itself, which stands before its filters */
	filter = clsact_read(message);
	if (filter.program && filter.program == filters->program_id) {
		if ((header->tcm_handle == filters->except_handle &&
		     priority == filters->except_priority) ||
		    filters->count++)
			return MNL_CB_OK;
		filters->priority = priority;
		filters->handle = header->tcm_handle;
		return MNL_CB_OK;
	}
	filters->others++;
	/* u32 lists its hash tables as well: their handle has no node */
	if (strcmp(filter.kind, "u32") == 0 && !TC_U32_NODE(header->tcm_handle))
		return MNL_CB_OK;
	if (filters->ahead && !filters->handle && !filter.chain &&
	    ahead_add(filters->ahead, TC_KIND_CLSACT, filter.program, priority,
		      filter.name ? filter.name : filter.kind))
		filters->failed = true;
	return MNL_CB_OK;
}

/* Asks for all of one kind, RTM_GETTFILTER or RTM_GETQDISC. 0 or negative errno. */
static int clsact_dump(uint16_t type, uint32_t ifindex, uint32_t parent, mnl_cb_t each, void *data)
{
	cleanup(cleanup_netlink) struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	char buffer[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct tcmsg *asked;
	ssize_t got;
	int more;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = 1;
	asked = mnl_nlmsg_put_extra_header(message, sizeof(*asked));
	asked->tcm_family = AF_UNSPEC;
	asked->tcm_ifindex = (int)ifindex;
	asked->tcm_parent = parent;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (got < 0)
			return -errno;
		more = mnl_cb_run(buffer, (size_t)got, 1, mnl_socket_get_portid(socket), each,
				  data);
		if (more < 0)
			return -errno;
	} while (more > MNL_CB_STOP);
	return 0;
}

/* Walks the filters of one side of a clsact qdisc. 0 or negative errno. */
static int clsact_walk(uint32_t ifindex, uint32_t side, struct filters *filters)
{
	return clsact_dump(RTM_GETTFILTER, ifindex, TC_H_MAKE(TC_H_CLSACT, side), clsact_filter,
			   filters);
}

/* The interface whose qdisc is looked for. */
struct qdisc {
	uint32_t ifindex;
	bool is_there;
};

/* The kernel lists those of all interfaces. */
static int clsact_qdisc(const struct nlmsghdr *message, void *data)
{
	const struct tcmsg *header = mnl_nlmsg_get_payload(message);
	struct qdisc *qdisc = data;

	if (header->tcm_ifindex == (int)qdisc->ifindex && header->tcm_parent == TC_H_CLSACT)
		qdisc->is_there = true;
	return MNL_CB_OK;
}

int clsact_is_there(uint32_t ifindex)
{
	struct qdisc qdisc = { .ifindex = ifindex };
	int error = clsact_dump(RTM_GETQDISC, ifindex, 0, clsact_qdisc, &qdisc);

	return error ? error : qdisc.is_there;
}

/* A filter of this program, at the lowest priority that is free for one; says which it is. */
static int clsact_add(const struct bpf_tc_hook *hook, int program, uint32_t last,
		      struct filters *added)
{
	int error = -EEXIST;

	for (uint32_t priority = PRIORITY_FIRST;
	     priority <= last && (error == -EEXIST || error == -EINVAL); priority++) {
		LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .priority = priority);

		error = bpf_tc_attach(hook, &options);
		if (!error)
			*added = (struct filters){ .except_handle = options.handle,
						   .except_priority = priority };
	}
	return error;
}

int clsact_attach(const char *name, uint32_t ifindex, int program, bool *ours, const char *what,
		  struct diags *diags)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	libbpf_print_fn_t before = libbpf_set_print(clsact_quiet);
	int error = bpf_tc_hook_create(&hook);
	bool made = !error;
	struct filters added;

	if (error == -EEXIST)
		error = 0;
	/* another kind of filter may have a priority: then behind it, which is said of all that is ahead */
	if (!error)
		error = clsact_add(&hook, program, PRIORITY_LAST, &added);
	if (error && made) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
		*ours = false;
	} else if (made) {
		*ours = true;
	}
	libbpf_set_print(before);
	if (error) {
		diag_system(diags, -error, what, "cannot attach tc to %s by clsact", name);
		diag_hint(diags, "see what stands there: tc filter show dev %s egress", name);
		return error;
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
	return error ? error : (int)egress.count;
}

int clsact_ahead(uint32_t ifindex, uint32_t program_id, struct ahead *ahead)
{
	struct filters egress = { .program_id = program_id, .ahead = ahead };
	int error = clsact_walk(ifindex, TC_H_MIN_EGRESS, &egress);

	if (error == -EINVAL || error == -ENOENT)
		return 0;
	return !error && egress.failed ? -ENOMEM : error;
}

/* Takes away every filter of the program but the one that `kept` excepts. */
static int clsact_remove(const struct bpf_tc_hook *hook, uint32_t program_id,
			 const struct filters *kept, struct filters *last)
{
	for (;;) {
		LIBBPF_OPTS(bpf_tc_opts, options);
		int error;

		*last = *kept;
		last->program_id = program_id;
		error = clsact_walk((uint32_t)hook->ifindex, TC_H_MIN_EGRESS, last);
		if (error || !last->handle)
			return error;
		options.handle = last->handle;
		options.priority = last->priority;
		error = bpf_tc_detach(hook, &options);
		if (error)
			return error;
	}
}

int clsact_overtake(uint32_t ifindex, int program, uint32_t program_id)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	cleanup(ahead_free) struct ahead ahead = { 0 };
	struct filters added, last;
	libbpf_print_fn_t before;
	int error = clsact_ahead(ifindex, program_id, &ahead);

	/* only TCX, which nothing here can overtake */
	if (error || !ahead.count)
		return error;
	before = libbpf_set_print(clsact_quiet);
	/* of two BPF filters with one priority the one that came last is asked first */
	error = clsact_add(&hook, program, ahead.list[0].priority, &added);
	if (!error)
		error = clsact_remove(&hook, program_id, &added, &last);
	else if (error == -EEXIST || error == -EINVAL)
		error = 0; /* another kind of filter has the priority */
	libbpf_set_print(before);
	return error;
}

int clsact_settle(uint32_t ifindex, uint32_t program_id)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	struct filters first = { .program_id = program_id }, kept, last;
	int error = clsact_walk(ifindex, TC_H_MIN_EGRESS, &first);
	libbpf_print_fn_t before;

	if (error == -EINVAL || error == -ENOENT)
		return 0;
	if (error || first.count < 2)
		return error;
	kept = (struct filters){ .except_handle = first.handle, .except_priority = first.priority };
	before = libbpf_set_print(clsact_quiet);
	error = clsact_remove(&hook, program_id, &kept, &last);
	libbpf_set_print(before);
	return error;
}

int clsact_detach(const char *name, uint32_t ifindex, uint32_t program_id, bool ours,
		  const char *what, struct diags *diags)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	const struct filters none = { 0 };
	struct filters egress, ingress = { .program_id = program_id };
	libbpf_print_fn_t before = libbpf_set_print(clsact_quiet);
	int error = clsact_remove(&hook, program_id, &none, &egress);

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
