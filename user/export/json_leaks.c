// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What lives at the end, for programs. */
#include <errno.h>

#include "export/json_parts.h"

static void write_sum(struct json_writer *w, const struct leak_sum *sum)
{
	json_uint(w, "objects", sum->objects);
	json_uint(w, "bytes", sum->bytes);
}

static void write_suppressed(struct json_writer *w, const struct leak_table *t,
			     const struct suppressions *suppressions)
{
	json_object(w, "suppressed");
	write_sum(w, &t->suppressed);
	json_array(w, "by");
	for (size_t i = 0; suppressions && i < suppressions_count(suppressions); i++) {
		if (!t->by_suppression[i].objects)
			continue;
		json_object(w, NULL);
		json_string(w, "pattern", suppressions_pattern(suppressions, i));
		write_sum(w, &t->by_suppression[i]);
		json_end(w);
	}
	json_end(w);
	json_end(w);
}

void json_leaks_members(struct json_writer *w, const struct profile *p, const struct leak_table *t,
			const struct suppressions *suppressions)
{
	write_sum(w, &t->sum);
	json_uint(w, "peak_bytes", p->heap.peak_bytes);
	json_uint(w, "peak_ns", p->heap.peak_ns);
	json_uint(w, "partial_since_ns", p->heap.partial_since_ns);
	json_uint(w, "untracked_frees", p->heap.untracked_frees);
	json_array(w, "looks_ns");
	for (uint32_t i = 0; i < t->n_looks; i++)
		json_uint(w, NULL, t->look_ns[i]);
	json_end(w);
	write_suppressed(w, t, suppressions);
}

void json_leak_members(struct json_writer *w, const struct leak_table *t, const struct leak_row *r)
{
	json_uint(w, "objects", r->objects);
	json_uint(w, "bytes", r->bytes);
	json_uint(w, "age_ns", r->age_ns);
	json_uint(w, "peak_bytes", r->peak_bytes);
	json_bool(w, "grows", r->grows_since < t->n_looks);
	json_double(w, "growth_per_s", r->growth_per_s);
	json_uint(w, "n_stacks", r->n_stacks);
	json_array(w, "look_bytes");
	for (uint32_t i = 0; i < t->n_looks; i++)
		json_uint(w, NULL, r->look_bytes[i]);
	json_end(w);
}

static void write_stack(struct json_writer *w, const struct profile *p, uint32_t stack)
{
	const struct profile_stack *s = &p->stacks[stack];

	json_array(w, "stack");
	for (uint32_t i = 0; i < s->n_locations; i++) {
		const struct profile_location *l =
			&p->locations[p->stack_locations[s->first_location + i]];

		for (uint32_t j = 0; j < l->n_lines; j++) {
			json_object(w, NULL);
			json_line(w, p, p->lines[l->first_line + j]);
			json_end(w);
		}
	}
	json_end(w);
}

int json_leaks(struct json_writer *w, const struct profile *p, const struct export_options *opts)
{
	struct leak_table *t;

	if (!p->heap.recorded)
		return 0;
	t = leak_table_new(p, opts->suppressions);
	if (!t)
		return -ENOMEM;
	json_object(w, "leaks");
	json_leaks_members(w, p, t, opts->suppressions);
	json_array(w, "sites");
	for (size_t i = 0; i < t->n; i++) {
		json_object(w, NULL);
		json_line(w, p, t->rows[i].site);
		json_leak_members(w, t, &t->rows[i]);
		write_stack(w, p, t->rows[i].stack);
		json_end(w);
	}
	json_end(w);
	json_end(w);
	leak_table_free(t);
	return 0;
}
