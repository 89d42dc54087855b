// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"
#include "report/diff_match.h"

/* What a thing is known by, in the matcher's strings. */
struct diff_key {
	uint32_t name, where; /* function and file; type and package */
	uint32_t function;    /* of sites and maps */
	uint32_t line;        /* of sites */
	uint32_t relative;    /* 1: it counts from the function's beginning */
};

struct diff_matcher {
	struct strtab strings;
	VEC(struct diff_row) rows;
	VEC(struct diff_key) keys; /* of each row */
	struct intern index;
};

struct diff_matcher *diff_matcher_new(void)
{
	struct diff_matcher *m = calloc(1, sizeof(*m));

	if (m && strtab_init(&m->strings)) {
		diff_matcher_free(m);
		return NULL;
	}
	return m;
}

void diff_matcher_free(struct diff_matcher *m)
{
	if (!m)
		return;
	strtab_free(&m->strings);
	vec_free(&m->rows);
	vec_free(&m->keys);
	intern_free(&m->index);
	free(m);
}

static bool same_key(const void *ctx, uint32_t id, const void *key)
{
	const struct diff_matcher *m = ctx;

	return !memcmp(&m->keys.data[id], key, sizeof(struct diff_key));
}

/* Adds @item to @to, which gets its line and type unless it had some. */
static void merge(struct diff_row *to, const struct diff_item *item, enum diff_side side)
{
	if (!to->present[side]) {
		to->present[side] = true;
		to->line[side] = item->line;
		to->type[side] = item->type;
	}
	for (enum diff_measure i = 0; i < DIFF_MEASURES; i++)
		to->amount[side][i] += item->amount[i];
	to->match = to->present[DIFF_BEFORE] && to->present[DIFF_AFTER] ? DIFF_BY_NAME : DIFF_ALONE;
}

static int add(struct diff_matcher *m, enum diff_side side, const struct diff_key *key,
	       const struct diff_item *item)
{
	uint64_t hash = hash_bytes(key, sizeof(*key), 0);
	uint32_t id = intern_find(&m->index, hash, same_key, m, key);
	struct diff_row none = {0};

	if (id == INTERN_NONE) {
		id = (uint32_t)m->rows.n;
		if (vec_push(&m->rows, none) || vec_push(&m->keys, *key) ||
		    intern_add(&m->index, hash, id))
			return -ENOMEM;
	}
	merge(&m->rows.data[id], item, side);
	return 0;
}

static int intern_string(struct diff_matcher *m, const char *s, uint32_t *id)
{
	int64_t number = strtab_add(&m->strings, s);

	if (number < 0)
		return -ENOMEM;
	*id = (uint32_t)number;
	return 0;
}

int diff_match_site(struct diff_matcher *m, enum diff_side side, const struct profile *p,
		    const struct diff_item *item)
{
	struct profile_line line = item->line;
	const struct profile_function *f = &p->functions[line.function];
	const char *file = profile_str(p, f->file), *slash = strrchr(file, '/');
	struct diff_key key = {.line = line.line};

	/* A line before its function's first is one of code from elsewhere: as it is. */
	if (f->start_line && line.line >= f->start_line) {
		key.relative = 1;
		key.line = line.line - f->start_line;
	}
	if (intern_string(m, profile_str(p, f->name), &key.name) ||
	    intern_string(m, slash ? slash + 1 : file, &key.where))
		return -ENOMEM;
	key.function = key.name;
	return add(m, side, &key, item);
}

static int type_key(struct diff_matcher *m, const struct profile *p, uint32_t type,
		    struct diff_key *key)
{
	const struct profile_type *t = &p->types[type];

	return intern_string(m, profile_str(p, t->name), &key->name) ||
			       intern_string(m, profile_str(p, t->package), &key->where)
		       ? -ENOMEM
		       : 0;
}

int diff_match_type(struct diff_matcher *m, enum diff_side side, const struct profile *p,
		    const struct diff_item *item)
{
	struct diff_key key = {0};

	return type_key(m, p, item->type, &key) ? -ENOMEM : add(m, side, &key, item);
}

int diff_match_map(struct diff_matcher *m, enum diff_side side, const struct profile *p,
		   const struct diff_item *item)
{
	const struct profile_function *f = &p->functions[item->line.function];
	struct diff_key key = {0};

	if (type_key(m, p, item->type, &key) ||
	    intern_string(m, profile_str(p, f->name), &key.function))
		return -ENOMEM;
	return add(m, side, &key, item);
}

/* Sites or maps of one function that only one of the recordings has. */
struct left_over {
	size_t n[DIFF_SIDES];
	size_t row[DIFF_SIDES]; /* the last one */
};

static void drop(struct diff_matcher *m, const bool *dropped)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->rows.n; i++) {
		if (!dropped[i])
			m->rows.data[kept++] = m->rows.data[i];
	}
	m->rows.n = kept;
}

static void pair(struct diff_matcher *m, const struct left_over *left, bool *dropped)
{
	struct diff_row *to = &m->rows.data[left->row[DIFF_AFTER]];
	const struct diff_row *from = &m->rows.data[left->row[DIFF_BEFORE]];
	struct diff_item item = {.line = from->line[DIFF_BEFORE], .type = from->type[DIFF_BEFORE]};

	memcpy(item.amount, from->amount[DIFF_BEFORE], sizeof(item.amount));
	merge(to, &item, DIFF_BEFORE);
	to->match = DIFF_BY_FUNCTION;
	dropped[left->row[DIFF_BEFORE]] = true;
}

int diff_match_left_over(struct diff_matcher *m)
{
	/* By function: ids of the string table are small numbers. */
	struct left_over *left = calloc(m->strings.n, sizeof(*left));
	bool *dropped = calloc(m->rows.n + 1, sizeof(*dropped));

	if (!left || !dropped) {
		free(left);
		free(dropped);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->rows.n; i++) {
		struct left_over *l = &left[m->keys.data[i].function];
		enum diff_side side = diff_shown(&m->rows.data[i]);

		if (m->rows.data[i].match == DIFF_ALONE) {
			l->n[side]++;
			l->row[side] = i;
		}
	}
	for (size_t i = 0; i < m->strings.n; i++) {
		if (left[i].n[DIFF_BEFORE] == 1 && left[i].n[DIFF_AFTER] == 1)
			pair(m, &left[i], dropped);
	}
	drop(m, dropped);
	free(left);
	free(dropped);
	return 0;
}

size_t diff_matcher_take(struct diff_matcher *m, struct diff_row **rows)
{
	size_t n = m->rows.n;

	*rows = m->rows.data;
	m->rows.data = NULL;
	m->rows.n = m->rows.cap = 0;
	return n;
}
