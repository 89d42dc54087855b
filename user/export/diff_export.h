/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A comparison of two recordings, in the formats there are for it: text, html, json. */
#ifndef ALLOCTAP_EXPORT_DIFF_EXPORT_H
#define ALLOCTAP_EXPORT_DIFF_EXPORT_H

#include "export/exporter.h"
#include "report/diff.h"

/* Is a comparison written in this exporter's format? */
bool diff_has_format(const struct exporter *e);
/*
 * Writes @d to @path ("-" is stdout) in the format of @e, which it has, as a whole
 * file or not at all; the reason of a failure is printed. 0 or -errno.
 */
int export_diff(const struct diff *d, const struct exporter *e, const struct export_options *opts,
		const char *path);

/* Each writes the whole file to @out. 0 or -errno; stream errors are the caller's to see. */
int diff_text_write(const struct diff *d, const struct export_options *opts, FILE *out);
int diff_html_write(const struct diff *d, const struct export_options *opts, FILE *out);
int diff_json_write(const struct diff *d, const struct export_options *opts, FILE *out);

#endif
