/* SPDX-License-Identifier: GPL-2.0-only */
/* Who holds the XDP hook of an interface: the program, what attached it, and a process that has it open. */
#ifndef USER_KERNEL_HOLDER_H
#define USER_KERNEL_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#define HOLDER_NAME_SIZE 16u /* BPF_OBJ_NAME_LEN, and TASK_COMM_LEN, with the NUL */

/* How it is attached; what netlink attached, netlink can detach. */
enum holder_way {
	HOLDER_NETLINK,
	HOLDER_LINK,
	HOLDER_UNKNOWN, /* the kernel doesn't say: links are shown to CAP_SYS_ADMIN alone */
};

struct holder {
	uint32_t program; /* id; 0: nobody holds it */
	uint32_t mode;    /* XDP_FLAGS_*_MODE: where it is attached */
	enum holder_way way;
	uint32_t link; /* id, of HOLDER_LINK; else 0 */
	int error;     /* of HOLDER_UNKNOWN: why, an errno; else 0 */
	int process;   /* one that has the link or the program open; 0: none that can be seen */
	char name[HOLDER_NAME_SIZE];    /* the program's; empty: it has none, or we may not ask */
	char command[HOLDER_NAME_SIZE]; /* the process's */
};

/* In the namespace that we are in. Of several (native or generic, and in the card) the first. */
void holder_find(uint32_t ifindex, struct holder *holder);

/* Is a program of this id at the hook, in whichever mode? 1, 0 or a negative errno. Asks no more than that. */
int holder_has(uint32_t ifindex, uint32_t program);

/* "id 12, foreign_pass, by link 5 of process 4711 (loader)". Caller frees; NULL: no memory. */
char *holder_text(const struct holder *holder);

#endif
