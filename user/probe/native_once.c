// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * How one allocation is counted once, where functions of ours call each other.
 *
 *	A jumps to B		B counts it, as if it had been called. A is not tapped, if
 *				it does nothing else: returns NULL, or jumps to others of
 *				ours. Where only some of its calls end so,
 *				native_passes_on() may know which.
 *	A calls B		A counts it. B's probe drops hits that return into A, or
 *				into what A called on the way.
 *	A calls another file's	that one counts it, and A is not tapped: a return address
 *				in another file has no fixed distance from B.
 *	A calls through a	both are tapped: A counts it, and B's probe knows what A's
 *	pointer			saw of the thread (bpf/native_passed.bpf.c). So a preloaded
 *				malloc goes on to libc's. A is of no known family, and has a
 *				function of C's names, tapped, that does what B does.
 *
 * A realloc that calls free is a free by itself already: the same holds there. Who names
 * an allocator of his own wants its pieces told apart from the blocks it cuts them
 * from: it is tapped whatever it calls, and what it calls is counted too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "probe/native_calls.h"
#include "probe/native_find.h"

struct once {
	struct native_findings *f;
	struct native_calls *calls;
	struct native_body *bodies; /* one per found */
	struct intern by_name;      /* places in f->names, of which each leads to a body */
	size_t from;
	bool changed;
};

static bool same_name(const void *ctx, uint32_t id, const void *key)
{
	const struct once *o = ctx;

	return native_same_name(o->f->names.data[id].name, key);
}

static uint64_t hash_of(const char *name)
{
	return hash_bytes(name, native_plain_length(name), 0);
}

static uint32_t look_up(const struct once *o, const char *name)
{
	return intern_find(&o->by_name, hash_of(name), same_name, o, name);
}

static size_t body_at(const struct once *o, uint64_t vaddr)
{
	for (size_t i = 0; i < o->f->all.n; i++) {
		if (o->bodies[i].vaddr == vaddr)
			return i;
	}
	return SIZE_MAX;
}

static int index_names(struct once *o)
{
	for (size_t i = 0; i < o->f->names.n; i++) {
		const struct native_name *n = &o->f->names.data[i];

		if (look_up(o, n->name) == INTERN_NONE && body_at(o, n->vaddr) != SIZE_MAX &&
		    intern_add(&o->by_name, hash_of(n->name), (uint32_t)i))
			return -ENOMEM;
	}
	return 0;
}

static size_t find_name(const char *name, void *ctx)
{
	const struct once *o = ctx;
	uint32_t id = look_up(o, name);

	return id == INTERN_NONE ? SIZE_MAX : body_at(o, o->f->names.data[id].vaddr);
}

/* Would a count of @inner be part of what @outer counts? */
static bool is_part_of(enum native_op outer, enum native_op inner)
{
	return native_op_kind(outer) == native_op_kind(inner) ||
	       (outer == NATIVE_REALLOC && inner == NATIVE_FREE);
}

static void leave_out(struct once *o, struct native_found *found, const char *why)
{
	found->why_not = why;
	o->bodies[o->from].passed_through = true;
	o->changed = true;
}

/* A free has nothing to return: one that is done with so little code does nothing itself. */
#define SHORT_FREE 96

/* 1 where all that @found does is to go on as another, 0 where not, or -ENOMEM. */
static int only_passes_on(struct once *o, const struct native_found *found)
{
	struct native_ending ending;
	int err = native_calls_ending(o->calls, o->bodies, o->f->all.n, o->from, find_name, o,
				      &ending);

	if (err)
		return err;
	if (found->function.op == NATIVE_FREE)
		return !ending.jumps_elsewhere && found->end - found->vaddr <= SHORT_FREE;
	return !ending.jumps_elsewhere && !ending.returns_value;
}

