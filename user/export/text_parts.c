// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "export/function_name.h"
#include "export/text_parts.h"

#define TOP_DEFAULT 20
/* What is left of a name on any terminal. */
#define NAME_MIN 12
/* Sentences are wrapped there, in a file and on wide terminals. */
#define WRAP_AT 100

size_t text_width(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) || !size.ws_col)
		return SIZE_MAX;
	return size.ws_col;
}

size_t text_rows(const struct export_options *opts, size_t n)
{
	size_t top = opts->top ? opts->top : TOP_DEFAULT;

	return top < n ? top : n;
}

double text_percent(uint64_t part, uint64_t whole)
{
	return whole ? 100 * (double)part / (double)whole : 0;
}

void text_nothing(const struct text *t, const char *sentence)
{
	if (profile_only_collections(t->p))
		fputs("\nOnly collections were recorded, no allocations: --view gc shows them.\n",
		      t->out);
	else
		fprintf(t->out, "\n%s\n", sentence);
}

char *text_clean(const struct profile *p, str_id id)
{
	return utf8_clean(profile_str(p, id), '?');
}

char *text_function(const struct profile *p, uint32_t function)
{
	__auto_free char *name = function_short_name(p, function);

	return name ? utf8_clean(name, '?') : NULL;
}

char *text_place(const struct profile *p, struct profile_line line)
{
	char *clean = text_clean(p, p->functions[line.function].file);
	char *place;

	if (!clean || !*clean || !line.line)
		return clean;
	if (asprintf(&place, "%s:%u", clean, line.line) < 0)
		place = NULL;
	free(clean);
	return place;
}

char *text_type(const struct profile *p, uint32_t type, enum type_name_form form)
{
	__auto_free char *name = type_name(p, type, form);

	if (!name)
		return NULL;
	return *name ? utf8_clean(name, '?') : strdup("[type not known]");
}

static size_t wider(const char *name, size_t pad)
{
	size_t length = name ? utf8_length(name) : 0;

	return length > pad && length <= TEXT_PAD_MAX ? length : pad;
}

size_t text_pad(const struct profile *p, str_id id, size_t pad)
{
	return wider(profile_str(p, id), pad);
}

size_t text_function_pad(const struct profile *p, uint32_t function, size_t pad)
{
	__auto_free char *name = text_function(p, function);

	return wider(name, pad);
}

void text_tail(FILE *out, const char *s, size_t width)
{
	size_t length = utf8_length(s), skip;

	if (length <= width) {
		fputs(s, out);
		return;
	}
	for (skip = length - width + 3; skip; skip--) {
		while (((unsigned char)*++s & 0xc0) == 0x80)
			;
	}
	fprintf(out, "...%s", s);
}

void text_label(const struct text *t, size_t used, const char *name, const char *place, size_t pad)
{
	size_t length = utf8_length(name), room = SIZE_MAX;
	const char *slash = strrchr(place, '/');

	if (t->width != SIZE_MAX) {
		room = t->width > used ? t->width - used : 0;
		room = room > NAME_MIN ? room : NAME_MIN;
	}
	if (slash && (length > pad ? length : pad) + 2 + utf8_length(place) > room)
		place = slash + 1;
	if (*place && NAME_MIN + 2 + utf8_length(place) > room)
		place = "";
	if (*place && room != SIZE_MAX)
		room -= 2 + utf8_length(place);
	length = length < room ? length : room;
	pad = pad < room ? pad : room;
	text_tail(t->out, name, length);
	if (*place)
		fprintf(t->out, "%*s  %s", length < pad ? (int)(pad - length) : 0, "", place);
	fputc('\n', t->out);
}

int text_line_label(const struct text *t, size_t used, struct profile_line line, size_t pad)
{
	__auto_free char *name = text_function(t->p, line.function);
	__auto_free char *place = text_place(t->p, line);

	if (!name || !place)
		return -ENOMEM;
	text_label(t, used, name, place, pad);
	return 0;
}

void text_rest(const struct text *t, size_t used, size_t shown, size_t n)
{
	char more[64], hint[64];

	snprintf(more, sizeof(more), "in %zu more", n - shown);
	snprintf(hint, sizeof(hint), ": --top %zu shows all", n);
	fprintf(t->out, "%s%s\n", more, used + strlen(more) + strlen(hint) <= t->width ? hint : "");
}

void text_wrapped(const struct text *t, size_t indent, const char *s)
{
	size_t limit = t->width < WRAP_AT ? t->width : WRAP_AT, column = indent;

	while (*s) {
		size_t bytes = strcspn(s, " ");
		size_t width = bytes;

		for (size_t i = 0; i < bytes; i++)
			width -= ((unsigned char)s[i] & 0xc0) == 0x80;
		if (column > indent && column + 1 + width > limit) {
			fprintf(t->out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', t->out);
			column++;
		}
		fwrite(s, 1, bytes, t->out);
		column += width;
		s += bytes;
		s += *s == ' ';
	}
	fputc('\n', t->out);
}
