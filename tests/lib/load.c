/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/lib/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/text.h"

static char folder[] = "/tmp/edgegate-test-XXXXXX";
static char before[4096]; /* where the tests were started */

int load_enter_folder(void **state)
{
	(void)state;
	return getcwd(before, sizeof(before)) && mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

int load_leave_folder(void **state)
{
	(void)state;
	return chdir(before) || rmdir(folder);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	return walk->level ? remove(path) : 0;
}

int load_empty_folder(void **state)
{
	(void)state;
	return nftw(".", remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *load_folder(void)
{
	return folder;
}

void load_write(const char *name, const char *text)
{
	autofclose FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
}

struct load load_policies(const char *const *names, size_t count,
			  const struct policy_group_override *groups, size_t group_count)
{
	struct load load = { 0 };
	struct diags diags = { 0 };

	load.error = policy_load(names, count, groups, group_count, &load.policy, &diags);
	load.printed = diag_text_all(&diags);
	load.status = diags_exit_status(&diags);
	assert_int_equal(!load.error, !!load.policy);
	assert_int_equal(!load.error, !load.status);
	diags_clear(&diags);
	return load;
}

void load_free(struct load *load)
{
	policy_free(load->policy);
	free(load->printed);
}

char *load_rules(const struct policy *policy)
{
	autotext struct text text = { 0 };

	for (size_t i = 0; i < policy->rule_count; i++)
		text_format(&text, "%s%s", i ? " " : "", policy->rules[i].name);
	return text_take(&text);
}
