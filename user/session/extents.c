// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <string.h>

#include "session/extents.h"

int extents_init(struct extents *e, uint32_t n)
{
	*e = (struct extents){0};
	return vec_push(&e->free, ((struct extent){0, n}));
}

void extents_free(struct extents *e)
{
	vec_free(&e->free);
	e->used = 0;
}

static void remove_at(struct extents *e, size_t i)
{
	e->free.n--;
	memmove(&e->free.data[i], &e->free.data[i + 1], (e->free.n - i) * sizeof(*e->free.data));
}

int extents_take(struct extents *e, uint32_t n, uint32_t *first)
{
	for (size_t i = 0; i < e->free.n; i++) {
		struct extent *x = &e->free.data[i];

		if (x->n < n)
			continue;
		*first = x->first;
		x->first += n;
		x->n -= n;
		if (!x->n)
			remove_at(e, i);
		e->used += n;
		return 0;
	}
	return -ENOSPC;
}

int extents_give(struct extents *e, struct extent x)
{
	struct extent *before, *after;
	size_t i = 0;

	if (!x.n)
		return 0;
	while (i < e->free.n && e->free.data[i].first < x.first)
		i++;
	if (vec_push(&e->free, x))
		return -ENOMEM;
	e->used -= x.n;
	memmove(&e->free.data[i + 1], &e->free.data[i],
		(e->free.n - 1 - i) * sizeof(*e->free.data));
	e->free.data[i] = x;
	after = &e->free.data[i + 1];
	if (i + 1 < e->free.n && x.first + x.n == after->first) {
		e->free.data[i].n += after->n;
		remove_at(e, i + 1);
	}
	before = i ? &e->free.data[i - 1] : NULL;
	if (before && before->first + before->n == x.first) {
		before->n += e->free.data[i].n;
		remove_at(e, i);
	}
	return 0;
}
