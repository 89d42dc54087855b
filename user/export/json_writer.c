// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "export/json_writer.h"

#define JSON_BREAK_DEPTH 2

struct json_writer json_writer_make(FILE *out)
{
	return (struct json_writer){.out = out};
}

static void break_line(struct json_writer *w)
{
	fputc('\n', w->out);
	for (unsigned int i = 0; i < w->depth; i++)
		fputc('\t', w->out);
}

static void put_escaped(FILE *out, const char *s, size_t n)
{
	unsigned char c = (unsigned char)*s;

	if (!n)
		fputs(UTF8_REPLACEMENT, out);
	else if (c == '"' || c == '\\')
		fprintf(out, "\\%c", c);
	else if (c < 0x20 || c == 0x7f)
		fprintf(out, "\\u%04x", c);
	else
		fwrite(s, 1, n, out);
}

/* How many characters @s begins with that stand for themselves: nearly all there are. */
static size_t plain_length(const char *s)
{
	size_t n = 0;

	while (s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

static void put_string(FILE *out, const char *s)
{
	size_t left = strlen(s);

	fputc('"', out);
	while (left) {
		size_t n = plain_length(s);

		if (n) {
			fwrite(s, 1, n, out);
		} else {
			n = utf8_sequence(s, left);
			put_escaped(out, s, n);
			n = n ? n : 1;
		}
		s += n;
		left -= n;
	}
	fputc('"', out);
}

/* All that comes before a value. */
static void begin_value(struct json_writer *w, const char *key)
{
	if (w->depth) {
		bool *has_elements = &w->open[w->depth - 1].has_elements;

		if (*has_elements)
			fputc(',', w->out);
		if (w->depth <= JSON_BREAK_DEPTH)
			break_line(w);
		else if (*has_elements)
			fputc(' ', w->out);
		*has_elements = true;
	}
	if (key) {
		put_string(w->out, key);
		fputs(": ", w->out);
	}
}

static void json_open(struct json_writer *w, const char *key, char begin, char end)
{
	assert(w->depth < JSON_DEPTH_MAX);
	begin_value(w, key);
	fputc(begin, w->out);
	w->open[w->depth].end = end;
	w->open[w->depth].has_elements = false;
	w->depth++;
}

void json_object(struct json_writer *w, const char *key)
{
	json_open(w, key, '{', '}');
}

void json_array(struct json_writer *w, const char *key)
{
	json_open(w, key, '[', ']');
}

void json_end(struct json_writer *w)
{
	bool broken = w->depth <= JSON_BREAK_DEPTH;

	w->depth--;
	if (broken && w->open[w->depth].has_elements)
		break_line(w);
	fputc(w->open[w->depth].end, w->out);
	if (!w->depth)
		fputc('\n', w->out);
}

void json_string(struct json_writer *w, const char *key, const char *s)
{
	begin_value(w, key);
	put_string(w->out, s);
}

void json_uint(struct json_writer *w, const char *key, uint64_t value)
{
	begin_value(w, key);
	fprintf(w->out, "%" PRIu64, value);
}

void json_bool(struct json_writer *w, const char *key, bool value)
{
	begin_value(w, key);
	fputs(value ? "true" : "false", w->out);
}

void json_double(struct json_writer *w, const char *key, double value)
{
	begin_value(w, key);
	/* Whole numbers in whole: those of up to 2^53 are exact. */
	if (fabs(value) < 0x1p53 && value == trunc(value))
		fprintf(w->out, "%.0f", value);
	else if (isfinite(value))
		fprintf(w->out, "%.6g", value);
	else
		fputs("null", w->out);
}

void json_us(struct json_writer *w, const char *key, uint64_t ns)
{
	begin_value(w, key);
	fprintf(w->out, "%" PRIu64 ".%03u", ns / 1000, (unsigned int)(ns % 1000));
}
