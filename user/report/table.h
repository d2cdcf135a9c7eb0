/* SPDX-License-Identifier: GPL-2.0-only */
/* A table of aligned columns: cells are added row by row, and laid out at the end. */
#ifndef USER_REPORT_TABLE_H
#define USER_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "user/base/text.h"
#include "user/report/gate.h"

#define TABLE_COLUMNS 10

struct table_column {
	const char *title;
	bool to_the_right; /* numbers */
	bool shrinks;      /* is cut first where the terminal is too narrow */
};

/* Owns its cells. */
struct table {
	const struct table_column *columns;
	size_t column_count;
	char **cells; /* rows of column_count */
	size_t cell_count;
	bool failed; /* for want of memory; table_render() tells */
};

/* A cell: printf. NULL-safe for strings by "%s" with "". */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends the table, each line behind `indent`. False: no memory. */
bool table_render(const struct table *table, const char *indent, const struct report_style *style,
		  struct text *text);

void table_free(struct table *table);

/* Appends an escape sequence if there is colour. */
void style_add(struct text *text, const struct report_style *style, const char *sequence);
#define STYLE_BOLD "\033[1m"
#define STYLE_DIM "\033[2m"
#define STYLE_RED "\033[31m"
#define STYLE_GREEN "\033[32m"
#define STYLE_YELLOW "\033[33m"
#define STYLE_PLAIN "\033[0m"

#endif
