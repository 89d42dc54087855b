// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"
#include "binary/unwind_table.h"

/* What a small code model can reach: larger is not a program. */
#define MAX_CODE (2ull << 30)
/*
 * Between functions there is padding, up to their alignment: no frame is ever
 * there, so it may belong to the function before.
 */
#define PADDING 16

struct range {
	uint64_t start, end;
	size_t first, n; /* drafts */
};

struct draft {
	uint64_t pc;
	uint32_t rule;
};

struct unwind_builder {
	uint64_t start, end;
	VEC(struct range) ranges;
	VEC(struct draft) drafts;
	VEC(struct unwind_rule) rules;
	struct intern rule_index;
	/* Of the table that is made of them. */
	struct unwind_table *table;
	size_t rows_cap;
	uint64_t page; /* the one being filled; n_pages: none yet */
	uint32_t rule; /* in force */
	int err;
};

static const struct unwind_rule no_rule = {.cfa = UNWIND_CFA_NONE};

struct unwind_builder *unwind_builder_new(uint64_t start, uint64_t end)
{
	struct unwind_builder *b;

	if (end < start || end - start > MAX_CODE || end > UINT64_MAX - UNWIND_PAGE_ROWS) {
		errno = EFBIG;
		return NULL;
	}
	b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->start = start;
	b->end = end;
	if (vec_push(&b->rules, no_rule)) {
		unwind_builder_free(b);
		errno = ENOMEM;
		return NULL;
	}
	return b;
}

void unwind_builder_free(struct unwind_builder *b)
{
	if (!b)
		return;
	vec_free(&b->ranges);
	vec_free(&b->drafts);
	vec_free(&b->rules);
	intern_free(&b->rule_index);
	unwind_table_free(b->table);
	free(b);
}

int unwind_builder_range(struct unwind_builder *b, uint64_t start, uint64_t end)
{
	struct range r = {.start = start, .end = end, .first = b->drafts.n};

	if (r.start < b->start)
		r.start = b->start;
	if (r.end > b->end)
		r.end = b->end;
	return vec_push(&b->ranges, r);
}

static bool same_rule(const void *ctx, uint32_t id, const void *key)
{
	const struct unwind_builder *b = ctx;

	return !memcmp(&b->rules.data[id], key, sizeof(*b->rules.data));
}

static int64_t rule_id(struct unwind_builder *b, const struct unwind_rule *rule)
{
	uint64_t hash = hash_bytes(rule, sizeof(*rule), 0);
	uint32_t id;

	if (same_rule(b, UNWIND_RULE_NONE, rule))
		return UNWIND_RULE_NONE;
	id = intern_find(&b->rule_index, hash, same_rule, b, rule);
	if (id != INTERN_NONE)
		return id;
	if (b->rules.n == UNWIND_RULES_MAX)
		return UNWIND_RULE_NONE;
	id = (uint32_t)b->rules.n;
	if (vec_push(&b->rules, *rule) || intern_add(&b->rule_index, hash, id))
		return -ENOMEM;
	return id;
}

