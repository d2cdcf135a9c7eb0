// SPDX-License-Identifier: GPL-2.0-only
#include "user/verb/common_host.h"

#include <errno.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/policy/address.h"

/* ---- --host ---------------------------------------------------------------------------------------- */

/* "192.0.2.10,2001:db8::/64" */
static int host_read_list(struct host *host, const char *words, struct diags *diags)
{
	autofree char *copy = strdup(words);
	char *rest = copy;

	if (!copy)
		return diag_system(diags, ENOMEM, "--host", NULL);
	for (char *word; (word = strsep(&rest, ","));) {
		struct address_fault fault = { 0 };
		struct policy_prefix parsed;
		struct host_prefix prefix;

		if (address_parse(word, &parsed, &fault)) {
			diag_usage(diags, "--host", "%s", fault.why);
			diag_hint(diags, "%s",
				  *fault.hint ? fault.hint : "--host 192.0.2.10,2001:db8::10");
			return -EINVAL;
		}
		prefix = (struct host_prefix){ .family = parsed.family, .bits = parsed.bits };
		memcpy(prefix.address, parsed.address, sizeof(prefix.address));
		if (host_add(host, &prefix))
			return diag_system(diags, ENOMEM, "--host", NULL);
	}
	return 0;
}

int common_host_read(const struct common_options *options, struct host *host, struct diags *diags)
{
	int error = 0;

	for (size_t i = 0; i < options->host_count && !error; i++)
		error = host_read_list(host, options->hosts[i], diags);
	return error;
}

/* ---- the guess ------------------------------------------------------------------------------------- */

static void host_say_guess(const struct host *host, const char *what, struct diags *diags)
{
	char texts[2][ADDRESS_TEXT_SIZE] = { "", "" };

	for (size_t i = 0; i < host->count && i < 2; i++) {
		struct policy_prefix prefix = { .family = host->list[i].family,
						.bits = host->list[i].bits };

		memcpy(prefix.address, host->list[i].address, sizeof(prefix.address));
		address_print(&prefix, texts[i]);
	}
	diag_warning(
		diags, NULL, what,
		"without --host, the host is guessed to be %s%s%s, whom most packets are from or "
		"to",
		texts[0], *texts[1] ? " and " : "", texts[1]);
	diag_hint(diags, "say whose packets go out: --host %s%s%s", texts[0], *texts[1] ? "," : "",
		  texts[1]);
	common_end(diags);
}

static int host_guess(struct host *host, const struct chunk *chunk, const char *what,
		      struct diags *diags)
{
	cleanup(cleanup_free) struct host_guess *guess = host_guess_new();

	if (!guess)
		return diag_system(diags, ENOMEM, what, NULL);
	for (size_t i = 0; i < chunk->count; i++)
		host_guess_add(guess, chunk->bytes + chunk->packets[i].frame,
			       chunk->packets[i].kept);
	if (host_guess_end(guess, host))
		return diag_system(diags, ENOMEM, what, NULL);
	if (host->count)
		host_say_guess(host, what, diags);
	return 0;
}

int common_host_directions(struct host *host, struct chunk *chunk, const char *what,
			   struct diags *diags)
{
	int error = host->count ? 0 : host_guess(host, chunk, what, diags);

	for (size_t i = 0; i < chunk->count; i++) {
		struct chunk_packet *packet = &chunk->packets[i];

		packet->direction =
			host_direction(host, chunk->bytes + packet->frame, packet->kept);
	}
	return error;
}
