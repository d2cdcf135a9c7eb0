/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc tells of processes. */
#ifndef USER_HOST_PROCESS_H
#define USER_HOST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/* Who a process is. */
struct process {
	pid_t parent;   /* 0: none that we could see */
	dev_t terminal; /* that controls it; 0: none */
};

/* Reads a line of /proc/PID/stat. False: it is none. Pure. */
bool process_parse(const char *line, struct process *process);

/* False: there is no such process, or we may not look. */
bool process_read(pid_t pid, struct process *process);

/*
 * The value of a variable in the environment that a process was started with; the caller's. NULL: there
 * is none, or we may not look.
 */
char *process_variable(pid_t pid, const char *name);

/* A pseudo-terminal that a process has open. */
struct process_terminal {
	dev_t device; /* of the file system that it is in: each container has one of its own */
	ino_t inode;
	dev_t terminal;
	time_t used; /* when somebody last wrote on it, to within some seconds */
};

/* Called for each; not 0 ends the walk and is its result. */
typedef int (*process_terminal_each)(const struct process_terminal *terminal, void *data);
int process_terminals(pid_t pid, process_terminal_each each, void *data);

/* Every process that can be seen; not 0 ends the walk and is its result. */
typedef int (*process_each)(pid_t pid, void *data);
int process_all(process_each each, void *data);

#endif