static int note_jump(struct once *o, const struct native_call *call)
{
	struct native_found *a = &o->f->all.data[o->from], *b = &o->f->all.data[call->to];
	uint8_t some = native_passes_on(a->function.op, b->function.op);
	int only;

	if (native_op_kind(a->function.op) != native_op_kind(b->function.op))
		return 0;
	/* Of memaligns only glibc's keeps large alignments to itself. */
	if (some == NATIVE_SMALL_ALIGN_ELSEWHERE && strcmp(a->family, "glibc") != 0)
		some = 0;
	if (some) {
		a->flags |= some;
		return 0;
	}
	only = call->way == NATIVE_WAY_JUMP ? only_passes_on(o, a) : 0;
	if (only > 0)
		leave_out(o, a, "goes on as another that is tapped");
	return only < 0 ? only : 0;
}

static void note_import(struct once *o, const struct native_call *call)
{
	struct native_found *a = &o->f->all.data[o->from];
	struct native_match m;

	if (call->way == NATIVE_WAY_FAR_IMPORT && !a->function.last_resort)
		return;
	if (!native_function_find(call->import, &m) || m.in_family_only ||
	    !is_part_of(a->function.op, m.function->op))
		return;
	if (a->custom)
		a->takes_from_another = true;
	else
		leave_out(o, a, "calls another file's allocator");
}

static int see_outgoing(const struct native_call *call, void *ctx)
{
	struct once *o = ctx;
	struct native_found *a = &o->f->all.data[o->from];

	if (a->why_not)
		return 0;
	if (call->import)
		note_import(o, call);
	else if (a->function.last_resort &&
		 is_part_of(a->function.op, o->f->all.data[call->to].function.op) &&
		 !o->f->all.data[call->to].function.last_resort)
		leave_out(o, a, "calls another that is tapped");
	else if (call->way == NATIVE_WAY_JUMP || call->way == NATIVE_WAY_FAR_JUMP)
		return note_jump(o, call);
	return 0;
}

static int see_nested(const struct native_call *call, void *ctx)
{
	struct once *o = ctx;
	struct native_found *a = &o->f->all.data[o->from];
	struct native_bytes bytes = {call->first, call->end};
	struct native_found *b;

	if (call->way != NATIVE_WAY_CALL)
		return 0;
	b = &o->f->all.data[call->to];
	if (b->why_not || !is_part_of(a->function.op, b->function.op))
		return 0;
	if (a->custom && !b->custom) {
		a->takes_from_another = true;
		return 0;
	}
	vec_for_each (&b->nested, known) {
		if (known->first == bytes.first && known->end == bytes.end)
			return 0;
	}
	return vec_push(&b->nested, bytes);
}

static int for_each_tapped(struct once *o, native_call_fn fn)
{
	int err = 0;

	for (size_t i = 0; i < o->f->all.n && !err; i++) {
		o->from = i;
		if (!o->f->all.data[i].why_not)
			err = native_calls_each(o->calls, o->bodies, o->f->all.n, i, find_name, fn,
						o);
	}
	return err;
}

int native_count_once(struct native_findings *f, const struct elf_file *elf)
{
	struct once o = {.f = f};
	int err = 0;

	if (!f->all.n)
		return 0;
	o.bodies = calloc(f->all.n, sizeof(*o.bodies));
	o.calls = native_calls_new(elf);
	if (!o.bodies || !o.calls)
		err = -ENOMEM;
	for (size_t i = 0; i < f->all.n && !err; i++)
		o.bodies[i] =
			(struct native_body){.vaddr = f->all.data[i].vaddr,
					     .end = f->all.data[i].end,
					     .far_sighted = f->all.data[i].function.last_resort};
	if (!err)
		err = index_names(&o);
	/* What is passed through lengthens the ways of others: look until nothing changes. */
	do {
		o.changed = false;
		if (!err)
			err = for_each_tapped(&o, see_outgoing);
	} while (!err && o.changed);
	if (!err)
		err = for_each_tapped(&o, see_nested);
	native_calls_free(o.calls);
	intern_free(&o.by_name);
	free(o.bodies);
	return err;
}
