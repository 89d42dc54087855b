// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Folded stacks, as flamegraph.pl and many others read them, one line per stack:
 *
 *	main.main;main.load;runtime.makeslice;runtime.mallocgc 65536
 *
 * Root first, then one number. The format knows no escaping, so names must bend:
 * a ';' becomes ':', control characters become spaces, and a name that ends in a
 * space and a number has that space replaced, because readers take two numbers
 * at the end of a line for a difference of two profiles (facts/formats.md 2.1).
 *
 * By type, there is a line per stack and type, and the type is its leaf:
 *
 *	main.main;main.load;runtime.newobject;runtime.mallocgc;[type main.User] 4096
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "export/exporter.h"
#include "report/type_names.h"

/* A name as it may stand in a line. Ranks are in the order of texts; equal texts have one. */
struct name {
	char *text;
	uint32_t rank;
};

struct line {
	uint32_t target, stack;
	uint32_t type; /* 0 where lines are not by type */
	uint64_t value;
};

struct folder {
	const struct profile *p;
	struct name *functions; /* one per function */
	struct name *processes; /* one per target; NULL where lines need none */
	struct name *types;     /* leaves, one per type; NULL where lines are not by type */
	struct line *lines;
	size_t n_lines;
};

static void trim(char *s)
{
	size_t n = strlen(s), blank = strspn(s, " ");

	while (n > blank && s[n - 1] == ' ')
		n--;
	memmove(s, s + blank, n - blank);
	s[n - blank] = 0;
}

/* Joins a number at the end to the word before it. */
static void join_number(char *s)
{
	size_t n = strlen(s), digits = n;

	while (digits && (isdigit((unsigned char)s[digits - 1]) || s[digits - 1] == '.'))
		digits--;
	if (digits && digits < n && s[digits - 1] == ' ')
		s[digits - 1] = '_';
}

/* What @name is called in a line; the caller's to free. */
static char *bend_name(const char *name)
{
	char *bent = utf8_clean(name, ' ');

	if (!bent)
		return NULL;
	for (char *c = bent; *c; c++) {
		if (*c == ';')
			*c = ':';
	}
	trim(bent);
	join_number(bent);
	if (*bent)
		return bent;
	free(bent);
	return strdup("[unknown]");
}

static int compare_names(const void *x, const void *y, void *ctx)
{
	const struct name *names = ctx;
	const uint32_t *a = x, *b = y;

	return strcmp(names[*a].text, names[*b].text);
}

static int rank_names(struct name *names, size_t n)
{
	uint32_t *order = calloc(n + 1, sizeof(*order));
	uint32_t rank = 0;

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), compare_names, names);
	for (size_t i = 0; i < n; i++) {
		if (i && compare_names(&order[i - 1], &order[i], names))
			rank++;
		names[order[i]].rank = rank;
	}
	free(order);
	return 0;
}

static int name_functions(struct folder *f)
{
	const struct profile *p = f->p;

	f->functions = calloc(p->n_functions + 1, sizeof(*f->functions));
	if (!f->functions)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_functions; i++) {
		f->functions[i].text = bend_name(profile_str(p, p->functions[i].name));
		if (!f->functions[i].text)
			return -ENOMEM;
	}
	return rank_names(f->functions, p->n_functions);
}

static int name_processes(struct folder *f)
{
	const struct profile *p = f->p;

	f->processes = calloc(p->n_targets, sizeof(*f->processes));
	if (!f->processes)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_targets; i++) {
		char *comm = bend_name(profile_str(p, p->targets[i].comm));
		int len = comm ? asprintf(&f->processes[i].text, "%s-%u", comm, p->targets[i].pid)
			       : -1;

		free(comm);
		if (len < 0) {
			f->processes[i].text = NULL;
			return -ENOMEM;
		}
	}
	return rank_names(f->processes, p->n_targets);
}

/* "[type main.User]"; what is no type of the runtime's is in brackets already. */
static char *type_leaf(const struct profile *p, uint32_t type, enum type_name_form form)
{
	__auto_free char *name = type_name(p, type, form);
	__auto_free char *leaf = NULL;

	if (!name)
		return NULL;
	if (*name == '[' && !p->types[type].kind)
		return bend_name(name);
	if (asprintf(&leaf, "[type %s]", *name ? name : "not known") < 0) {
		leaf = NULL;
		return NULL;
	}
	return bend_name(leaf);
}

static int name_types(struct folder *f)
{
	const struct profile *p = f->p;
	__auto_free enum type_name_form *forms = type_name_forms(p);

	f->types = calloc(p->n_types, sizeof(*f->types));
	if (!forms || !f->types)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->n_types; i++) {
		f->types[i].text = type_leaf(p, i, forms[i]);
		if (!f->types[i].text)
			return -ENOMEM;
	}
	return rank_names(f->types, p->n_types);
}

/* Walks the frames of a stack, inlined ones too, root first. */
struct walk {
	const struct profile *p;
	const uint32_t *location, *end; /* in profile.stack_locations, backwards */
	const struct profile_location *l;
	uint32_t lines_left;
};

