/* SPDX-License-Identifier: GPL-2.0-only */
/* What a text must be before a YAML parser sees it. */
#ifndef USER_POLICY_YAML_CHECK_H
#define USER_POLICY_YAML_CHECK_H

#include "user/base/diag.h"

/* UTF-8, without NUL and the other characters that YAML doesn't allow. Errors have a place. */
int yaml_check_characters(const struct source *source, struct diags *diags);

/* Lines that begin with % and stand before `end`: only `%YAML 1.2` may be there. */
int yaml_check_directives(const struct source *source, size_t end, struct diags *diags);

#endif
