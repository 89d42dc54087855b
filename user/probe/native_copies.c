// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/native_calls.h"
#include "probe/native_copies.h"
#include "probe/native_find.h"

/* Each piece is looked up among those before it. */
#define MAX_PIECES 8192

struct native_copies {
	struct native_findings found;
	struct native_calls *calls;
	struct native_body *bodies; /* room for one more than there are found */
	size_t pieces;
	/* While one is looked at: */
	size_t from;
	enum sample_kind kind;
};

struct native_copies *native_copies_new(const struct elf_file *elf,
					const struct native_request *request)
{
	struct native_copies *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (!native_find(&c->found, elf, request)) {
		c->calls = native_calls_new(elf);
		c->bodies = calloc(c->found.all.n + 1, sizeof(*c->bodies));
	}
	if (c->calls && c->bodies)
		return c;
	native_copies_free(c);
	errno = ENOMEM;
	return NULL;
}

void native_copies_free(struct native_copies *c)
{
	if (!c)
		return;
	native_findings_free(&c->found);
	native_calls_free(c->calls);
	free(c->bodies);
	free(c);
}

static const struct native_found *function_of(const struct native_copies *c, size_t body)
{
	return &c->found.all.data[body < c->from ? body : body - 1];
}

static size_t find_name(const char *name, void *ctx)
{
	const struct native_copies *c = ctx;

	for (size_t i = 0; i < c->found.all.n; i++) {
		if (native_same_name(c->found.all.data[i].symbol, name))
			return i < c->from ? i : i + 1;
	}
	return SIZE_MAX;
}

static int see_call(const struct native_call *call, void *ctx)
{
	const struct native_copies *c = ctx;
	struct native_match m;

	if (call->way == NATIVE_WAY_FAR_IMPORT || call->way == NATIVE_WAY_FAR_JUMP)
		return 0;
	if (!call->import)
		return native_op_kind(function_of(c, call->to)->function.op) == c->kind;
	return native_function_find(call->import, &m) && !m.in_family_only &&
	       native_op_kind(m.function->op) == c->kind;
}

int native_copies_call_tapped(struct native_copies *c, enum sample_kind kind, uint64_t first,
			      uint64_t end)
{
	size_t n = 0;

	if (++c->pieces > MAX_PIECES)
		return 0;
	c->kind = kind;
	c->from = SIZE_MAX;
	vec_for_each (&c->found.all, f) {
		if (c->from == SIZE_MAX && f->vaddr > first) {
			c->from = n;
			c->bodies[n++] = (struct native_body){.vaddr = first, .end = end};
		}
		c->bodies[n++] = (struct native_body){.vaddr = f->vaddr, .end = f->end};
	}
	if (c->from == SIZE_MAX) {
		c->from = n;
		c->bodies[n++] = (struct native_body){.vaddr = first, .end = end};
	}
	return native_calls_each(c->calls, c->bodies, n, c->from, find_name, see_call, c);
}