int unwind_builder_row(struct unwind_builder *b, uint64_t pc, struct unwind_rule rule)
{
	int64_t id = rule_id(b, &rule);
	int err = id < 0 ? (int)id : vec_push(&b->drafts, ((struct draft){pc, (uint32_t)id}));

	if (!err)
		b->ranges.data[b->ranges.n - 1].n++;
	return err;
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static void add_row(struct unwind_builder *b, uint64_t pc)
{
	struct unwind_table *t = b->table;
	struct unwind_page *page = &t->pages[b->page];
	struct unwind_row row = {.pc = (uint16_t)pc, .rule = (uint16_t)b->rule};

	if (page->n && t->rows[t->n_rows - 1].pc == row.pc) {
		t->rows[t->n_rows - 1] = row;
		return;
	}
	if (vec_grow((void **)&t->rows, &b->rows_cap, t->n_rows + 1, sizeof(row))) {
		b->err = -ENOMEM;
		return;
	}
	t->rows[t->n_rows++] = row;
	page->n++;
}

/* Fills pages up to that of @pc: each begins with the rule in force, unless that is none. */
static void turn_pages(struct unwind_builder *b, uint64_t pc)
{
	struct unwind_table *t = b->table;
	uint64_t page = (pc - t->first) >> UNWIND_PAGE_SHIFT;

	while (b->page < page && !b->err) {
		b->page++;
		t->pages[b->page].first = (uint32_t)t->n_rows;
		if (b->rule != UNWIND_RULE_NONE)
			add_row(b, 0);
	}
}

/* From @pc on, @rule is in force. */
static void put_rule(struct unwind_builder *b, uint64_t pc, uint32_t rule)
{
	if (rule == b->rule)
		return;
	turn_pages(b, pc);
	b->rule = rule;
	if (!b->err)
		add_row(b, pc);
}

static void put_range(struct unwind_builder *b, const struct range *r, uint64_t start)
{
	const struct draft *drafts = &b->drafts.data[r->first];

	for (size_t i = 0; i < r->n; i++) {
		uint64_t pc = drafts[i].pc < start ? start : drafts[i].pc;
		uint64_t next = i + 1 < r->n ? drafts[i + 1].pc : r->end;

		if (pc >= r->end)
			return;
		if (next > pc)
			put_rule(b, pc, drafts[i].rule);
	}
}

static void put_ranges(struct unwind_builder *b)
{
	uint64_t done = b->start;

	if (b->ranges.n)
		qsort(b->ranges.data, b->ranges.n, sizeof(*b->ranges.data), by_start);
	vec_for_each (&b->ranges, r) {
		uint64_t start = r->start < done ? done : r->start;

		if (r->end <= start)
			continue;
		if (start - done >= PADDING)
			put_rule(b, done, UNWIND_RULE_NONE);
		put_range(b, r, start);
		done = r->end;
	}
	if (done < b->end)
		put_rule(b, done, UNWIND_RULE_NONE);
	turn_pages(b, b->end - 1);
}

struct unwind_table *unwind_builder_finish(struct unwind_builder *b)
{
	struct unwind_table *t = calloc(1, sizeof(*t));

	b->table = t;
	if (!t)
		return NULL;
	t->first = b->start & ~(uint64_t)(UNWIND_PAGE_ROWS - 1);
	if (b->end > b->start)
		t->n_pages = ((b->end - 1 - t->first) >> UNWIND_PAGE_SHIFT) + 1;
	t->pages = calloc(t->n_pages ? t->n_pages : 1, sizeof(*t->pages));
	if (t->pages && t->n_pages)
		put_ranges(b);
	if (!t->pages || b->err) {
		errno = ENOMEM;
		return NULL;
	}
	t->rules = b->rules.data;
	t->n_rules = b->rules.n;
	b->rules.data = NULL;
	b->rules.n = b->rules.cap = 0;
	b->table = NULL;
	return t;
}

void unwind_table_free(struct unwind_table *t)
{
	if (!t)
		return;
	free(t->pages);
	free(t->rows);
	free(t->rules);
	free(t);
}

const struct unwind_rule *unwind_table_find(const struct unwind_table *t, uint64_t pc)
{
	uint64_t page = (pc - t->first) >> UNWIND_PAGE_SHIFT;
	uint16_t low = (uint16_t)(pc - t->first);
	uint32_t left, right;

	if (pc < t->first || page >= t->n_pages)
		return &t->rules[UNWIND_RULE_NONE];
	left = t->pages[page].first;
	right = left + t->pages[page].n;
	while (left < right) {
		uint32_t middle = left + (right - left) / 2;

		if (t->rows[middle].pc <= low)
			left = middle + 1;
		else
			right = middle;
	}
	if (left == t->pages[page].first)
		return &t->rules[UNWIND_RULE_NONE];
	return &t->rules[t->rows[left - 1].rule];
}
