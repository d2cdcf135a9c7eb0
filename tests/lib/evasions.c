// SPDX-License-Identifier: GPL-2.0-only
/* Reads the corpus. Strings stay where they are in the files' texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/lib/evasions.h"

#define FILES_MAX 32u
#define EVASIONS_MAX 512u

struct reader {
	struct evasions *to;
	const char *directory;
	const char *file; /* its name without .txt */
	unsigned int line;
	struct evasion *entry; /* being read; NULL: none yet */
};

__attribute__((noreturn, format(printf, 2, 3))) static void reader_fail(const struct reader *reader,
									const char *format, ...)
{
	char said[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(said, sizeof(said), format, arguments);
	va_end(arguments);
	fail_msg("%s/%s.txt:%u: %s", reader->directory, reader->file, reader->line, said);
	abort(); /* not reached */
}

static char *reader_text(const struct reader *reader, const char *name)
{
	char path[512], *text;
	FILE *file;
	long size;

	snprintf(path, sizeof(path), "%s/%s", reader->directory, name);
	file = fopen(path, "re");
	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0)
		reader_fail(reader, "cannot read %s", path);
	rewind(file);
	text = calloc(1, (size_t)size + 1);
	if (!text || fread(text, 1, (size_t)size, file) != (size_t)size)
		reader_fail(reader, "cannot read %s", path);
	fclose(file);
	return text;
}

/* ---- outcomes ---------------------------------------------------------------------------------- */

static const struct {
	const char *label;
	enum outcome_class class;
} labels[] = { [OUTCOME_UNDECIDED] = { "", OUTCOME_CLASS_RULE },
#define LABEL(symbol, label, class, help) [OUTCOME_##symbol] = { label, OUTCOME_CLASS_##class },
	       OUTCOMES(LABEL)
#undef LABEL
};

static enum outcome outcome_of(const struct reader *reader, enum outcome_class class,
			       const char *label)
{
	for (unsigned int i = 1; i < OUTCOME_COUNT; i++)
		if (labels[i].class == class && strcmp(labels[i].label, label) == 0)
			return (enum outcome)i;
	reader_fail(reader, "no such outcome: '%s'", label);
}

/* ---- entries ----------------------------------------------------------------------------------- */

static void entry_check(const struct reader *reader)
{
	const struct evasion *entry = reader->entry;

	if (!entry)
		return;
	if (!entry->why)
		reader_fail(reader, "%s has no rationale", entry->name);
	if (!entry->step_count)
		reader_fail(reader, "%s has no frame", entry->name);
	if (!entry->over4 && !entry->over6)
		reader_fail(reader, "%s is for neither IPv4 nor IPv6", entry->name);
}

static void entry_begin(struct reader *reader, const char *name, bool legit)
{
	entry_check(reader);
	if (reader->to->count == EVASIONS_MAX)
		reader_fail(reader, "too many entries");
	reader->entry = &reader->to->all[reader->to->count++];
	*reader->entry = (struct evasion){ .family = reader->file, .name = name, .legit = legit };
}

/* "RFC 791 3.1: why" */
static void entry_why(struct reader *reader, char *value)
{
	char *colon = strstr(value, ": ");

	if (!colon)
		reader_fail(reader, "'DOCUMENT SECTION: why' is the form of a rationale");
	*colon = '\0';
	reader->entry->reference = value;
	reader->entry->why = colon + 2;
}

static struct evasion_step *entry_step(struct reader *reader, const char *words)
{
	struct evasion *entry = reader->entry;
	struct evasion_step *step = &entry->steps[entry->step_count];

	if (entry->step_count++ == EVASION_STEPS)
		reader_fail(reader, "too many frames");
	step->words = words;
	return step;
}

static void entry_frame(struct reader *reader, const char *key, char *value)
{
	struct evasion_step *step = entry_step(reader, value);
	char *rule;

	if (strcmp(key, "pass") != 0 && strcmp(key, "drop") != 0)
		reader_fail(reader, "'%s' is no word of the corpus", key);
	step->words = strchr(value, ' ');
	if (!step->words)
		reader_fail(reader, "no frame behind the verdict");
	value[step->words++ - value] = '\0';
	if (strcmp(key, "drop") == 0) {
		step->outcome = outcome_of(reader, OUTCOME_CLASS_DROP, value);
		return;
	}
	rule = strchr(value, '=');
	if (rule) {
		*rule++ = '\0';
		step->rule = rule;
	}
	step->outcome = outcome_of(reader, rule ? OUTCOME_CLASS_RULE : OUTCOME_CLASS_PASS, value);
}

