// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The report for programs. Its schema is tests/golden/report.schema.json: keys
 * may be added, those there keep their names and meanings.
 */
#include <errno.h>

#include "export/exporter.h"
#include "export/json_parts.h"
#include "report/sites.h"
#include "report/stack_ends.h"

#define JSON_SCHEMA 1

static void write_totals(struct json_writer *w, const struct profile *p,
			 const struct profile_totals *t)
{
	json_object(w, "totals");
	json_uint(w, "alloc_objects", t->alloc_objects);
	json_uint(w, "alloc_bytes", t->alloc_bytes);
	json_uint(w, "alloc_requested", t->alloc_requested);
	json_uint(w, "map_inserts", t->map_inserts);
	json_uint(w, "wb_flushes", t->wb_flushes);
	if (p->heap.recorded) {
		json_uint(w, "frees", t->free_objects);
		json_uint(w, "freed_bytes", t->free_bytes);
		json_uint(w, "live_objects", t->live_objects);
		json_uint(w, "live_bytes", t->live_bytes);
	}
	json_end(w);
}

static void write_stack_ends(struct json_writer *w, const struct profile *p)
{
	struct stack_ends e = stack_ends_count(p);

	json_uint(w, "hits", e.hits);
	json_uint(w, "whole", e.whole);
	json_double(w, "whole_share", stack_ends_whole_share(&e));
	json_uint(w, "frame_pointer", e.frame_pointer);
	json_object(w, "not_whole");
	for (int i = 0; i < STACK_END_REASONS; i++)
		json_uint(w, stack_end_name((enum stack_end_reason)i), e.reasons[i]);
	json_end(w);
}

static void write_stacks(struct json_writer *w, const struct profile *p)
{
	json_object(w, "stacks");
	json_uint(w, "distinct", p->n_stacks);
	json_uint(w, "truncated", p->stacks_truncated);
	json_uint(w, "broken", p->stacks_broken);
	json_double(w, "resolved_share", profile_resolved_share(p));
	if (profile_native(p))
		write_stack_ends(w, p);
	json_end(w);
}

static void write_lost(struct json_writer *w, const struct profile *p)
{
	json_object(w, "lost");
	json_uint(w, "total", profile_lost(p));
	for (size_t i = 0; i < p->n_losses; i++)
		json_uint(w, profile_str(p, p->losses[i].reason), p->losses[i].count);
	json_end(w);
}

static void write_sites(struct json_writer *w, const struct profile *p, const struct site_table *t)
{
	json_array(w, "sites");
	for (size_t i = 0; i < t->n; i++) {
		const struct site *s = &t->sites[i];

		json_object(w, NULL);
		json_line(w, p, (struct profile_line){s->function, s->line});
		json_uint(w, "objects", s->objects);
		json_uint(w, "bytes", s->bytes);
		json_uint(w, "requested", s->requested);
		json_uint(w, "inserts", s->inserts);
		json_uint(w, "wb_flushes", s->flushes);
		if (p->heap.recorded) {
			json_uint(w, "frees", s->frees);
			json_uint(w, "freed_bytes", s->freed_bytes);
			json_uint(w, "live_objects", s->live_objects);
			json_uint(w, "live_bytes", s->live_bytes);
		}
		json_end(w);
	}
	json_end(w);
}

static int json_write(const struct profile *p, const struct export_options *opts, FILE *out)
{
	struct json_writer w = json_writer_make(out);
	struct site_table *sites = site_table_new(p);
	struct process_table *processes = process_table_new(p);
	int err;

	if (!sites || !processes) {
		site_table_free(sites);
		process_table_free(processes);
		return -ENOMEM;
	}
	json_object(&w, NULL);
	json_uint(&w, "schema", JSON_SCHEMA);
	json_string(&w, "tool_version", profile_str(p, p->tool_version));
	json_targets(&w, p, processes);
	json_uint(&w, "start_unix_ns", p->start_unix_ns);
	json_uint(&w, "duration_ns", p->duration_ns);
	json_string(&w, "mode", profile_str(p, p->mode));
	write_totals(&w, p, &sites->totals);
	write_stacks(&w, p);
	write_lost(&w, p);
	json_cost(&w, &p->cost);
	write_sites(&w, p, sites);
	err = json_types(&w, p);
	if (!err)
		err = json_maps(&w, p);
	if (!err)
		err = json_escapes(&w, p);
	if (!err)
		err = json_gc(&w, p);
	if (!err)
		err = json_space(&w, p);
	if (!err)
		err = json_leaks(&w, p, opts);
	if (!err && opts->layout)
		err = json_layout(&w, p, opts->layout);
	json_end(&w);
	site_table_free(sites);
	process_table_free(processes);
	return err;
}

const struct exporter exporter_json = {
	.name = "json",
	.suffix = ".json",
	.help = "report for programs",
	.write = json_write,
};
