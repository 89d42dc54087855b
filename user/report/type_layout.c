// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A recording may hold any types, so their fields are checked as those of a
 * hostile program: each begins behind the one before it, as aligned as its type
 * wants, and ends within the struct.
 *
 * The best order is by descending alignment: a field's size is a multiple of its
 * alignment, so there is padding at the end only. Fields without size come first:
 * the compiler adds a byte behind one that is last, so that a pointer to it does
 * not point to the next object (cmd/compile/internal/types/size.go).
 */
#include <errno.h>
#include <stdlib.h>

#include "binary/go_kind.h"
#include "report/go_heap.h"
#include "report/type_layout.h"

/* Where the part of @l that is known so far ends. */
static uint64_t end_of(const struct type_layout *l)
{
	const struct layout_field *last = l->n_fields ? &l->fields[l->n_fields - 1] : NULL;

	return last ? last->offset + last->size : 0;
}

static bool is_aligned(uint64_t n, uint32_t align)
{
	return align && !(align & (align - 1)) && !(n & (align - 1));
}

static int add_field(struct type_layout *l, const struct profile *p, const struct profile_type *t,
		     uint32_t i)
{
	const struct profile_field *row = &p->fields[t->first_field + i];
	const struct profile_type *of = &p->types[row->type];
	struct layout_field *f = &l->fields[i];
	uint64_t end = end_of(l);

	if (!row->type)
		return -EINVAL;
	if (!is_aligned(of->size, of->align) || !is_aligned(row->offset, of->align) ||
	    of->align > t->align || row->offset < end || row->offset > t->size ||
	    of->size > t->size - row->offset || (!i && row->offset))
		return -EBADMSG;
	if (i)
		l->fields[i - 1].padding = row->offset - end;
	l->n_fields++;
	*f = (struct layout_field){
		.name = row->name,
		.type = row->type,
		.offset = row->offset,
		.size = of->size,
		.align = of->align,
		.pointers = of->ptr_bytes > 0,
		.embedded = row->embedded,
	};
	return 0;
}

static int compare_fields(const void *x, const void *y, void *ctx)
{
	const struct layout_field *fields = ctx;
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	const struct layout_field *f = &fields[a], *g = &fields[b];

	if (!f->size != !g->size)
		return f->size ? 1 : -1;
	if (f->size && f->align != g->align)
		return f->align < g->align ? 1 : -1;
	return (a > b) - (a < b);
}

static void sum_up(struct type_layout *l, const struct profile_type *t, const struct go_heap *heap)
{
	uint64_t used = 0, align = 1;

	l->size = t->size;
	if (l->n_fields)
		l->fields[l->n_fields - 1].padding = t->size - end_of(l);
	for (uint32_t i = 0; i < l->n_fields; i++) {
		const struct layout_field *f = &l->fields[i];

		l->order[i] = i;
		used += f->size;
		l->padding += f->padding;
		l->pointer_fields += f->pointers;
		if (f->align > align)
			align = f->align;
	}
	if (l->n_fields)
		qsort_r(l->order, l->n_fields, sizeof(*l->order), compare_fields, l->fields);
	l->optimal_size = (used + align - 1) / align * align;
	l->heap_bytes = go_heap_bytes(heap, l->size, t->ptr_bytes > 0);
	l->optimal_heap_bytes = go_heap_bytes(heap, l->optimal_size, t->ptr_bytes > 0);
}

static int fill(struct type_layout *l, const struct profile *p, const struct profile_type *t)
{
	int err = 0;

	if (t->kind != GO_KIND_STRUCT || (!t->n_fields && t->size))
		return -EINVAL;
	if (!is_aligned(t->size, t->align))
		return -EBADMSG;
	/* One more, so that a struct without fields has arrays too. */
	l->fields = calloc((size_t)t->n_fields + 1, sizeof(*l->fields));
	l->order = calloc((size_t)t->n_fields + 1, sizeof(*l->order));
	if (!l->fields || !l->order)
		return -ENOMEM;
	for (uint32_t i = 0; !err && i < t->n_fields; i++)
		err = add_field(l, p, t, i);
	return err;
}

struct type_layout *type_layout_new(const struct profile *p, uint32_t target, uint32_t type)
{
	struct go_heap heap = go_heap_of(p, target);
	struct type_layout *l = calloc(1, sizeof(*l));
	int err = l ? fill(l, p, &p->types[type]) : -ENOMEM;

	if (!err) {
		sum_up(l, &p->types[type], &heap);
		return l;
	}
	type_layout_free(l);
	errno = -err;
	return NULL;
}

void type_layout_free(struct type_layout *l)
{
	if (!l)
		return;
	free(l->fields);
	free(l->order);
	free(l);
}