/* Gives whether it was a line of an entry. */
static void entry_line(struct reader *reader, const char *key, char *value)
{
	struct evasion *entry = reader->entry;

	if (!entry)
		reader_fail(reader, "'%s' before any entry", key);
	if (strcmp(key, "why") == 0) {
		entry_why(reader, value);
	} else if (strcmp(key, "over") == 0) {
		entry->over4 = strchr(value, '4') != NULL;
		entry->over6 = strchr(value, '6') != NULL;
	} else if (strcmp(key, "first") == 0) {
		entry_step(reader, value);
	} else if (strcmp(key, "wait") == 0) {
		/* for the frame on the line behind it */
		if (entry->step_count < EVASION_STEPS)
			entry->steps[entry->step_count].wait = (unsigned int)atoi(value);
	} else {
		entry_frame(reader, key, value);
	}
}

/* ---- files ------------------------------------------------------------------------------------- */

static void read_file(struct reader *reader, const char *name);

static void top_line(struct reader *reader, const char *key, char *value)
{
	char name[256];

	if (strcmp(key, "version") == 0) {
		reader->to->version = (unsigned int)atoi(value);
	} else if (strcmp(key, "policy") == 0) {
		if (reader->to->policy || reader->to->files)
			reader_fail(reader, "one policy, before all files");
		reader->to->policy = reader->to->texts[FILES_MAX] = reader_text(reader, value);
	} else if (strcmp(key, "file") == 0) {
		struct reader inner = *reader;

		inner.file = value;
		inner.line = 0;
		snprintf(name, sizeof(name), "%s.txt", value);
		read_file(&inner, name);
		reader->to->files++;
	} else {
		reader_fail(reader, "'%s' is no word of corpus.txt", key);
	}
}

static void read_line(struct reader *reader, bool top, char *line)
{
	char *key = line + strspn(line, " \t"), *value;

	if (!*key || *key == '#')
		return;
	value = strpbrk(key, " \t");
	if (!value)
		reader_fail(reader, "'%s' needs a value", key);
	*value++ = '\0';
	value += strspn(value, " \t");
	if (top)
		top_line(reader, key, value);
	else if (strcmp(key, "evasion") == 0 || strcmp(key, "legit") == 0)
		entry_begin(reader, value, *key == 'l');
	else
		entry_line(reader, key, value);
}

static void read_file(struct reader *reader, const char *name)
{
	bool top = strcmp(name, "corpus.txt") == 0;
	char *text = reader_text(reader, name), *line, *rest = text;

	for (size_t i = 0;; i++) {
		if (i == FILES_MAX)
			reader_fail(reader, "too many files");
		if (!reader->to->texts[i]) {
			reader->to->texts[i] = text;
			break;
		}
	}
	while ((line = strsep(&rest, "\n"))) {
		reader->line++;
		read_line(reader, top, line);
	}
	if (!top && !reader->entry)
		reader_fail(reader, "no entry");
	if (!top)
		entry_check(reader);
}

void evasions_read(const char *directory, struct evasions *evasions)
{
	struct reader reader = { .to = evasions, .directory = directory, .file = "corpus" };

	memset(evasions, 0, sizeof(*evasions));
	evasions->all = calloc(EVASIONS_MAX, sizeof(*evasions->all));
	evasions->texts = calloc(FILES_MAX + 1, sizeof(*evasions->texts));
	if (!evasions->all || !evasions->texts)
		reader_fail(&reader, "no memory");
	read_file(&reader, "corpus.txt");
	if (!evasions->version || !evasions->policy || !evasions->count)
		reader_fail(&reader, "no version, no policy or no entry");
}

void evasions_free(struct evasions *evasions)
{
	for (size_t i = 0; evasions->texts && i <= FILES_MAX; i++)
		free(evasions->texts[i]);
	free(evasions->texts);
	free(evasions->all);
	memset(evasions, 0, sizeof(*evasions));
}
