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

struct named {
	uint32_t type;
	size_t place; /* of the caller's */
};

static int compare_named(const void *x, const void *y, void *ctx)
{
	const struct profile *p = ctx;
	const struct profile_type *a = &p->types[((const struct named *)x)->type];
	const struct profile_type *b = &p->types[((const struct named *)y)->type];
	int order = strcmp(profile_str(p, a->name), profile_str(p, b->name));

	return order ? order : strcmp(profile_str(p, a->package), profile_str(p, b->package));
}

static bool same_name(const struct profile *p, const struct named *a, const struct named *b)
{
	return !strcmp(profile_str(p, p->types[a->type].name),
		       profile_str(p, p->types[b->type].name));
}

/* The form that tells @a from @b, its neighbour in the order of names. */
static enum type_name_form form_beside(const struct profile *p, const struct named *a,
				       const struct named *b)
{
	if (!same_name(p, a, b))
		return TYPE_NAME_SHORT;
	return compare_named(a, b, (void *)p) ? TYPE_NAME_PATH : TYPE_NAME_HASH;
}

enum type_name_form *type_name_forms(const struct profile *p, const uint32_t *types, size_t n)
{
	__auto_free struct named *named = calloc(n + 1, sizeof(*named));
	enum type_name_form *forms = calloc(n + 1, sizeof(*forms));

	if (!named || !forms) {
		free(forms);
		errno = ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		named[i] = (struct named){types[i], i};
	qsort_r(named, n, sizeof(*named), compare_named, (void *)p);
	for (size_t i = 1; i < n; i++) {
		enum type_name_form form = form_beside(p, &named[i - 1], &named[i]);

		for (size_t j = i - 1; j <= i; j++) {
			if (forms[named[j].place] < form)
				forms[named[j].place] = form;
		}
	}
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

static bool same_type_name(const struct profile *p, uint32_t a, uint32_t b)
{
	const struct profile_type *t = &p->types[a], *u = &p->types[b];

	return t->hash == u->hash && !strcmp(profile_str(p, t->name), profile_str(p, u->name)) &&
	       !strcmp(profile_str(p, t->package), profile_str(p, u->package));
}

/* Keeps the one with more bytes of two that are called the same in every form. */
static void add_match(const struct profile *p, struct type_matches *m, uint32_t type,
		      const uint64_t *bytes)
{
	for (size_t i = 0; i < m->n; i++) {
		if (!same_type_name(p, m->types[i], type))
			continue;
		if (bytes[type] > bytes[m->types[i]])
			m->types[i] = type;
		return;
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
