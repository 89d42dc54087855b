/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the tables of the text report have in common. */
#ifndef ALLOCTAP_EXPORT_TEXT_PARTS_H
#define ALLOCTAP_EXPORT_TEXT_PARTS_H

#include <stdio.h>

#include "export/exporter.h"
#include "report/type_names.h"

/* Names up to this long are padded, so that the places behind them line up. */
#define TEXT_PAD_MAX 48

/* What a view prints from and to. */
struct text {
	const struct profile *p;
	FILE *out;
	size_t width; /* SIZE_MAX: do not cut */
};

/* Of the terminal that @out is; SIZE_MAX: it is none, so nothing is to be cut. */
size_t text_width(FILE *out);
/* Rows to show of a table of @n. */
size_t text_rows(const struct export_options *opts, size_t n);
double text_percent(uint64_t part, uint64_t whole);

/* Instead of a table without rows: a sentence, and where to look if there is more. */
void text_nothing(const struct text *t, const char *sentence);
/* A string of the profile as it may reach a terminal; the caller's to free, NULL: no memory. */
char *text_clean(const struct profile *p, str_id id);
/* The short name of a function, cleaned; the caller's to free, NULL: no memory. */
char *text_function(const struct profile *p, uint32_t function);
/* "/src/main.go:42", or less where less is known; the caller's to free, NULL: no memory. */
char *text_place(const struct profile *p, struct profile_line line);
/* What a type is called in this report; the caller's to free, NULL: no memory. */
char *text_type(const struct profile *p, uint32_t type, enum type_name_form form);
/* @pad, or the length of a name of this id if that is greater and not above TEXT_PAD_MAX. */
size_t text_pad(const struct profile *p, str_id id, size_t pad);
/* The same for the short name of a function. */
size_t text_function_pad(const struct profile *p, uint32_t function, size_t pad);
/* The last @width characters of @s, with "..." for what is missing. */
void text_tail(FILE *out, const char *s, size_t width);
/*
 * The end of a row: a name padded to @pad, and a place ("" is none), where the
 * first @used columns are taken. Where a terminal is too narrow, the folder is the
 * first to go, then the beginning of the name, then the place.
 */
void text_label(const struct text *t, size_t used, const char *name, const char *place, size_t pad);
/*
 * The same of a line of source: the function's name, cleaned, and its place.
 * 0 or -ENOMEM.
 */
int text_line_label(const struct text *t, size_t used, struct profile_line line, size_t pad);
/* The end of the row that sums up what is not shown of a table of @n. */
void text_rest(const struct text *t, size_t used, size_t shown, size_t n);
/* @s, a cleaned sentence, from column @indent on, where the cursor is; ends the line. */
void text_wrapped(const struct text *t, size_t indent, const char *s);

#endif
