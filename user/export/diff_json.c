// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A comparison for programs. Its schema is tests/golden/diff.schema.json: keys may
 * be added, those there keep their names and meanings.
 */
#include <errno.h>

#include "export/diff_export.h"
#include "export/json_parts.h"

#define JSON_SCHEMA 1

static void write_amounts(struct json_writer *w, const struct diff *d, const struct diff_row *r)
{
	for (enum diff_side side = 0; side < DIFF_SIDES; side++) {
		json_object(w, diff_side_name(side));
		for (enum diff_measure m = 0; m < DIFF_MEASURES; m++)
			json_double(w, diff_measure_name(m), diff_value(d, r, side, m));
		json_end(w);
	}
	json_object(w, "delta");
	for (enum diff_measure m = 0; m < DIFF_MEASURES; m++)
		json_double(w, diff_measure_name(m), diff_delta(d, r, m));
	json_end(w);
}

static void write_caveats(struct json_writer *w, unsigned int caveats)
{
	json_array(w, "caveats");
	for (enum diff_caveat c = 1; c <= DIFF_LOST; c <<= 1) {
		if (caveats & c)
			json_string(w, NULL, diff_caveat_text(c));
	}
	json_end(w);
}

static void write_side(struct json_writer *w, const struct diff *d, enum diff_side side)
{
	const struct profile *p = d->profiles[side];

	json_object(w, diff_side_name(side));
	json_targets(w, p, NULL);
	json_string(w, "tool_version", profile_str(p, p->tool_version));
	json_uint(w, "start_unix_ns", p->start_unix_ns);
	json_uint(w, "duration_ns", p->duration_ns);
	json_string(w, "mode", profile_str(p, p->mode));
	json_object(w, "totals");
	for (enum diff_measure m = 0; m < DIFF_MEASURES; m++)
		json_uint(w, diff_measure_name(m), d->total.amount[side][m]);
	json_end(w);
	json_uint(w, "lost", profile_lost(p));
	json_uint(w, "truncated", p->stacks_truncated);
	json_uint(w, "broken", p->stacks_broken);
	write_caveats(w, d->caveats[side]);
	json_end(w);
}

static const char *match_name(enum diff_match match)
{
	switch (match) {
	case DIFF_ALONE:
		return "alone";
	case DIFF_BY_NAME:
		return "name";
	case DIFF_BY_FUNCTION:
		break;
	}
	return "function";
}

static const char *type_before(const struct diff *d, const struct diff_row *r)
{
	const struct profile *p = d->profiles[DIFF_BEFORE];

	return profile_str(p, p->types[r->type[DIFF_BEFORE]].name);
}

static void write_row(struct json_writer *w, const struct diff *d, enum diff_table_kind kind,
		      const struct diff_row *r)
{
	enum diff_side shown = diff_shown(r);
	const struct profile *p = d->profiles[shown];

	json_object(w, NULL);
	if (kind == DIFF_TYPES || kind == DIFF_MAPS) {
		json_string(w, "type", profile_str(p, p->types[r->type[shown]].name));
		json_string(w, "package", profile_str(p, p->types[r->type[shown]].package));
		if (r->match == DIFF_BY_FUNCTION)
			json_string(w, "type_before", type_before(d, r));
	}
	if (kind != DIFF_TYPES) {
		json_line(w, p, r->line[shown]);
		if (r->match != DIFF_ALONE)
			json_uint(w, "line_before", r->line[DIFF_BEFORE].line);
	}
	json_string(w, "match", match_name(r->match));
	write_amounts(w, d, r);
	json_end(w);
}

int diff_json_write(const struct diff *d, const struct export_options *opts, FILE *out)
{
	struct json_writer w = json_writer_make(out);

	(void)opts;
	json_object(&w, NULL);
	json_uint(&w, "schema", JSON_SCHEMA);
	json_string(&w, "compared", d->per_second ? "per_second" : "totals");
	for (enum diff_side side = 0; side < DIFF_SIDES; side++)
		write_side(&w, d, side);
	json_object(&w, "totals");
	write_amounts(&w, d, &d->total);
	json_end(&w);
	json_object(&w, "live_totals");
	write_amounts(&w, d, &d->live);
	json_end(&w);
	for (enum diff_table_kind kind = 0; kind < DIFF_TABLES; kind++) {
		const struct diff_table *t = &d->tables[kind];

		json_array(&w, diff_table_name(kind));
		for (size_t i = 0; i < t->n; i++)
			write_row(&w, d, kind, &t->rows[i]);
		json_end(&w);
	}
	json_end(&w);
	return 0;
}
