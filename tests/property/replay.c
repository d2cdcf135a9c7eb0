// SPDX-License-Identifier: GPL-2.0-only
/* Kept cases: the file says how each packet ends, and the programs must still agree. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/property/property.h"

struct kept {
	char *texts[POLICIES];
	size_t sizes[POLICIES];
	size_t count;
	struct step steps[STEPS_MAX];
	struct ending endings[STEPS_MAX];
};

static bool read_hex(const char *text, struct step *step)
{
	size_t length = strlen(text);

	if (length % 2 || length / 2 > STEP_BYTES_MAX)
		return false;
	for (size_t i = 0; i < length; i += 2) {
		char pair[3] = { text[i], text[i + 1], 0 }, *end;

		step->bytes[i / 2] = (uint8_t)strtoul(pair, &end, 16);
		if (*end)
			return false;
	}
	step->length = (uint16_t)(length / 2);
	return true;
}

static enum outcome read_outcome(const char *label)
{
	unsigned int i = OUTCOME_UNDECIDED + 1;

	while (i < OUTCOME_COUNT && strcmp(label, model_outcome_label((enum outcome)i)) != 0)
		i++;
	return (enum outcome)i;
}

/* wait direction hook way policy frame: ending [rule] */
static bool read_step(char *line, struct step *step, struct ending *ending)
{
	char *words[8] = { NULL }, *rest = NULL, *end;
	unsigned int count = 0;

	for (char *word = strtok_r(line, " :\n", &rest); word && count < 8;
	     word = strtok_r(NULL, " :\n", &rest))
		words[count++] = word;
	if (count < 7)
		return false;
	step->wait = (uint32_t)strtoul(words[0], &end, 10);
	step->out = strcmp(words[1], "out") == 0;
	step->hook = strcmp(words[2], "tc") == 0 ? PROG_TC : PROG_XDP;
	step->way = strcmp(words[3], "short") == 0 ? PROG_SHORT : PROG_LONG;
	step->policy = words[4][0] == 'B';
	ending->outcome = read_outcome(words[6]);
	snprintf(ending->rule, sizeof(ending->rule), "%s", words[7] ? words[7] : "");
	return *end == '\0' && read_hex(words[5], step) && ending->outcome < OUTCOME_COUNT;
}

static bool read_line(struct kept *kept, FILE *const texts[POLICIES], int *part, char *line)
{
	if (strncmp(line, "--- policy ", 11) == 0)
		*part = line[11] - 'A';
	else if (strncmp(line, "--- packets", 11) == 0)
		*part = POLICIES;
	else if (*part >= 0 && *part < (int)POLICIES)
		fputs(line, texts[*part]);
	else if (*part == (int)POLICIES && line[0] != '#' && line[0] != '\n')
		return kept->count < STEPS_MAX &&
		       read_step(line, &kept->steps[kept->count], &kept->endings[kept->count]) &&
		       ++kept->count;
	return *part <= (int)POLICIES;
}

static bool kept_read(const char *path, struct kept *kept)
{
	FILE *file = fopen(path, "r"), *texts[POLICIES];
	char *line = NULL;
	size_t room = 0, number = 0;
	bool good = file != NULL;
	int part = -1;

	if (!good) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	for (unsigned int i = 0; i < POLICIES; i++)
		if (!(texts[i] = open_memstream(&kept->texts[i], &kept->sizes[i])))
			abort();
	while (good && getline(&line, &room, file) >= 0) {
		number++;
		good = read_line(kept, texts, &part, line);
		if (!good)
			fprintf(stderr, "%s:%zu: this is no line of a case\n", path, number);
	}
	for (unsigned int i = 0; i < POLICIES; i++)
		if (fclose(texts[i]))
			abort();
	free(line);
	fclose(file);
	return good && kept->count > 0;
}

bool property_replay(struct property *property, const char *path)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	bool good;

	if (!kept)
		abort();
	good = kept_read(path, kept);
	if (good) {
		property_publish(property, kept->texts);
		property_begin(property);
	}
	for (size_t i = 0; good && i < kept->count; i++) {
		struct ending got;

		good = property_step(property, &kept->steps[i], &kept->endings[i], &got);
		if (!good)
			fprintf(stderr, "%s: packet %zu: expected %s %s, got %s %s\n", path, i + 1,
				model_outcome_label(kept->endings[i].outcome),
				kept->endings[i].rule, model_outcome_label(got.outcome), got.rule);
	}
	for (unsigned int i = 0; i < POLICIES; i++)
		free(kept->texts[i]);
	free(kept);
	return good;
}
