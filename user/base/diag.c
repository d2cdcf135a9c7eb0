/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/base/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/source.h"
#include "user/base/text.h"

static void diag_free(struct diag *diag)
{
	source_release(diag->place.source);
	free(diag->what);
	free(diag->why);
	free(diag->hint);
}

void diags_clear(struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++)
		diag_free(&diags->list[i]);
	free(diags->list);
	*diags = (struct diags){ 0 };
}

static int exit_status(enum diag_kind kind)
{
	switch (kind) {
	case DIAG_WARNING:
		return 0;
	case DIAG_SYSTEM:
		return 1;
	case DIAG_USAGE:
	case DIAG_POLICY:
		return 2;
	}
	return 1;
}

int diags_exit_status(const struct diags *diags)
{
	return diags->failed ? exit_status(diags->worst) : 0;
}

/* Makes room for an error where there are only warnings to lose. */
static void drop_last_warning(struct diags *diags)
{
	for (size_t i = diags->count; i-- > 0;) {
		if (diags->list[i].kind != DIAG_WARNING)
			continue;
		diag_free(&diags->list[i]);
		memmove(&diags->list[i], &diags->list[i + 1],
			(diags->count - i - 1) * sizeof(diags->list[0]));
		diags->count--;
		diags->dropped++;
		return;
	}
}

/* A zeroed item at the end, or NULL: it is one too many (or there is no memory for it). */
static struct diag *add(struct diags *diags, enum diag_kind kind)
{
	struct diag *diag = NULL;

	if (kind != DIAG_WARNING) {
		if (!diags->failed || exit_status(kind) > exit_status(diags->worst))
			diags->worst = kind;
		diags->failed = true;
		if (diags->count == DIAGS_KEPT)
			drop_last_warning(diags);
	}
	if (diags->count < DIAGS_KEPT)
		diag = array_add(&diags->list, &diags->count);
	diags->last_dropped = !diag;
	if (diag)
		diag->kind = kind;
	else
		diags->dropped++;
	return diag;
}

static char *format_list(const char *format, va_list arguments)
{
	autotext struct text text = { 0 };

	if (format)
		text_format_list(&text, format, arguments);
	return text_take(&text);
}

static void set_place(struct diag *diag, const struct place *place)
{
	if (!place)
		return;
	diag->place = *place;
	source_hold(place->source);
}

int diag_policy(struct diags *diags, const struct place *place, const char *why, ...)
{
	struct diag *diag = add(diags, DIAG_POLICY);
	va_list arguments;

	if (diag) {
		set_place(diag, place);
		va_start(arguments, why);
		diag->why = format_list(why, arguments);
		va_end(arguments);
	}
	return -EINVAL;
}

int diag_usage(struct diags *diags, const char *what, const char *why, ...)
{
	struct diag *diag = add(diags, DIAG_USAGE);
	va_list arguments;

	if (diag) {
		diag->what = what ? strdup(what) : NULL;
		va_start(arguments, why);
		diag->why = format_list(why, arguments);
		va_end(arguments);
	}
	return -EINVAL;
}

/* What to do where nobody who knows more says so: diag_hint() takes its place. */
static const char *default_hint(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "run edgegate as root";
	case ENOMEM:
	case ENOSPC:
		return "make room, then try again";
	default:
		return "look at edgegate status, then try again";
	}
}

int diag_system(struct diags *diags, int error, const char *what, const char *why, ...)
{
	struct diag *diag = add(diags, DIAG_SYSTEM);
	va_list arguments;

	if (diag) {
		autofree char *said = NULL;

		diag->what = what ? strdup(what) : NULL;
		va_start(arguments, why);
		said = format_list(why, arguments);
		va_end(arguments);
		if (!error)
			diag->why = take_pointer(&said);
		else
			diag->why = text_print("%s%s%s", said ? said : "",
					       said && *said ? ": " : "", strerror(error));
		diag->hint = strdup(default_hint(error));
	}
	return error ? -error : -EINVAL;
}

void diag_warning(struct diags *diags, const struct place *place, const char *what, const char *why,
		  ...)
{
	struct diag *diag = add(diags, DIAG_WARNING);
	va_list arguments;

	if (!diag)
		return;
	set_place(diag, place);
	diag->what = what ? strdup(what) : NULL;
	va_start(arguments, why);
	diag->why = format_list(why, arguments);
	va_end(arguments);
}

void diag_hint(struct diags *diags, const char *hint, ...)
{
	struct diag *diag;
	va_list arguments;

	if (diags->last_dropped || !diags->count)
		return;
	diag = &diags->list[diags->count - 1];
	free(diag->hint);
	va_start(arguments, hint);
	diag->hint = format_list(hint, arguments);
	va_end(arguments);
}

void diag_place(struct diags *diags, const struct place *place)
{
	if (!diags->last_dropped && diags->count)
		set_place(&diags->list[diags->count - 1], place);
}

void diags_move(struct diags *to, struct diags *from)
{
	for (size_t i = 0; i < from->count; i++) {
		struct diag *diag = add(to, from->list[i].kind);

		if (diag)
			*diag = from->list[i];
		else
			diag_free(&from->list[i]);
	}
	to->dropped += from->dropped;
	free(from->list);
	*from = (struct diags){ 0 };
}
