/* SPDX-License-Identifier: GPL-2.0-only */
/* A gate as it is pinned: opened by its folder, never by ids, so that reading needs no CAP_SYS_ADMIN. */
#ifndef USER_KERNEL_GATE_H
#define USER_KERNEL_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include <edgegate/abi.h>
#include <edgegate/listing.h>

#include "user/base/diag.h"
#include "user/kernel/object.h"
#include "user/kernel/pins.h"

/* Owns its descriptors and the mapping. */
struct gate {
	char directory[PINS_PATH_SIZE];
	struct stamp stamp;
	int stamp_fd;
	int maps[MAP_COUNT];
	uint64_t *word;      /* the state word */
	bool has_first_page; /* of the memory around it no more is mapped: state_map_to_read() */
};

#define GATE_CLOSED                                                                                \
	{                                                                                          \
		.stamp_fd = -1, .maps = { [0 ... MAP_COUNT - 1] = -1 },                            \
	}

/*
 * Opens a gate's folder. -ENOENT without a diag: there is none. Anything else that is wrong with it
 * (another version's, half gone) is said in `diags` with what to do.
 */
int gate_open(const char *directory, const char *what, struct gate *gate, struct diags *diags);

/*
 * The gate of the namespace that we are in that has this interface; by its first one or any other. -ENOENT
 * without a diag: there is none. Errors as of gate_open() where its gate can't be read.
 */
int gate_find(const char *interface, const char *what, struct gate *gate, struct diags *diags);

void gate_close(struct gate *gate);

/*
 * From now on this process opens gates to read alone: their maps without write, the state word mapped so,
 * and nothing that is due is made final. What it will need and may not be able to ask for later, because it
 * gives up the right, is asked for now. 0 or a negative errno.
 */
int gate_only_read(void);

/* A pin of the gate's that is a map. A descriptor, the caller's, or -1 with errno. */
int gate_open_map(const struct gate *gate, const char *name);

/* What is in force now: as state_settled(), or state_due() where gates are only read. */
uint64_t gate_word(const struct gate *gate);

/*
 * What a folder's gate is called by its place alone: "eth0", "netns-COOKIE/eth0". `detach -i` takes it.
 * Static storage, until the next call.
 */
const char *gate_folder_label(const char *directory);

/*
 * The ABI version of a folder's stamp where it is not ours: gate_open() refuses it, and `detach` takes it
 * away all the same. 0: it is ours, or there is no stamp of edgegate's.
 */
uint32_t gate_other_version(const char *directory);

/* The stamp of a folder, also of one that is no whole gate. A negative errno: there is none that can be understood. */
int gate_stamp(const char *directory, struct stamp *stamp);

/* The interface that it is named after. */
const char *gate_name(const struct gate *gate);

/*
 * A copy of the listing of a slot, checked; caller frees. NULL in *listing and 0 for SLOT_NONE and for
 * a slot that was never filled.
 */
int gate_listing(const struct gate *gate, unsigned int slot, struct listing_header **listing);

/* Writes gate->stamp to its pin: a folder's holder of the lock alone does. */
int gate_keep_stamp(struct gate *gate, const char *what, struct diags *diags);

/* Which way the hooks of an interface judge. */
static inline enum direction gate_xdp_direction(const struct stamp_interface *interface)
{
	return interface->facing == FACING_OUTSIDE ? DIRECTION_IN : DIRECTION_OUT;
}

static inline enum direction gate_tc_direction(const struct stamp_interface *interface)
{
	return interface->facing == FACING_OUTSIDE ? DIRECTION_OUT : DIRECTION_IN;
}

/* What the counters say, summed over CPUs. Arrays of RULE_SLOTS and OUTCOME_COUNTERS; caller frees. */
struct gate_counts {
	struct rule_count *rules;
	struct count *outcomes;
};
int gate_read_counts(const struct gate *gate, struct gate_counts *counts);
void gate_free_counts(struct gate_counts *counts);

/* Of the rules' counters those from `first` on, `count` of them, into an array of RULE_SLOTS. */
int gate_read_rule_counts(const struct gate *gate, unsigned int first, unsigned int count,
			  struct rule_count *rules);
/* Those of outcomes alone, into an array of OUTCOME_COUNTERS. */
int gate_read_outcome_counts(const struct gate *gate, struct count *outcomes);

/* A table from which the least recently used goes when it is full. */
struct gate_table {
	const char *name; /* of its pin; static */
	uint64_t entries; /* also those that are of no use any more */
	uint64_t max;
};
#define GATE_TABLES 4u

/* Fills GATE_TABLES of them; walks each: 30 ms for 262,144 flows. 0 or a negative errno. */
int gate_read_tables(const struct gate *gate, struct gate_table *tables);

/* Where an interface of a gate is by now. */
enum gate_place {
	PLACE_HERE,   /* in the namespace that we are in, which is the gate's, whatever its name */
	PLACE_GONE,   /* nowhere */
	PLACE_ANEW,   /* nowhere; another one has its name */
	PLACE_MOVED,  /* in another namespace than the gate's */
	PLACE_UNSEEN, /* somewhere; the gate's namespace isn't the one that we are in */
};

/* What is attached to an interface, by what the kernel says of it now and not by pins. */
struct gate_attachment {
	uint32_t xdp_program; /* ids; 0: nothing is attached */
	uint32_t xdp_link;
	uint32_t tc_program;
	uint32_t tc_link; /* 0 at clsact too */
	uint32_t tc_head; /* at TCX: of a second one of ours, by an apply that was killed */
	enum tc_kind tc;  /* how tc is, or was, attached */
	uint32_t ifindex; /* the one that it has now, where it is, or had */
	enum gate_place place;
	char name[INTERFACE_NAME_SIZE]; /* the one that it has now, or had */
	bool is_here;                   /* place is PLACE_HERE */
	bool is_lost;  /* what was attached is gone, and the interface with it or not */
	bool tc_twice; /* two of ours judge, at TCX or clsact: the next apply ends that */
};
/* 0, or a negative errno where the kernel doesn't say: then nothing may be concluded but the name. */
int gate_read_attachment(const struct gate *gate, unsigned int interface,
			 struct gate_attachment *attachment);

/*
 * Of it, what the pinned links say: programs, links and the index; those stay as they are where none is
 * attached. 0 or a negative errno.
 */
int gate_read_links(const struct gate *gate, unsigned int interface,
		    struct gate_attachment *attachment);

/* A pinned link, its program, and the index of its interface; all stay where it is attached to none (any more). */
int gate_link_program(const char *path, uint32_t *id, uint32_t *ifindex, uint32_t *program);

/* The id of the program that is pinned at `path`, 0 for none. 0 or a negative errno. */
int gate_program_id(const char *path, uint32_t *id);

/* Which of the gate's interfaces is called so in this namespace, by index first; -ENOENT: none; or another negative errno. */
int gate_interface(const struct gate *gate, const char *name);

/* Says why gate_interface() could not tell whose an interface is; returns `error`. */
int gate_unknown(int error, const char *interface, const char *what, struct diags *diags);

/* Says that netns_cookie() is 0, by its errno, and returns that, negative. */
int gate_netns_unknown(const char *what, struct diags *diags);

#endif
