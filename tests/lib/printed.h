/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON as it was written, read back. What isn't as it should be fails the test. */
#ifndef TESTS_LIB_PRINTED_H
#define TESTS_LIB_PRINTED_H

#include <jansson.h>

/* Takes the text. It ends as a file does. To be given back by json_decref(). */
json_t *printed_read(char *text);

/* The keys of an object are these, in order, joined by blanks. */
void printed_has(json_t *object, const char *keys);

const char *printed_string(json_t *object, const char *key); /* the object's */
json_int_t printed_number(json_t *object, const char *key);

#endif
