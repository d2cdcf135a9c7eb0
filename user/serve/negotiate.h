/* SPDX-License-Identifier: GPL-2.0-only */
/* What a request is about and which format it wants: pure, since all of it comes from strangers. */
#ifndef USER_SERVE_NEGOTIATE_H
#define USER_SERVE_NEGOTIATE_H

#include <stdbool.h>

/*
 * Does an Accept header (RFC 9110, 12.5.1) want OpenMetrics rather than the text format? Only where
 * it names it, in the version that we speak (1.0.0, or none said), and likes it as well as the
 * other. NULL: there is none.
 */
bool negotiate_openmetrics(const char *accept);

/* What can be asked for. */
enum negotiate_route {
	ROUTE_NONE,
	ROUTE_PAGE,
	ROUTE_HEALTH,
	ROUTE_METRICS,
	ROUTE_STATS,
	ROUTE_STATUS,
	ROUTE_HISTORY,
};

/* By the path alone, letter by letter: nothing is looked for below it or above. */
enum negotiate_route negotiate_route(const char *path);

#endif
