// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/gc_tally.h"

static bool same_row(const void *ctx, uint32_t id, const void *key)
{
	const struct gc_tally *t = ctx;
	const struct gc_tally_row *a = &t->rows.data[id], *b = key;

	return a->line.function == b->line.function && a->line.line == b->line.line &&
	       a->what == b->what;
}

int gc_tally_add(struct gc_tally *t, const struct gc_tally_row *row)
{
	uint64_t hash = hash_bytes(&row->line, sizeof(row->line), row->what);
	uint32_t id = intern_find(&t->index, hash, same_row, t, row);
	struct gc_tally_row *sum;

	t->count += row->count;
	t->ns += row->ns;
	t->bytes += row->bytes;
	if (id == INTERN_NONE)
		return vec_push(&t->rows, *row) ||
				       intern_add(&t->index, hash, (uint32_t)t->rows.n - 1)
			       ? -ENOMEM
			       : 0;
	sum = &t->rows.data[id];
	sum->count += row->count;
	sum->ns += row->ns;
	sum->bytes += row->bytes;
	return 0;
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_rows(const void *x, const void *y)
{
	const struct gc_tally_row *a = x, *b = y;
	int order = descending(a->ns, b->ns);

	order = order ? order : descending(a->bytes, b->bytes);
	order = order ? order : descending(a->count, b->count);
	order = order ? order : descending(b->line.function, a->line.function);
	order = order ? order : descending(b->line.line, a->line.line);
	return order ? order : descending(b->what, a->what);
}

void gc_tally_sort(struct gc_tally *t)
{
	/* What the index says no longer holds. */
	intern_free(&t->index);
	if (t->rows.n)
		qsort(t->rows.data, t->rows.n, sizeof(*t->rows.data), compare_rows);
}

void gc_tally_free(struct gc_tally *t)
{
	intern_free(&t->index);
	vec_free(&t->rows);
}

static bool is_caller(const struct profile *p, const struct profile_line *line)
{
	const struct profile_function *f = &p->functions[line->function];

	return f->category != FUNCTION_GO_RUNTIME && f->category != FUNCTION_NATIVE_ALLOCATOR &&
	       strncmp(profile_str(p, f->name), "runtime/", 8);
}

struct profile_line gc_caller(const struct profile *p, uint32_t stack)
{
	const struct profile_stack *s = &p->stacks[stack];

	for (uint32_t i = 0; i < s->n_locations; i++) {
		uint32_t location = p->stack_locations[s->first_location + i];
		const struct profile_location *l = &p->locations[location];

		for (uint32_t j = 0; j < l->n_lines; j++) {
			const struct profile_line *line = &p->lines[l->first_line + j];

			if (is_caller(p, line))
				return *line;
		}
	}
	return profile_stack_site(p, stack);
}

void gc_put_times(FILE *out, uint64_t n)
{
	if (n == 1)
		fputs("once", out);
	else
		fprintf(out, "%" PRIu64 " times", n);
}

void gc_put_line(FILE *out, const struct profile *p, struct profile_line line)
{
	const struct profile_function *f = &p->functions[line.function];
	const char *file = profile_str(p, f->file);

	fputs(profile_str(p, f->name), out);
	if (*file && line.line)
		fprintf(out, " (%s:%u)", file, line.line);
	else if (*file)
		fprintf(out, " (%s)", file);
}
