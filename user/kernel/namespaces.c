// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/kernel/namespaces.h"
#include "user/kernel/netns.h"

#define NAMESPACES_NAMED "/run/netns"

/* A walk over all of them; `seen` are those of processes, many of which share one. */
struct namespaces_walk {
	int (*each)(const char *name, void *data);
	void *data;
	ino_t *seen;
	size_t seen_count;
};

static void namespaces_close(DIR **listing)
{
	if (*listing)
		closedir(*listing);
}

static int namespaces_one(struct namespaces_walk *walk, const char *path, const char *name)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		return 0;
	return walk->each(name, walk->data);
}

static bool namespaces_is_new(struct namespaces_walk *walk, const char *path)
{
	struct stat status;
	ino_t *place;

	/* following the link says which namespace it is, without opening it */
	if (stat(path, &status))
		return false;
	for (size_t i = 0; i < walk->seen_count; i++)
		if (walk->seen[i] == status.st_ino)
			return false;
	place = array_add(&walk->seen, &walk->seen_count);
	if (place)
		*place = status.st_ino;
	return true;
}

static int namespaces_of_processes(struct namespaces_walk *walk)
{
	cleanup(namespaces_close) DIR *listing = opendir("/proc");
	struct dirent *entry;
	int result = 0;

	while (listing && !result && (entry = readdir(listing))) {
		char path[64];

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/ns/net", entry->d_name);
		if (namespaces_is_new(walk, path))
			result = namespaces_one(walk, path, "");
	}
	return result;
}

static int namespaces_all(struct namespaces_walk *walk)
{
	cleanup(namespaces_close) DIR *listing = opendir(NAMESPACES_NAMED);
	struct dirent *entry;
	int result = 0;

	while (listing && !result && (entry = readdir(listing))) {
		char path[sizeof(NAMESPACES_NAMED) + sizeof(entry->d_name) + 1];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), NAMESPACES_NAMED "/%s", entry->d_name);
		result = namespaces_one(walk, path, entry->d_name);
	}
	return result ? result : namespaces_of_processes(walk);
}

int namespaces_each(int (*each)(const char *name, void *data), void *data)
{
	cleanup(netns_return) int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct namespaces_walk walk = { .each = each, .data = data };
	int result;

	if (here < 0)
		return -errno;
	result = namespaces_all(&walk);
	free(walk.seen);
	return result;
}

/* What is looked for, and a descriptor of it. */
struct namespaces_search {
	uint64_t cookie;
	int found;
};

static int namespaces_compare(const char *name, void *data)
{
	struct namespaces_search *search = data;

	(void)name;
	if (netns_cookie() != search->cookie)
		return 0;
	search->found = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return search->found >= 0;
}

int namespaces_visit(uint64_t cookie, const char *name)
{
	autoclose int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct namespaces_search search = { cookie, -1 };
	struct namespaces_walk named = { .each = namespaces_compare, .data = &search };
	char path[sizeof(NAMESPACES_NAMED) + NETNS_NAME_SIZE + 1];
	autoclose int found = -1;

	if (here < 0)
		return -errno;
	snprintf(path, sizeof(path), NAMESPACES_NAMED "/%s", name);
	if ((*name && namespaces_one(&named, path, name)) ||
	    namespaces_each(namespaces_compare, &search) == 1)
		found = search.found;
	else
		errno = ENOENT;
	/* also where the one of that name was entered and is another one */
	if (found < 0 || setns(found, CLONE_NEWNET)) {
		int error = errno;

		(void)!setns(here, CLONE_NEWNET);
		return -error;
	}
	return take_fd(&here);
}
