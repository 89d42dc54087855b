// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/type_names.h"

/* Longer names are not searched for slips of the pen. */
#define SLIP_LENGTH_MAX 64
#define SLIPS_MAX       2

/* How unlike a name is; small is like. */
enum { LIKENESS_CASE, LIKENESS_PART, LIKENESS_SLIP, LIKENESS_NONE = 100 };

struct candidate {
	uint32_t type;
	int likeness;
	uint64_t bytes;
};

/* Where the package's name begins in that of a type: behind "*", "[3]" and "chan ". */
static size_t package_at(const char *name, size_t dot)
{
	while (dot && !strchr("*] ", name[dot - 1]))
		dot--;
	return dot;
}

char *type_name(const struct profile *p, uint32_t type, enum type_name_form form)
{
	const struct profile_type *t = &p->types[type];
	const char *name = profile_str(p, t->name), *package = profile_str(p, t->package);
	const char *dot = strchr(name, '.');
	int head = dot ? (int)package_at(name, (size_t)(dot - name)) : 0;
	char hash[16] = "", *whole;

	if (form == TYPE_NAME_SHORT || (form == TYPE_NAME_PATH && (!*package || !dot)))
		return strdup(name);
	if (form == TYPE_NAME_HASH)
		snprintf(hash, sizeof(hash), "#%08x", t->hash);
	if (!*package || !dot)
		return asprintf(&whole, "%s%s", name, hash) < 0 ? NULL : whole;
	return asprintf(&whole, "%.*s%s%s%s", head, name, package, dot, hash) < 0 ? NULL : whole;
}

/* How two types differ. */
enum difference { DIFFER_NOT, DIFFER_IN_HASH, DIFFER_IN_PACKAGE, DIFFER_IN_NAME };

static enum difference compare_types(const struct profile *p, uint32_t a, uint32_t b, int *order)
{
	const struct profile_type *t = &p->types[a], *u = &p->types[b];

	*order = strcmp(profile_str(p, t->name), profile_str(p, u->name));
	if (*order)
		return DIFFER_IN_NAME;
	*order = strcmp(profile_str(p, t->package), profile_str(p, u->package));
	if (*order)
		return DIFFER_IN_PACKAGE;
	*order = (t->hash > u->hash) - (t->hash < u->hash);
	return *order ? DIFFER_IN_HASH : DIFFER_NOT;
}

struct named {
	uint32_t type;
	size_t place; /* of the caller's */
};

static int compare_named(const void *x, const void *y, void *ctx)
{
	int order;

	compare_types(ctx, ((const struct named *)x)->type, ((const struct named *)y)->type,
		      &order);
	return order;
}

/* How many at the beginning of @named[@n], sorted, differ less than @least from each other. */
static size_t run_length(const struct profile *p, const struct named *named, size_t n,
			 enum difference least, bool *all_equal)
{
	size_t i = 1;
	int order;

	*all_equal = true;
	for (; i < n; i++) {
		enum difference d = compare_types(p, named[i - 1].type, named[i].type, &order);

		if (d >= least)
			break;
		if (d + 1 == least)
			*all_equal = false;
	}
	return i;
}

/* @named[@n], sorted, are called alike. */
static void form_run(const struct profile *p, const struct named *named, size_t n,
		     enum type_name_form *forms, bool one_package)
{
	bool one_hash;
	size_t length;

	for (size_t i = 0; i < n; i += length) {
		length = run_length(p, named + i, n - i, DIFFER_IN_PACKAGE, &one_hash);
		for (size_t j = i; j < i + length; j++)
			forms[named[j].place] = !one_hash     ? TYPE_NAME_HASH
						: one_package ? TYPE_NAME_SHORT
							      : TYPE_NAME_PATH;
	}
}

enum type_name_form *type_name_forms_among(const struct profile *p, const uint32_t *types, size_t n)
{
	__auto_free struct named *named = calloc(n + 1, sizeof(*named));
	enum type_name_form *forms = calloc(n + 1, sizeof(*forms));
	size_t length;

	if (!named || !forms) {
		free(forms);
		errno = ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		named[i] = (struct named){types[i], i};
	qsort_r(named, n, sizeof(*named), compare_named, (void *)p);
	for (size_t i = 0; i < n; i += length) {
		bool one_package;

		length = run_length(p, named + i, n - i, DIFFER_IN_NAME, &one_package);
		form_run(p, named + i, length, forms, one_package);
	}
	return forms;
}

/* The types of samples, each once; their number is at *n. NULL when out of memory. */
static uint32_t *sampled_types(const struct profile *p, size_t *n)
{
	__auto_free bool *seen = calloc(p->n_types, sizeof(*seen));
	uint32_t *types = calloc(p->n_types, sizeof(*types));

	*n = 0;
	if (!seen || !types) {
		free(types);
		return NULL;
	}
	for (size_t i = 0; i < p->n_samples; i++) {
		uint32_t type = p->samples[i].type;

		if (!seen[type])
			types[(*n)++] = type;
		seen[type] = true;
	}
	return types;
}

enum type_name_form *type_name_forms(const struct profile *p)
{
	size_t n;
	__auto_free uint32_t *types = sampled_types(p, &n);
	__auto_free enum type_name_form *among = types ? type_name_forms_among(p, types, n) : NULL;
	enum type_name_form *forms = calloc(p->n_types, sizeof(*forms));

