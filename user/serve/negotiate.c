// SPDX-License-Identifier: GPL-2.0-only
#include "user/serve/negotiate.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* A stretch of the header. */
struct stretch {
	const char *at;
	size_t length;
};

static bool negotiate_is_space(char letter)
{
	return letter == ' ' || letter == '\t';
}

static struct stretch negotiate_trimmed(struct stretch part)
{
	while (part.length && negotiate_is_space(*part.at)) {
		part.at++;
		part.length--;
	}
	while (part.length && negotiate_is_space(part.at[part.length - 1]))
		part.length--;
	return part;
}

/* The next one up to `end` outside of quotes; *rest is what follows. False: there is none. */
static bool negotiate_next(struct stretch *rest, char end, struct stretch *part)
{
	bool quoted = false;
	size_t i = 0;

	if (!rest->at)
		return false;
	for (; i < rest->length && (quoted || rest->at[i] != end); i++) {
		if (rest->at[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->at[i] == '\\' && i + 1 < rest->length)
			i++;
	}
	*part = negotiate_trimmed((struct stretch){ rest->at, i });
	if (i == rest->length) {
		rest->at = NULL;
	} else {
		rest->at += i + 1;
		rest->length -= i + 1;
	}
	return true;
}

static bool negotiate_is(struct stretch part, const char *word)
{
	return part.length == strlen(word) && strncasecmp(part.at, word, part.length) == 0;
}

/* "0.75" as thousandths; what isn't a quality counts as 1. */
static int negotiate_quality(struct stretch value)
{
	int quality = 0, scale = 1000;

	if (!value.length || (*value.at != '0' && *value.at != '1'))
		return 1000;
	quality = *value.at == '1' ? 1000 : 0;
	for (size_t i = 2; i < value.length && i < 5 && value.at[1] == '.'; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return 1000;
		scale /= 10;
		quality += (value.at[i] - '0') * scale;
	}
	return quality > 1000 ? 1000 : quality;
}

/* A media range. */
struct range {
	struct stretch type;
	int quality; /* thousandths */
	bool version_fits;
};

static struct range negotiate_range(struct stretch text)
{
	struct range range = { .quality = 1000, .version_fits = true };
	struct stretch part;

	negotiate_next(&text, ';', &range.type);
	while (negotiate_next(&text, ';', &part)) {
		struct stretch name, value = { "", 0 };

		negotiate_next(&part, '=', &name);
		negotiate_next(&part, ';', &value);
		if (value.length > 1 && *value.at == '"') {
			value.at++;
			value.length -= 2;
		}
		if (negotiate_is(name, "q"))
			range.quality = negotiate_quality(value);
		else if (negotiate_is(name, "version"))
			range.version_fits = negotiate_is(value, "1.0.0");
	}
	return range;
}

bool negotiate_openmetrics(const char *accept)
{
	struct stretch rest = { accept, accept ? strlen(accept) : 0 }, part;
	int openmetrics = 0, text = -1, texts = -1, any = -1;

	while (negotiate_next(&rest, ',', &part)) {
		struct range range = negotiate_range(part);

		if (negotiate_is(range.type, "application/openmetrics-text")) {
			if (range.version_fits && range.quality > openmetrics)
				openmetrics = range.quality;
		} else if (negotiate_is(range.type, "text/plain")) {
			text = range.quality > text ? range.quality : text;
		} else if (negotiate_is(range.type, "text/*")) {
			texts = range.quality > texts ? range.quality : texts;
		} else if (negotiate_is(range.type, "*/*")) {
			any = range.quality > any ? range.quality : any;
		}
	}
	/* the range that says most of the text format is the one that counts for it */
	if (text < 0)
		text = texts >= 0 ? texts : any;
	return openmetrics && openmetrics >= text;
}

enum negotiate_route negotiate_route(const char *path)
{
	static const struct {
		const char *path;
		enum negotiate_route route;
	} routes[] = {
		{ "/", ROUTE_PAGE },
		{ "/healthz", ROUTE_HEALTH },
		{ "/metrics", ROUTE_METRICS },
		{ "/api/v1/stats", ROUTE_STATS },
		{ "/api/v1/status", ROUTE_STATUS },
		{ "/api/v1/history", ROUTE_HISTORY },
	};

	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (strcmp(routes[i].path, path) == 0)
			return routes[i].route;
	return ROUTE_NONE;
}
