// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/report/table.h"

#define GAP 2u
#define NARROWEST 6u /* no column is cut to less */

void style_add(struct text *text, const struct report_style *style, const char *sequence)
{
	if (style->colour)
		text_add(text, sequence);
}

void table_cell(struct table *table, const char *format, ...)
{
	char **cell = array_add(&table->cells, &table->cell_count);
	va_list arguments;

	if (!cell) {
		table->failed = true;
		return;
	}
	va_start(arguments, format);
	if (vasprintf(cell, format, arguments) < 0) {
		*cell = NULL;
		table->failed = true;
	}
	va_end(arguments);
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i]);
	free(table->cells);
}

/* Columns on a terminal: characters, for what we print is UTF-8 without wide ones. */
static size_t table_width(const char *cell)
{
	size_t width = 0;

	for (; *cell; cell++)
		if ((*cell & 0xc0) != 0x80)
			width++;
	return width;
}

static void table_widths(const struct table *table, size_t *widths)
{
	size_t columns = table->column_count ? table->column_count : 1;

	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = table_width(table->columns[i].title);
	for (size_t i = 0; i < table->cell_count; i++) {
		size_t width = table_width(table->cells[i]);

		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
}

/* Takes from the widest of the columns that may shrink until the line fits. */
static void table_shrink(const struct table *table, size_t *widths, size_t room)
{
	for (;;) {
		size_t sum = 0, widest = table->column_count;

		for (size_t i = 0; i < table->column_count; i++) {
			sum += widths[i] + (i ? GAP : 0);
			if (table->columns[i].shrinks && widths[i] > NARROWEST &&
			    (widest == table->column_count || widths[i] > widths[widest]))
				widest = i;
		}
		if (sum <= room || widest == table->column_count)
			return;
		widths[widest]--;
	}
}

/* Bytes of the first `width` characters. */
static size_t table_prefix(const char *cell, size_t width)
{
	size_t bytes = 0;

	while (cell[bytes] && width) {
		bytes++;
		while ((cell[bytes] & 0xc0) == 0x80)
			bytes++;
		width--;
	}
	return bytes;
}

static void table_add_cell(struct text *text, const char *cell, size_t width, bool to_the_right,
			   bool last)
{
	size_t has = table_width(cell);

	if (has > width) {
		text_add_bytes(text, cell, table_prefix(cell, width - 1));
		text_add(text, "…");
		return;
	}
	if (to_the_right)
		text_add_repeated(text, ' ', width - has);
	text_add(text, cell);
	if (!to_the_right && !last)
		text_add_repeated(text, ' ', width - has);
}

bool table_render(const struct table *table, const char *indent, const struct report_style *style,
		  struct text *text)
{
	size_t widths[TABLE_COLUMNS] = { 0 };

	if (table->failed || !table->column_count)
		return false;
	table_widths(table, widths);
	if (style->width)
		table_shrink(table, widths, style->width - table_width(indent));
	text_add(text, indent);
	style_add(text, style, STYLE_DIM);
	for (size_t i = 0; i < table->column_count; i++) {
		text_add(text, i ? "  " : "");
		table_add_cell(text, table->columns[i].title, widths[i],
			       table->columns[i].to_the_right, i + 1 == table->column_count);
	}
	style_add(text, style, STYLE_PLAIN);
	for (size_t i = 0; i < table->cell_count; i++) {
		size_t column = i % table->column_count;

		if (column == 0) {
			text_add(text, "\n");
			text_add(text, indent);
		} else {
			text_add(text, "  ");
		}
		table_add_cell(text, table->cells[i], widths[column],
			       table->columns[column].to_the_right,
			       column + 1 == table->column_count);
	}
	text_add(text, "\n");
	return true;
}
