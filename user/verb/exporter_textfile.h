/* SPDX-License-Identifier: GPL-2.0-only */
/* Metrics into a file, for node_exporter's textfile collector. */
#ifndef USER_VERB_EXPORTER_TEXTFILE_H
#define USER_VERB_EXPORTER_TEXTFILE_H

/*
 * Writes the file once, or every `interval` seconds until SIGTERM or SIGINT. Whoever reads it finds the former or the
 * new one, whole. The exit status.
 */
int exporter_textfile(const char *file, unsigned int interval);

#endif
