/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/base/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/cleanup.h"

#define BLOCK 65536

static const char byte_order_mark[] = "\xef\xbb\xbf";

struct source *source_new(const char *name, const char *text, size_t size)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->holders = 1;
	source->size = size;
	source->name = strdup(name);
	source->text = malloc(size + 1);
	if (!source->name || !source->text) {
		source_release(source);
		return NULL;
	}
	if (size)
		memcpy(source->text, text, size);
	source->text[size] = '\0';
	return source;
}

void source_hold(const struct source *source)
{
	/* who holds a text is not part of what it says: places point to constant ones */
	if (source && source->holders)
		((struct source *)source)->holders++;
}

void source_release(const struct source *source)
{
	struct source *mine = (struct source *)source;

	if (!mine || !mine->holders || --mine->holders)
		return;
	free(mine->name);
	free(mine->text);
	free(mine);
}

/* A negative errno: it was given to `diags` in the words that fit it, at `place` if there is one. */
static int wrong(const char *name, const struct place *place, int error, size_t limit,
		 struct diags *diags)
{
	if (error == EISDIR) {
		diag_policy(diags, place, "%s: this is a directory", name);
		diag_hint(diags, "give the policy file in it");
	} else if (error == EFBIG) {
		diag_policy(diags, place, "%s: larger than %zu MiB, which no policy is", name,
			    limit >> 20);
		diag_hint(diags, "is this the right file?");
	} else if (error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == ELOOP) {
		diag_policy(diags, place, "%s: %s", name, strerror(error));
		diag_hint(diags, "is this the right path?");
	} else {
		if (place)
			diag_system(diags, error, NULL, "%s: cannot be read", name);
		else
			diag_system(diags, error, name, "cannot be read");
		if (error == EACCES || error == EPERM)
			diag_hint(diags, "run edgegate as somebody who may read it");
		if (place)
			diag_place(diags, place);
	}
	return -error;
}

static int no_file(const char *name, const struct place *place, mode_t mode, struct diags *diags)
{
	diag_policy(diags, place, "%s: this is %s, not a file", name,
		    S_ISFIFO(mode) ? "a FIFO" :
		    S_ISSOCK(mode) ? "a socket" :
				     "a device");
	diag_hint(diags, "only files can be included; give the command itself other things");
	return -EINVAL;
}

/* All that is left in `fd`. */
static int read_all(int fd, size_t limit, char **text, size_t *size)
{
	autofree char *buffer = NULL;
	size_t room = 0, length = 0;

	for (;;) {
		ssize_t got;

		if (room - length < BLOCK) {
			char *larger;

			room = room ? room * 2 : 2 * BLOCK;
			larger = realloc(buffer, room);
			if (!larger)
				return -ENOMEM;
			buffer = larger;
		}
		got = read(fd, buffer + length, BLOCK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		length += got;
		if (length > limit)
			return -EFBIG;
	}
	*text = take_pointer(&buffer);
	*size = length;
	return 0;
}

/* `fd` is -1 where it couldn't be opened; with a place, only a regular file will do. */
static int read_open(int fd, const char *name, const struct place *place, size_t limit,
		     struct source **source, struct diags *diags)
{
	autofree char *text = NULL;
	struct source *read;
	struct stat status;
	size_t size = 0;
	int error;

	if (fd < 0 || fstat(fd, &status))
		return wrong(name, place, errno, limit, diags);
	if (S_ISDIR(status.st_mode))
		return wrong(name, place, EISDIR, limit, diags);
	if (place && !S_ISREG(status.st_mode))
		return no_file(name, place, status.st_mode, diags);
	if (S_ISREG(status.st_mode) && status.st_size > 0 && (size_t)status.st_size > limit)
		return wrong(name, place, EFBIG, limit, diags);
	error = read_all(fd, limit, &text, &size);
	if (error)
		return wrong(name, place, -error, limit, diags);
	read = source_new(name, text, size);
	if (!read)
		return wrong(name, place, ENOMEM, limit, diags);
	if (S_ISREG(status.st_mode)) {
		read->device = status.st_dev;
		read->inode = status.st_ino;
	}
	*source = read;
	return 0;
}

int source_read(const char *path, size_t limit, struct source **source, struct diags *diags)
{
	autoclose int opened = -1;

	if (!path)
		return read_open(STDIN_FILENO, "standard input", NULL, limit, source, diags);
	opened = open(path, O_RDONLY | O_CLOEXEC);
	return read_open(opened, path, NULL, limit, source, diags);
}

int source_read_named(const char *path, const struct place *place, size_t limit,
		      struct source **source, struct diags *diags)
{
	autoclose int opened = -1;
	struct stat status;

	/* first: to open what is no file may wait for ever, or do something to a device */
	if (stat(path, &status))
		return wrong(path, place, errno, limit, diags);
	if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
		return no_file(path, place, status.st_mode, diags);
	opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return read_open(opened, path, place, limit, source, diags);
}

/* Does the byte at `offset` end a line? The CR of CR LF doesn't, the LF does. */
static bool ends_line(const struct source *source, size_t offset)
{
	char byte = source->text[offset];

	return byte == '\n' || (byte == '\r' && source->text[offset + 1] != '\n');
}

static bool begins_character(const struct source *source, size_t offset)
{
	if (offset == 0 && !strncmp(source->text, byte_order_mark, 3))
		return false;
	return ((unsigned char)source->text[offset] & 0xc0) != 0x80;
}

size_t source_line_start(const struct source *source, size_t offset)
{
	if (offset > source->size)
		offset = source->size;
	while (offset && !ends_line(source, offset - 1))
		offset--;
	if (offset == 0 && source->size >= 3 && !strncmp(source->text, byte_order_mark, 3))
		return 3;
	return offset;
}

size_t source_line_end(const struct source *source, size_t offset)
{
	while (offset < source->size && source->text[offset] != '\n' &&
	       source->text[offset] != '\r')
		offset++;
	return offset;
}

void source_cursor_begin(struct source_cursor *cursor, const struct source *source)
{
	*cursor = (struct source_cursor){ .source = source, .line = 1, .column = 1 };
}

static void step_back(struct source_cursor *cursor)
{
	const struct source *source = cursor->source;

	cursor->offset--;
	if (!ends_line(source, cursor->offset)) {
		cursor->column -= begins_character(source, cursor->offset);
		return;
	}
	cursor->line--;
	cursor->column = 1;
	for (size_t at = cursor->offset; at && !ends_line(source, at - 1); at--)
		cursor->column += begins_character(source, at - 1);
}

struct place source_cursor_place(struct source_cursor *cursor, size_t offset, size_t length)
{
	const struct source *source = cursor->source;

	if (offset > source->size)
		offset = source->size;
	if (length > source->size - offset)
		length = source->size - offset;
	while (cursor->offset > offset)
		step_back(cursor);
	for (; cursor->offset < offset; cursor->offset++) {
		if (ends_line(source, cursor->offset)) {
			cursor->line++;
			cursor->column = 1;
		} else {
			cursor->column += begins_character(source, cursor->offset);
		}
	}
	return (struct place){
		.source = source,
		.line = cursor->line,
		.column = cursor->column,
		.offset = offset,
		.length = length,
	};
}