static struct walk walk_stack(const struct profile *p, uint32_t stack)
{
	const struct profile_stack *s = &p->stacks[stack];
	const uint32_t *first = p->stack_locations + s->first_location;

	return (struct walk){.p = p, .location = first + s->n_locations, .end = first};
}

/* The function of the next frame, or PROFILE_NONE behind the leaf. */
static uint32_t walk_next(struct walk *w)
{
	if (!w->lines_left) {
		if (w->location == w->end)
			return PROFILE_NONE;
		w->l = &w->p->locations[*--w->location];
		w->lines_left = w->l->n_lines;
	}
	return w->p->lines[w->l->first_line + --w->lines_left].function;
}

static int compare_ranks(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_stacks(const struct folder *f, uint32_t a, uint32_t b)
{
	struct walk v = walk_stack(f->p, a), w = walk_stack(f->p, b);

	for (;;) {
		uint32_t x = walk_next(&v), y = walk_next(&w);
		int order;

		if (x == PROFILE_NONE || y == PROFILE_NONE)
			return (x != PROFILE_NONE) - (y != PROFILE_NONE);
		order = compare_ranks(f->functions[x].rank, f->functions[y].rank);
		if (order)
			return order;
	}
}

/* 0 for lines that read the same. */
static int compare_lines(const void *x, const void *y, void *ctx)
{
	const struct folder *f = ctx;
	const struct line *a = x, *b = y;
	int order = 0;

	if (f->processes)
		order = compare_ranks(f->processes[a->target].rank, f->processes[b->target].rank);
	if (!order && a->stack != b->stack)
		order = compare_stacks(f, a->stack, b->stack);
	if (!order && f->types)
		order = compare_ranks(f->types[a->type].rank, f->types[b->type].rank);
	return order;
}

static uint64_t sample_value(const struct profile_sample *s, enum export_unit unit)
{
	static const enum profile_kind kinds[UNIT_MAX] = {
		[UNIT_INSERTS] = PROFILE_MAP_INSERT, [UNIT_FLUSHES] = PROFILE_WB_FLUSH};

	if (s->kind != kinds[unit] || unit >= UNIT_INUSE)
		return 0;
	return unit == UNIT_BYTES ? s->bytes : s->objects;
}

static int collect_lines(struct folder *f, enum export_unit unit)
{
	const struct profile *p = f->p;

	f->lines = calloc(p->n_samples + p->n_live + 1, sizeof(*f->lines));
	if (!f->lines)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		struct line line = {s->target, s->stack, f->types ? s->type : 0,
				    sample_value(s, unit)};

		if (line.value)
			f->lines[f->n_lines++] = line;
	}
	for (size_t i = 0; unit >= UNIT_INUSE && i < p->n_live; i++) {
		const struct profile_live *l = &p->live[i];
		struct line line = {l->target, l->stack, 0,
				    unit == UNIT_INUSE ? l->bytes : l->objects};

		if (line.value)
			f->lines[f->n_lines++] = line;
	}
	/* Sorted, so that equal profiles give equal files, and to bring equal lines together. */
	qsort_r(f->lines, f->n_lines, sizeof(*f->lines), compare_lines, f);
	return 0;
}

static void print_line(const struct folder *f, const struct line *line, FILE *out)
{
	struct walk w = walk_stack(f->p, line->stack);
	uint32_t function = walk_next(&w);

	if (f->processes)
		fprintf(out, "%s;", f->processes[line->target].text);
	while (function != PROFILE_NONE) {
		fputs(f->functions[function].text, out);
		function = walk_next(&w);
		if (function != PROFILE_NONE)
			fputc(';', out);
	}
	if (f->types)
		fprintf(out, ";%s", f->types[line->type].text);
	fprintf(out, " %" PRIu64 "\n", line->value);
}

static void print_lines(struct folder *f, FILE *out)
{
	for (size_t i = 0; i < f->n_lines; i++) {
		struct line *next = i + 1 < f->n_lines ? &f->lines[i + 1] : NULL;

		if (next && !compare_lines(&f->lines[i], next, f))
			next->value += f->lines[i].value;
		else
			print_line(f, &f->lines[i], out);
	}
}

static void free_names(struct name *names, size_t n)
{
	for (size_t i = 0; names && i < n; i++)
		free(names[i].text);
	free(names);
}

static int folded_write(const struct profile *p, const struct export_options *opts, FILE *out)
{
	struct folder f = {.p = p};
	int err = name_functions(&f);

	if (!err && p->n_targets > 1)
		err = name_processes(&f);
	if (!err && opts->by == BY_TYPE)
		err = name_types(&f);
	if (!err)
		err = collect_lines(&f, opts->unit);
	if (!err)
		print_lines(&f, out);
	free(f.lines);
	free_names(f.functions, p->n_functions);
	free_names(f.processes, p->n_targets);
	free_names(f.types, p->n_types);
	return err;
}

const struct exporter exporter_folded = {
	.name = "folded",
	.suffix = ".folded",
	.help = "folded stacks, for flamegraph.pl and its kin",
	.write = folded_write,
};
