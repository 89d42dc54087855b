// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Why maps allocate: a block of lines for each type of map and place that inserts. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "export/text_views.h"
#include "profile/native_container.h"
#include "report/maps.h"

/* Where the figures of a block begin. */
#define INDENT 18
/* Lines are wrapped there, in a file and on wide terminals. */
#define WRAP_AT  100
#define ROOM_MIN 20
/* Percent; causes with less are left out, to be seen in the JSON. */
#define SHARE_MIN 0.05

/* Bytes of the first @width characters of @s, or all of it. */
static size_t bytes_of(const char *s, size_t len, size_t width)
{
	size_t i = 0;

	for (; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80 && !width--)
			break;
	}
	return i;
}

/* @s in @room columns from @INDENT on; only words longer than that are broken. */
static void print_wrapped(FILE *out, const char *s, size_t room)
{
	size_t column = 0;

	while (*s) {
		size_t len = strcspn(s, " "), bytes = bytes_of(s, len, room), width = 0;

		for (size_t i = 0; i < bytes; i++)
			width += ((unsigned char)s[i] & 0xc0) != 0x80;
		if (column && column + 1 + width > room) {
			fprintf(out, "\n%*s", INDENT, "");
			column = 0;
		} else if (column) {
			fputc(' ', out);
			column++;
		}
		fwrite(s, 1, bytes, out);
		column += width;
		s += bytes;
		if (bytes == len)
			s += *s == ' ';
		else
			column = room;
	}
	fputc('\n', out);
}

/* A line of a block, or several: what it tells of, and that. 0 or -ENOMEM. */
__attribute__((format(printf, 3, 4))) static int put_line(const struct text *t, const char *what,
							  const char *format, ...)
{
	size_t width = t->width < WRAP_AT ? t->width : WRAP_AT;
	__auto_free char *text = NULL, *clean = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		text = NULL;
		return -ENOMEM;
	}
	clean = utf8_clean(text, '?');
	if (!clean)
		return -ENOMEM;
	fprintf(t->out, "       %-*s", INDENT - 7, what);
	print_wrapped(t->out, clean, width > INDENT + ROOM_MIN ? width - INDENT : ROOM_MIN);
	return 0;
}

static int print_head(const struct text *t, const struct map_row *r, size_t rank)
{
	__auto_free char *name = text_clean(t->p, t->p->types[r->type].name);
	size_t room = SIZE_MAX;

	if (!name)
		return -ENOMEM;
	if (t->width != SIZE_MAX)
		room = t->width > 7 + ROOM_MIN ? t->width - 7 : ROOM_MIN;
	fprintf(t->out, "\n%5zu  ", rank);
	text_tail(t->out, *name ? name : "[type of map not known]", room);
	fprintf(t->out, "\n       %-*s", INDENT - 7, "site");
	return text_line_label(t, INDENT, r->site, 0);
}

static int print_figures(const struct text *t, const struct map_row *r)
{
	char inserts[32], objects[32], bytes[32], times[64] = "", each[64] = "";
	double per_insert = r->inserts ? (double)r->bytes / (double)r->inserts : 0;

	if (!r->objects)
		return put_line(t, "inserts", "%s, which allocated nothing",
				format_count(inserts, sizeof(inserts), r->inserts));
	if (!r->inserts)
		return put_line(t, "inserts", "not seen; rehashes allocated %s in %s objects",
				format_bytes(bytes, sizeof(bytes), r->bytes),
				format_count(objects, sizeof(objects), r->objects));
	if (r->bytes && r->inserts)
		snprintf(each, sizeof(each), ": %.*f bytes each", per_insert < 10 ? 2 : 1,
			 per_insert);
	if (r->bytes && r->amplification > 0)
		snprintf(times, sizeof(times), ", amplification %.3g", r->amplification);
	return put_line(t, "inserts", "%s allocated %s in %s objects%s%s",
			format_count(inserts, sizeof(inserts), r->inserts),
			format_bytes(bytes, sizeof(bytes), r->bytes),
			format_count(objects, sizeof(objects), r->objects), each, times);
}

static int print_causes(const struct text *t, const struct map_row *r)
{
	__auto_free char *text = NULL;
	size_t len;
	FILE *out = r->bytes ? open_memstream(&text, &len) : NULL;

	if (!r->bytes)
		return 0;
	if (!out)
		return -ENOMEM;
	for (int i = 0; i < MAP_CAUSE_MAX; i++) {
		double share = text_percent(r->causes[i].bytes, r->bytes);
		char bytes[32];

		if (share < SHARE_MIN)
			continue;
		fprintf(out, "%s%s %.1f%% (%s)", ftell(out) ? ", " : "",
			map_cause_name((enum map_cause)i), share,
			format_bytes(bytes, sizeof(bytes), r->causes[i].bytes));
	}
	return fclose(out) ? -ENOMEM : put_line(t, "causes", "%s", text);
}

