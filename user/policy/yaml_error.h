/* SPDX-License-Identifier: GPL-2.0-only */
/* libfyaml's bad news in our words. */
#ifndef USER_POLICY_YAML_ERROR_H
#define USER_POLICY_YAML_ERROR_H

#include "user/base/source.h"
#include "user/policy/yaml_builder.h"

struct fy_diag;

/* Collects what libfyaml complains of and prints nothing; fy_diag_destroy() it after the parser. */
struct fy_diag *yaml_error_collector(void);

/*
 * Its first error as one of ours, with a place. The builder says what was open when it came.
 * Returns -EINVAL.
 */
int yaml_error_report(struct fy_diag *collector, const struct yaml_builder *builder,
		      struct source_cursor *cursor);

#endif
