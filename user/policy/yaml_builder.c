/* SPDX-License-Identifier: GPL-2.0-only */
#include "user/policy/yaml_builder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/array.h"
#include "user/base/cleanup.h"
#include "user/base/utf8.h"

#define NODES_MAX 2000000 /* 100,000 prefixes, and 20 rules that list 65,536 ports */

/* Recursion goes no deeper than YAML_DEPTH_MAX. */
void yaml_free(struct yaml_node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == YAML_LIST) {
			yaml_free(node->items[i]);
		} else {
			yaml_free(node->pairs[i].key);
			yaml_free(node->pairs[i].value);
		}
	}
	if (node->kind == YAML_LIST)
		free(node->items);
	if (node->kind == YAML_MAP)
		free(node->pairs);
	free(node);
}

const char *yaml_kind_name(const struct yaml_node *node)
{
	switch (node->kind) {
	case YAML_EMPTY:
		return "nothing";
	case YAML_SCALAR:
		return "text";
	case YAML_LIST:
		return "a list";
	case YAML_MAP:
		return "a map";
	}
	return "nothing";
}

int yaml_builder_no_memory(struct yaml_builder *builder)
{
	return diag_system(builder->diags, ENOMEM, builder->source->name, "reading the policy");
}

const struct yaml_node *yaml_builder_key(const struct yaml_builder *builder)
{
	return builder->depth ? builder->keys[builder->depth - 1] : NULL;
}

static struct yaml_node *new_node(struct yaml_builder *builder, enum yaml_kind kind,
				  struct place place, const char *text, size_t length)
{
	struct yaml_node *node = NULL;

	if (++builder->nodes > NODES_MAX) {
		diag_policy(builder->diags, NULL, "%s: more than %d values", builder->source->name,
			    NODES_MAX);
		diag_hint(builder->diags, "no policy needs so many");
		return NULL;
	}
	node = calloc(1, sizeof(*node) + length + 1);
	if (!node) {
		yaml_builder_no_memory(builder);
		return NULL;
	}
	node->kind = kind;
	node->place = place;
	node->length = length;
	if (length)
		memcpy(node->text, text, length);
	return node;
}

/* Puts a finished or a just opened node where it belongs, which owns it from then on. */
static int place_node(struct yaml_builder *builder, struct yaml_node *node)
{
	struct yaml_node *parent = builder->depth ? builder->stack[builder->depth - 1] : NULL;
	struct yaml_node **key = builder->depth ? &builder->keys[builder->depth - 1] : NULL;

	if (!parent) {
		builder->root = node;
		return 0;
	}
	if (parent->kind == YAML_LIST) {
		struct yaml_node **item = array_add(&parent->items, &parent->count);

		if (!item)
			goto failed;
		*item = node;
		return 0;
	}
	if (*key) {
		struct yaml_pair *pair = array_add(&parent->pairs, &parent->count);

		if (!pair)
			goto failed;
		pair->key = take_pointer(key);
		pair->value = node;
		return 0;
	}
	if (node->kind == YAML_LIST || node->kind == YAML_MAP) {
		diag_policy(builder->diags, &node->place, "a key must be text, not %s",
			    yaml_kind_name(node));
		diag_hint(builder->diags, "write 'key: value'");
		yaml_free(node);
		return -EINVAL;
	}
	node->kind = YAML_SCALAR;
	*key = node;
	return 0;
failed:
	yaml_free(node);
	return yaml_builder_no_memory(builder);
}

static bool is_null(const char *text, size_t length)
{
	static const char *const names[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length && !memcmp(text, names[i], length))
			return true;
	return false;
}

/* Escapes like "\e" bring in what the check of the text's own characters has kept out. */
static bool has_control(const char *text, size_t size)
{
	uint32_t character;
	size_t length;

	for (size_t at = 0; at < size; at += length) {
		length = utf8_decode(text + at, size - at, &character);
		if (!length)
			return true;
		if (character != '\n' && character != '\t' && utf8_is_control(character))
			return true;
	}
	return false;
}

int yaml_builder_scalar(struct yaml_builder *builder, struct place place, bool plain,
			const char *text, size_t length)
{
	struct yaml_node *node;

	if (has_control(text, length)) {
		diag_policy(builder->diags, &place, "control characters are in this text");
		diag_hint(builder->diags, "leave their escapes out");
		return -EINVAL;
	}
	node = new_node(builder, plain && is_null(text, length) ? YAML_EMPTY : YAML_SCALAR, place,
			text, length);
	if (!node)
		return -EINVAL;
	node->plain = plain;
	return place_node(builder, node);
}

int yaml_builder_open(struct yaml_builder *builder, enum yaml_kind kind, struct place place)
{
	struct yaml_node *node;
	int error;

	if (builder->depth == YAML_DEPTH_MAX) {
		diag_policy(builder->diags, &place, "lists and maps are nested too deeply");
		diag_hint(builder->diags, "a policy is never more than 5 deep");
		return -EINVAL;
	}
	node = new_node(builder, kind, place, NULL, 0);
	if (!node)
		return -EINVAL;
	error = place_node(builder, node);
	if (error)
		return error;
	builder->keys[builder->depth] = NULL;
	builder->stack[builder->depth++] = node;
	return 0;
}

void yaml_builder_close(struct yaml_builder *builder)
{
	struct yaml_node *node = builder->stack[--builder->depth];

	/* in block style there is no bracket to show, but there is a first item */
	if (!node->place.length && node->count)
		node->place = node->kind == YAML_LIST ? node->items[0]->place :
							node->pairs[0].key->place;
}

void yaml_builder_free(struct yaml_builder *builder)
{
	for (unsigned int i = 0; i < builder->depth; i++)
		yaml_free(builder->keys[i]);
	yaml_free(builder->root);
}
