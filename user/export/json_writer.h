/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Writes JSON as it goes, nothing kept: documents may be large. The outer two
 * levels get a line per element, what is deeper stays on one, so that a table
 * reads (and diffs) as a table.
 *
 * @key is the name of a member of an object, and NULL for an element of an
 * array. Errors of the stream are left on it.
 */
#ifndef ALLOCTAP_EXPORT_JSON_WRITER_H
#define ALLOCTAP_EXPORT_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 16

struct json_writer {
	FILE *out;
	unsigned int depth;
	struct {
		char end;
		bool has_elements;
	} open[JSON_DEPTH_MAX];
};

struct json_writer json_writer_make(FILE *out);

void json_object(struct json_writer *w, const char *key);
void json_array(struct json_writer *w, const char *key);
/* Ends the innermost object or array; behind the outermost comes a newline. */
void json_end(struct json_writer *w);

/* Bytes of @s that are no UTF-8 become U+FFFD. */
void json_string(struct json_writer *w, const char *key, const char *s);
void json_uint(struct json_writer *w, const char *key, uint64_t value);
void json_bool(struct json_writer *w, const char *key, bool value);
/* JSON knows no infinity and no NaN: those become null. */
void json_double(struct json_writer *w, const char *key, double value);
/* A time in microseconds, exactly: 1234567 ns is 1234.567. */
void json_us(struct json_writer *w, const char *key, uint64_t ns);

#endif
