/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libfyaml's event parser feeds a stack of open lists and maps. Events rather than its documents,
 * because aliases are then never followed, depth is ours to bound, and duplicate keys can all be
 * reported. Its diagnostics are collected quietly and one of them becomes ours.
 */
#include "user/policy/yaml.h"

#include <errno.h>
#include <libfyaml.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/source.h"
#include "user/policy/yaml_builder.h"
#include "user/policy/yaml_check.h"
#include "user/policy/yaml_error.h"

struct reader {
	struct yaml_builder builder;
	struct source_cursor cursor;
	size_t reached; /* offset behind what was seen last */
};

/* The place of a token; quotes belong to it. */
static struct place token_place(struct reader *reader, struct fy_token *token)
{
	const struct fy_mark *start = fy_token_start_mark(token);
	const struct fy_mark *end = fy_token_end_mark(token);
	enum fy_scalar_style style = fy_token_scalar_style(token);
	size_t from = start ? start->input_pos : reader->reached;
	size_t to = end ? end->input_pos : from;
	size_t quote = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;

	if (quote && from)
		from--;
	to += quote;
	return source_cursor_place(&reader->cursor, from, to > from ? to - from : 0);
}

/*
 * Where nothing is written: the next thing that is, which is the dash or the comma that it was
 * left out behind. A map's value has the place of its key instead.
 */
static struct place empty_place(struct reader *reader)
{
	const struct source *source = reader->builder.source;
	size_t at = reader->reached;

	while (at < source->size && strchr(" \t\r\n#", source->text[at]))
		at = source->text[at] == '#' ? source_line_end(source, at) : at + 1;
	reader->reached = at + 1;
	return source_cursor_place(&reader->cursor, at, 1);
}

static int add_scalar(struct reader *reader, struct fy_token *token)
{
	const struct yaml_node *key = yaml_builder_key(&reader->builder);
	bool plain = true;
	size_t length = 0;
	const char *text = NULL;
	struct place place;

	if (token) {
		text = fy_token_get_text(token, &length);
		plain = fy_token_scalar_style(token) == FYSS_PLAIN;
		place = token_place(reader, token);
		reader->reached = place.offset + place.length;
	} else {
		place = key ? key->place : empty_place(reader);
	}
	return yaml_builder_scalar(&reader->builder, place, plain, text ?: "", text ? length : 0);
}

static int open_node(struct reader *reader, enum yaml_kind kind, struct fy_token *token)
{
	struct place place = token_place(reader, token);

	reader->reached = place.offset + place.length;
	return yaml_builder_open(&reader->builder, kind, place);
}

static void close_node(struct reader *reader, struct fy_token *token)
{
	struct place end = token_place(reader, token);

	if (end.length)
		reader->reached = end.offset + end.length;
	yaml_builder_close(&reader->builder);
}

static int refuse(struct reader *reader, struct fy_token *token, const char *what, const char *hint)
{
	struct place place = token_place(reader, token);

	/* libfyaml's token leaves out the & or * before the name */
	if (place.offset && strchr("&*", reader->builder.source->text[place.offset - 1]))
		place = source_cursor_place(&reader->cursor, place.offset - 1, place.length + 1);
	diag_policy(reader->builder.diags, &place, "YAML %s are not for policies", what);
	diag_hint(reader->builder.diags, "%s", hint);
	return -EINVAL;
}

static int refuse_anchor(struct reader *reader, struct fy_token *token)
{
	return refuse(reader, token, "anchors",
		      "write it out, or give addresses a name under 'groups'");
}

static int refuse_tag(struct reader *reader, struct fy_token *token)
{
	return refuse(reader, token, "tags", "leave it out: the key alone says what is expected");
}

static int document_start(struct reader *reader, struct fy_token *token)
{
	struct place place = { 0 };

	if (token)
		place = token_place(reader, token);
	if (!reader->builder.root)
		return yaml_check_directives(reader->builder.source, place.offset,
					     reader->builder.diags);
	diag_policy(reader->builder.diags, token ? &place : &reader->builder.root->place,
		    "a second document begins here");
	diag_hint(reader->builder.diags,
		  "a file has one policy; give several files to the command, "
		  "they are read as one");
	return -EINVAL;
}

static int handle(struct reader *reader, const struct fy_event *event)
{
	struct fy_token *tag = NULL, *anchor = NULL;

	switch (event->type) {
	case FYET_DOCUMENT_START:
		return document_start(reader, event->document_start.document_start);
	case FYET_ALIAS:
		return refuse(reader, event->alias.anchor, "aliases",
			      "write it out, or give addresses a name under 'groups'");
	case FYET_SCALAR:
		tag = event->scalar.tag;
		anchor = event->scalar.anchor;
		break;
	case FYET_SEQUENCE_START:
		tag = event->sequence_start.tag;
		anchor = event->sequence_start.anchor;
		break;
	case FYET_MAPPING_START:
		tag = event->mapping_start.tag;
		anchor = event->mapping_start.anchor;
		break;
	case FYET_SEQUENCE_END:
		close_node(reader, event->sequence_end.sequence_end);
		return 0;
	case FYET_MAPPING_END:
		close_node(reader, event->mapping_end.mapping_end);
		return 0;
	default:
		return 0;
	}
	if (anchor)
		return refuse_anchor(reader, anchor);
	if (tag)
		return refuse_tag(reader, tag);
	if (event->type == FYET_SCALAR)
		return add_scalar(reader, event->scalar.value);
	if (event->type == FYET_SEQUENCE_START)
		return open_node(reader, YAML_LIST, event->sequence_start.sequence_start);
	return open_node(reader, YAML_MAP, event->mapping_start.mapping_start);
}

static void cleanup_parser(struct fy_parser **parser)
{
	fy_parser_destroy(*parser);
}

static void cleanup_diag(struct fy_diag **diag)
{
	fy_diag_destroy(*diag);
}

static int build(struct reader *reader)
{
	struct fy_diag *diag cleanup(cleanup_diag) = yaml_error_collector();
	struct fy_parse_cfg config = {
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 |
			 FYPCF_JSON_NONE,
		.diag = diag,
	};
	struct fy_parser *parser cleanup(cleanup_parser) = diag ? fy_parser_create(&config) : NULL;
	int error = 0;

	if (!parser || fy_parser_set_string(parser, reader->builder.source->text,
					    reader->builder.source->size))
		return yaml_builder_no_memory(&reader->builder);
	while (!error) {
		struct fy_event *event = fy_parser_parse(parser);

		if (!event)
			break;
		error = handle(reader, event);
		fy_parser_event_free(parser, event);
	}
	if (!error && fy_parser_get_stream_error(parser))
		error = yaml_error_report(diag, &reader->builder, &reader->cursor);
	return error;
}

int yaml_parse(const struct source *source, struct yaml_node **root, struct diags *diags)
{
	struct reader reader = { .builder = { .source = source, .diags = diags } };
	struct yaml_builder *builder = &reader.builder;
	int error = yaml_check_characters(source, diags);

	source_cursor_begin(&reader.cursor, source);
	if (!error)
		error = build(&reader);
	if (!error && !builder->root) {
		struct place whole = { .source = source };

		error = diag_policy(diags, &whole, "has no policy in it");
		diag_hint(diags, "a policy begins with 'policy: NAME'; `edgegate policies` lists "
				 "those that are shipped");
	}
	if (error) {
		yaml_builder_free(builder);
		return error;
	}
	*root = builder->root;
	return 0;
}
