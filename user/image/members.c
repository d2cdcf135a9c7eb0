// SPDX-License-Identifier: GPL-2.0-only
/* Who is in an address set, in the policy language's words. */
#include <arpa/inet.h>
#include <string.h>

#include "user/base/text.h"
#include "user/image/image.h"

static void members_add(struct text *text, size_t shown, int family, const void *address,
			uint32_t length)
{
	char word[INET6_ADDRSTRLEN];
	uint32_t bits = length - PREFIX_SET_BITS;

	inet_ntop(family == 4 ? AF_INET : AF_INET6, address, word, sizeof(word));
	text_format(text, "%s%s", shown ? ", " : "", word);
	if (bits != (family == 4 ? 32u : 128u))
		text_format(text, "/%u", bits);
}

char *image_members_text(const struct image *image, uint32_t set, size_t most)
{
	autotext struct text text = { 0 };
	size_t count = 0;

	if (set == SET_ANY)
		return strdup("any");
	for (size_t i = 0; i < image->prefix4_count; i++)
		if (image->prefixes4[i].set == set && count++ < most)
			members_add(&text, count - 1, 4, &image->prefixes4[i].address,
				    image->prefixes4[i].length);
	for (size_t i = 0; i < image->prefix6_count; i++)
		if (image->prefixes6[i].set == set && count++ < most)
			members_add(&text, count - 1, 6, image->prefixes6[i].address,
				    image->prefixes6[i].length);
	if (count > most)
		text_format(&text, " and %zu more", count - most);
	return text_take(&text);
}
