// SPDX-License-Identifier: GPL-2.0-only
#include "user/host/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "user/base/cleanup.h"

#define PROCESS_PATH_SIZE 64u
/* Documentation/admin-guide/devices.txt: Unix98 pseudo-terminals */
#define PROCESS_TERMINAL_FIRST 136u
#define PROCESS_TERMINAL_LAST 143u

static void process_close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* ---- who it is ------------------------------------------------------------------------------------- */

bool process_parse(const char *line, struct process *process)
{
	/* the name in parentheses may hold anything, parentheses too */
	const char *before = strchr(line, '('), *after = strrchr(line, ')');
	struct process read = { 0 };
	unsigned int terminal;
	size_t size;

	if (!before || !after || after < before ||
	    sscanf(after, ") %*c %d %*d %*d %u", &read.parent, &terminal) != 2 || read.parent < 0)
		return false;
	/* proc_pid_stat(5): minor 7-0 and 31-20, major 15-8 */
	read.terminal =
		makedev(terminal >> 8 & 0xfffu, (terminal & 0xffu) | (terminal >> 12 & 0xfff00u));
	size = (size_t)(after - before) - 1;
	if (size >= sizeof(read.name))
		size = sizeof(read.name) - 1;
	memcpy(read.name, before + 1, size);
	*process = read;
	return true;
}

bool process_read(pid_t pid, struct process *process)
{
	char path[PROCESS_PATH_SIZE], line[512];
	autofclose FILE *file = NULL;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	return file && fgets(line, sizeof(line), file) && process_parse(line, process);
}

char *process_variable(pid_t pid, const char *name)
{
	char path[PROCESS_PATH_SIZE];
	autofclose FILE *file = NULL;
	autofree char *line = NULL;
	size_t room = 0, length = strlen(name);

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	file = fopen(path, "re");
	while (file && getdelim(&line, &room, '\0', file) > 0)
		if (strncmp(line, name, length) == 0 && line[length] == '=')
			return strdup(line + length + 1);
	return NULL;
}

/* ---- what it has open ------------------------------------------------------------------------------ */

int process_files(pid_t pid, process_file_each each, void *data)
{
	char path[PROCESS_PATH_SIZE];
	cleanup(process_close_directory) DIR *directory = NULL;
	const struct dirent *entry;
	int result = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	while (directory && !result && (entry = readdir(directory))) {
		struct stat file;

		if (fstatat(dirfd(directory), entry->d_name, &file, 0) == 0)
			result = each(&file, data);
	}
	return result;
}

bool process_is_terminal(const struct stat *file)
{
	return S_ISCHR(file->st_mode) && major(file->st_rdev) >= PROCESS_TERMINAL_FIRST &&
	       major(file->st_rdev) <= PROCESS_TERMINAL_LAST;
}

int process_all(process_each each, void *data)
{
	cleanup(process_close_directory) DIR *directory = opendir("/proc");
	const struct dirent *entry;
	int result = 0;

	while (directory && !result && (entry = readdir(directory))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (pid > 0 && !*end)
			result = each((pid_t)pid, data);
	}
	return result;
}
