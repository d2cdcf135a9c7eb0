/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc tells of processes. */
#ifndef USER_HOST_PROCESS_H
#define USER_HOST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Who a process is. */
struct process {
	pid_t parent;   /* 0: none that we could see */
	dev_t terminal; /* that controls it; 0: none */
	char name[16];  /* of the program; cut off by the kernel */
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

/* Called for each file that a process has open; not 0 ends the walk and is its result. */
typedef int (*process_file_each)(const struct stat *file, void *data);
int process_files(pid_t pid, process_file_each each, void *data);

/* Is it one that people sit at: a pseudo-terminal's other side than the one that a server holds? Pure. */
bool process_is_terminal(const struct stat *file);

/* Every process that can be seen; not 0 ends the walk and is its result. */
typedef int (*process_each)(pid_t pid, void *data);
int process_all(process_each each, void *data);

#endif
