/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in user/serve/page, joined: written by scripts/embed-page. */
#ifndef USER_SERVE_PAGE_H
#define USER_SERVE_PAGE_H

#include <stddef.h>

extern const char serve_page[];
extern const size_t serve_page_size;

/* The Content-Security-Policy that goes with it: its own style and script by their hashes alone. */
extern const char serve_page_policy[];

#endif