static int print_value(const struct text *t, const struct map_row *r)
{
	const struct profile_type *m = &t->p->types[r->type], *v = &t->p->types[m->elem];
	char padding[48] = "", pointers[48] = "", copied[64] = "";

	if (!m->elem)
		return 0;
	if (r->elem_padding)
		snprintf(padding, sizeof(padding), " (%" PRIu64 " padding)", r->elem_padding);
	if (r->elem_pointer_fields)
		snprintf(pointers, sizeof(pointers), ", %" PRIu32 " pointer%s",
			 r->elem_pointer_fields, r->elem_pointer_fields > 1 ? "s" : "");
	if (r->inserts)
		snprintf(copied, sizeof(copied), "; %.4g bytes copied per insert",
			 (double)r->copied_bytes / (double)r->inserts);
	return put_line(t, "value", "%s, %" PRIu64 " bytes%s%s, %s%s", profile_str(t->p, v->name),
			v->size, padding, pointers,
			m->flags & PROFILE_TYPE_ELEM_BOXED ? "an object each" : "in the table",
			copied);
}

static int print_rehashes(const struct text *t, const struct map_row *r)
{
	char growths[32], bytes[32], entries[64] = "", spared[64] = "";

	if (r->largest)
		snprintf(entries, sizeof(entries), "; %" PRIu64 " entries at the most", r->largest);
	if (r->presize_saving_bytes)
		snprintf(spared, sizeof(spared), "; reserve() spares %s",
			 format_bytes(bytes, sizeof(bytes), r->presize_saving_bytes));
	if (!r->growths)
		return put_line(t, "growth", "none%s", entries);
	return put_line(t, "growth", "%s rehash%s%s%s",
			format_count(growths, sizeof(growths), r->growths),
			r->growths > 1 ? "es" : "", entries, spared);
}

static int print_growth(const struct text *t, const struct map_row *r)
{
	char growths[32], maps[32], bytes[32], grown[96] = "none", spared[64] = "";

	if (container_of_type(t->p, r->type))
		return print_rehashes(t, r);
	if (r->growths)
		snprintf(grown, sizeof(grown), "%s time%s, of %s map%s",
			 format_count(growths, sizeof(growths), r->growths),
			 r->growths == 1 ? "" : "s",
			 format_count(maps, sizeof(maps), r->grown_maps),
			 r->grown_maps == 1 ? "" : "s");
	if (r->presize_saving_bytes)
		snprintf(spared, sizeof(spared), "; presizing spares %s",
			 format_bytes(bytes, sizeof(bytes), r->presize_saving_bytes));
	return put_line(t, "growth", "%s; %" PRIu64 " entries at the most%s", grown, r->largest,
			spared);
}

static int print_advice(const struct text *t, const struct map_row *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->n_advice; i++) {
		char saving[48], bytes[32];

		snprintf(saving, sizeof(saving), "-%s",
			 format_bytes(bytes, sizeof(bytes), r->advice[i].saving_bytes));
		err = put_line(t, saving, "%s", r->advice[i].text);
	}
	return err;
}

static int print_row(const struct text *t, const struct map_row *r, size_t rank)
{
	int err = print_head(t, r, rank);

	if (!err)
		err = print_figures(t, r);
	if (!err)
		err = print_causes(t, r);
	if (!err && r->by_site)
		err = put_line(t, "",
			       "of what is allocated there the container's part is not "
			       "known: all of it is counted");
	if (!err)
		err = print_value(t, r);
	if (!err)
		err = print_growth(t, r);
	return err ? err : print_advice(t, r);
}

static void print_rest(const struct text *t, const struct map_table *table, size_t shown)
{
	uint64_t bytes = 0, inserts = 0;
	char b[32], i[32];
	int used;

	for (size_t k = shown; k < table->n; k++) {
		bytes += table->rows[k].bytes;
		inserts += table->rows[k].inserts;
	}
	used = fprintf(t->out, "\n       %s inserts allocated %s ",
		       format_count(i, sizeof(i), inserts), format_bytes(b, sizeof(b), bytes));
	text_rest(t, used > 0 ? (size_t)used - 1 : 0, shown, table->n);
}

int text_maps_print(const struct text *t, const struct export_options *opts)
{
	struct map_table *table = map_table_new(t->p);
	size_t shown = table ? text_rows(opts, table->n) : 0;
	char inserts[32], bytes[32];
	int err = 0;

	if (!table)
		return -ENOMEM;
	if (!table->n)
		text_nothing(t, "No map was inserted into while this was recorded.");
	else if (!table->inserts)
		fprintf(t->out, "\nMaps that grew allocated %s, %.1f%% of all.\n",
			format_bytes(bytes, sizeof(bytes), table->bytes),
			text_percent(table->bytes, profile_totals(t->p).alloc_bytes));
	else
		fprintf(t->out, "\n%s inserts into maps allocated %s, %.1f%% of all.\n",
			format_count(inserts, sizeof(inserts), table->inserts),
			format_bytes(bytes, sizeof(bytes), table->bytes),
			text_percent(table->bytes, profile_totals(t->p).alloc_bytes));
	for (size_t i = 0; !err && i < shown; i++)
		err = print_row(t, &table->rows[i], i + 1);
	if (!err && shown < table->n)
		print_rest(t, table, shown);
	map_table_free(table);
	return err;
}