	if (!among || !forms) {
		free(forms);
		errno = ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		forms[types[i]] = among[i];
	return forms;
}

/* Of each type, what was allocated. NULL when out of memory. */
static uint64_t *bytes_of_types(const struct profile *p)
{
	uint64_t *bytes = calloc(p->n_types, sizeof(*bytes));

	for (size_t i = 0; bytes && i < p->n_samples; i++) {
		if (p->samples[i].kind == PROFILE_ALLOC)
			bytes[p->samples[i].type] += p->samples[i].bytes;
	}
	return bytes;
}

/* 1 or 0; -ENOMEM. */
static int is_called(const struct profile *p, uint32_t type, const char *name)
{
	for (enum type_name_form form = TYPE_NAME_SHORT; form < TYPE_NAME_MAX; form++) {
		__auto_free char *known = type_name(p, type, form);

		if (!known)
			return -ENOMEM;
		if (!strcmp(known, name))
			return 1;
	}
	return 0;
}

/* Of two that are called the same in every form, the one of which more is known. */
static uint32_t better_known(const struct profile *p, uint32_t a, uint32_t b, const uint64_t *bytes)
{
	bool fields_of_a = p->types[a].n_fields > 0, fields_of_b = p->types[b].n_fields > 0;

	if (fields_of_a != fields_of_b)
		return fields_of_a ? a : b;
	return bytes[b] > bytes[a] ? b : a;
}

static void add_match(const struct profile *p, struct type_matches *m, uint32_t type,
		      const uint64_t *bytes)
{
	int order;

	for (size_t i = 0; i < m->n; i++) {
		if (compare_types(p, m->types[i], type, &order) == DIFFER_NOT) {
			m->types[i] = better_known(p, m->types[i], type, bytes);
			return;
		}
	}
	if (m->n < TYPE_MATCHES_MAX)
		m->types[m->n++] = type;
}

/* What is behind the last '.' or '/': people forget packages. */
static const char *last_part(const char *name)
{
	size_t n = strcspn(name, "[{(");

	while (n && name[n - 1] != '.' && name[n - 1] != '/')
		n--;
	return name + n;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* Characters to insert, delete or replace to come from @a to @b (Levenshtein). */
static unsigned int slips_between(const char *a, const char *b)
{
	unsigned int row[SLIP_LENGTH_MAX + 1];
	size_t n = strlen(b), length = strlen(a);

	if (n > SLIP_LENGTH_MAX || n > length + SLIPS_MAX || length > n + SLIPS_MAX)
		return SLIPS_MAX + 1;
	for (unsigned int j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned int i = 1; a[i - 1]; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			unsigned int above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n];
}

static int likeness(const char *known, const char *wanted)
{
	const char *a = last_part(known), *b = last_part(wanted);
	unsigned int slips;

	if (!*b)
		return LIKENESS_NONE;
	if (!strcasecmp(a, b))
		return LIKENESS_CASE;
	if (strcasestr(known, b))
		return LIKENESS_PART;
	slips = slips_between(a, b);
	return slips <= SLIPS_MAX && slips < strlen(b) ? LIKENESS_SLIP + (int)slips : LIKENESS_NONE;
}

static bool is_better(const struct candidate *a, const struct candidate *b)
{
	return a->likeness != b->likeness ? a->likeness < b->likeness : a->bytes > b->bytes;
}

/* The best few, in order. */
static void find_near(const struct profile *p, const char *name, struct type_matches *m,
		      const uint64_t *bytes)
{
	struct candidate best[TYPE_MATCHES_MAX + 1];
	size_t n = 0;

	for (uint32_t i = 1; i < p->n_types; i++) {
		struct candidate c = {i, likeness(profile_str(p, p->types[i].name), name),
				      bytes[i]};
		size_t at = n;

		if (c.likeness == LIKENESS_NONE)
			continue;
		for (; at && is_better(&c, &best[at - 1]); at--)
			best[at] = best[at - 1];
		best[at] = c;
		n = n < TYPE_MATCHES_MAX ? n + 1 : n;
	}
	m->near = true;
	for (size_t i = 0; i < n; i++)
		m->types[m->n++] = best[i].type;
}

int type_names_find(const struct profile *p, const char *name, struct type_matches *m)
{
	__auto_free uint64_t *bytes = bytes_of_types(p);

	*m = (struct type_matches){0};
	if (!bytes)
		return -ENOMEM;
	for (uint32_t i = 1; i < p->n_types; i++) {
		int called = is_called(p, i, name);

		if (called < 0)
			return called;
		if (called)
			add_match(p, m, i, bytes);
	}
	if (!m->n)
		find_near(p, name, m, bytes);
	return 0;
}
