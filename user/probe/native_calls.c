// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Code is decoded from a function's first byte to its last, one instruction after
 * the other, for calls and jumps that leave it. A way leads through functions
 * between that are not tapped:
 *
 *	posix_memalign	call  _mid_memalign	returns to posix_memalign
 *	_mid_memalign	jmp   malloc		malloc returns to posix_memalign
 *
 * so that of malloc's hits those whose return address is in posix_memalign are
 * part of an allocation that posix_memalign's probe has counted. Where all of the
 * way is jumps the return address tells nothing, and the caller decides otherwise.
 *
 * Stripped files do not name functions between, but .eh_frame_hdr says where they
 * begin; static files do not have that, but name them, unless they are stripped.
 *
 * At most one of them is called (others only jumped to), and only if no other file
 * may call it: what an allocator calls for its own needs, deep inside, is not what
 * it was asked for. operator new calls __cxa_allocate_exception, which calls malloc;
 * so does whoever throws, and that is no part of any operator new.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "binary/eh_index.h"
#include "binary/elf_imports.h"
#include "binary/elf_symbols.h"
#include "binary/x86_insn.h"
#include "probe/native_calls.h"

#define MAX_BODY      32768 /* bytes of a function that are looked at */
#define MAX_BETWEEN   48    /* functions passed on the ways of one */
#define MAX_CALLS     1     /* of functions between */
#define MAX_FAR_CALLS 2     /* ... of the far-sighted */
#define UNKNOWN_BYTES 4096  /* of a function whose end nobody tells */

/* A call or jump that leaves a function. */
struct exit {
	uint64_t target;    /* 0: of an import */
	const char *import; /* NULL: it is none, nor a stub for one */
	bool is_call, is_branch;
};

/* All of a function: ways cross, and to decode it once is enough. */
struct exits {
	uint64_t first, end;
	VEC(struct exit) all;
	bool returns_value; /* one other than 0, from some place */
};

struct native_calls {
	const struct elf_file *elf;
	struct eh_index index;
	struct elf_symbols *symbols; /* of files without an index: static ones */
	struct elf_imports *imports;
	VEC(uint64_t) exported; /* addresses of functions that other files may call, sorted */
	VEC(struct exits) known;
};

/* A function on the way. */
struct place {
	uint64_t first, end;
	bool is_tail;              /* came here by jumps alone */
	bool is_own;               /* ... and through nothing but passed_through bodies */
	uint64_t frame, frame_end; /* else: where it returns to */
	unsigned int calls;
};

struct walk {
	struct native_calls *c;
	const struct native_body *bodies;
	size_t n, from;
	native_name_fn find;
	native_call_fn fn;
	void *ctx;
	struct place queue[MAX_BETWEEN];
	size_t queued;
};

static int note_exported(const struct elf_symbol *symbol, uint8_t info, void *ctx)
{
	struct native_calls *c = ctx;

	return ELF64_ST_BIND(info) == STB_LOCAL ? 0 : vec_push(&c->exported, symbol->vaddr);
}

static int compare_addresses(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_exported(const struct native_calls *c, uint64_t vaddr)
{
	return c->exported.n && bsearch(&vaddr, c->exported.data, c->exported.n,
					sizeof(*c->exported.data), compare_addresses);
}

struct native_calls *native_calls_new(const struct elf_file *elf)
{
	struct native_calls *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->elf = elf;
	c->index = eh_index_open(elf);
	c->imports = elf_imports_new(elf);
	if (!c->index.n)
		c->symbols = elf_symbols_new(elf);
	if (c->imports && (c->index.n || c->symbols) && !elf_symbols_each(elf, note_exported, c)) {
		if (c->exported.n)
			qsort(c->exported.data, c->exported.n, sizeof(*c->exported.data),
			      compare_addresses);
		return c;
	}
	native_calls_free(c);
	errno = ENOMEM;
	return NULL;
}

void native_calls_free(struct native_calls *c)
{
	if (!c)
		return;
	vec_for_each (&c->known, exits)
		vec_free(&exits->all);
	vec_free(&c->known);
	vec_free(&c->exported);
	elf_symbols_free(c->symbols);
	elf_imports_free(c->imports);
	free(c);
}

static bool function_around(const struct native_calls *c, uint64_t vaddr, uint64_t *first,
			    uint64_t *end)
{
	const struct elf_symbol *symbol;

	if (c->index.n)
		return eh_index_around(&c->index, vaddr, first, end);
	symbol = elf_symbols_at(c->symbols, vaddr);
	if (!symbol)
		return false;
	*first = symbol->vaddr;
	*end = symbol->vaddr + symbol->size;
	return true;
}

uint64_t native_calls_end_of(const struct native_calls *c, uint64_t vaddr)
{
	uint64_t first, end;

	return function_around(c, vaddr, &first, &end) && first == vaddr ? end
									 : vaddr + UNKNOWN_BYTES;
}

static size_t body_at(const struct walk *w, uint64_t vaddr)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->bodies[middle].vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < w->n && w->bodies[low].vaddr == vaddr ? low : SIZE_MAX;
}

/* Code at @vaddr, at most @max bytes of it. */
static const uint8_t *code_at(const struct native_calls *c, uint64_t vaddr, size_t max, size_t *len)
{
	struct cursor code = elf_file_vaddr_bytes(c->elf, vaddr);

	*len = cursor_left(&code) < max ? cursor_left(&code) : max;
	return cursor_bytes(&code, *len);
}

/* The name of the import that the stub at @vaddr jumps to, or NULL: no stub. */
static const char *import_of_stub(const struct native_calls *c, uint64_t vaddr)
{
	struct x86_insn insn;
	size_t len, at = 0;
	const uint8_t *code = code_at(c, vaddr, 16, &len);

	/* endbr64 may be in front of the jump. */
	for (int i = 0; code && i < 2 && !x86_decode(code + at, len - at, &insn); i++) {
		if (insn.kind == X86_JUMP)
			return insn.indirect && insn.has_target
				       ? elf_imports_at(c->imports,
							vaddr + at + (uint64_t)insn.target)
				       : NULL;
		if (insn.kind != X86_PLAIN || insn.writes)
			return NULL;
		at += insn.len;
	}
	return NULL;
}

/* xor %eax,%eax, in either encoding. */
static bool is_clearing(const uint8_t *code, const struct x86_insn *insn)
{
	return insn->len == 2 && (code[0] == 0x31 || code[0] == 0x33) && code[1] == 0xc0;
}

/* Does %rax hold 0 behind the instruction? @clear: so it did before. */
static bool leaves_clear(const uint8_t *code, const struct x86_insn *insn, bool clear)
{
	if (is_clearing(code, insn))
		return true;
	return clear && insn->kind <= X86_NOP && !(insn->writes & 1u << X86_RAX);
}

static int add_exit(const struct native_calls *c, struct exits *exits, uint64_t here,
		    const struct x86_insn *insn)
{
	uint64_t target = here + (uint64_t)insn->target;
	struct exit exit = {.is_call = insn->kind == X86_CALL,
			    .is_branch = insn->kind == X86_BRANCH};

	if (insn->indirect) {
		exit.import = elf_imports_at(c->imports, target);
		exit.target = elf_imports_own_at(c->imports, target);
	} else if (target < exits->first || target >= exits->end) {
		exit.target = target;
		exit.import = import_of_stub(c, target);
	}
	return exit.target || exit.import ? vec_push(&exits->all, exit) : 0;
}

static int decode_exits(const struct native_calls *c, struct exits *exits)
{
	uint64_t wanted = exits->end - exits->first;
	size_t len, at = 0;
	const uint8_t *code = code_at(c, exits->first, wanted < MAX_BODY ? wanted : MAX_BODY, &len);
	bool clear = false;

	while (code && at < len) {
		struct x86_insn insn;

		if (x86_decode(code + at, len - at, &insn)) {
			at++;
			clear = false;
			continue;
		}
		exits->returns_value |= insn.is_return && !clear;
		clear = leaves_clear(code + at, &insn, clear);
		if (insn.has_target && add_exit(c, exits, exits->first + at, &insn))
			return -ENOMEM;
		at += insn.len;
	}
	return 0;
}

/* NULL: out of memory. Valid until the next call. */
static const struct exits *exits_of(struct native_calls *c, uint64_t first, uint64_t end)
{
	struct exits exits = {.first = first, .end = end};

	vec_for_each (&c->known, known) {
		if (known->first == first && known->end == end)
			return known;
	}
	if (!decode_exits(c, &exits) && !vec_push(&c->known, exits))
		return &c->known.data[c->known.n - 1];
	vec_free(&exits.all);
	return NULL;
}

static int report_import(const struct walk *w, const struct place *p, const char *name)
{
	struct native_call call = {
		.way = p->is_own ? NATIVE_WAY_IMPORT : NATIVE_WAY_FAR_IMPORT,
		.import = name,
	};

	return w->fn(&call, w->ctx);
}

static unsigned int max_calls(const struct walk *w)
{
	return w->bodies[w->from].far_sighted ? MAX_FAR_CALLS : MAX_CALLS;
}

/* Puts a function between on the list, unless it was there or there are too many. */
static void queue_place(struct walk *w, struct place place)
{
	for (size_t i = 0; i < w->queued; i++) {
		if (w->queue[i].first == place.first && w->queue[i].is_tail == place.is_tail)
			return;
	}
	if (w->queued < MAX_BETWEEN && place.calls <= max_calls(w))
		w->queue[w->queued++] = place;
}

static int reach(struct walk *w, const struct place *p, size_t to, bool by_call)
{
	struct native_call call = {.to = to, .way = NATIVE_WAY_CALL};

	if (to == w->from)
		return 0;
	if (by_call) {
		call.first = p->first;
		call.end = p->end;
	} else if (!p->is_tail) {
		call.first = p->frame;
		call.end = p->frame_end;
	} else {
		call.way = p->is_own ? NATIVE_WAY_JUMP : NATIVE_WAY_FAR_JUMP;
	}
	return w->fn(&call, w->ctx);
}

/* One way out of @p. */
static int follow(struct walk *w, const struct place *p, const struct exit *exit)
{
	struct place next = {.is_tail = !exit->is_call && p->is_tail,
			     .calls = p->calls + exit->is_call};
	size_t to = exit->target ? body_at(w, exit->target) : SIZE_MAX;
	uint64_t first, end;

	if (to == SIZE_MAX && exit->import) {
		to = w->find(exit->import, w->ctx);
		if (to == SIZE_MAX)
			return report_import(w, p, exit->import);
	}
	if (to != SIZE_MAX) {
		int err = reach(w, p, to, exit->is_call);

		if (err || !w->bodies[to].passed_through || to == w->from)
			return err;
		first = w->bodies[to].vaddr;
		end = w->bodies[to].end;
		next.calls = p->calls;
		next.is_own = p->is_own;
	} else if (!function_around(w->c, exit->target, &first, &end) ||
		   (exit->is_call &&
		    (first != exit->target ||
		     (is_exported(w->c, exit->target) && !w->bodies[w->from].far_sighted)))) {
		return 0;
	}
	next.first = first;
	next.end = end;
	next.frame = exit->is_call ? p->first : p->frame;
	next.frame_end = exit->is_call ? p->end : p->frame_end;
	queue_place(w, next);
	return 0;
}

static int look_at(struct walk *w, const struct place *p)
{
	const struct exits *exits = exits_of(w->c, p->first, p->end);
	int err = exits ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < exits->all.n; i++)
		err = follow(w, p, &exits->all.data[i]);
	return err;
}

int native_calls_each(struct native_calls *c, const struct native_body *bodies, size_t n,
		      size_t from, native_name_fn find, native_call_fn fn, void *ctx)
{
	struct walk *w = calloc(1, sizeof(*w));
	int err = 0;

	if (!w)
		return -ENOMEM;
	*w = (struct walk){c, bodies, n, from, find, fn, ctx, .queued = 1};
	w->queue[0] = (struct place){bodies[from].vaddr, bodies[from].end, .is_tail = true,
				     .is_own = true};
	for (size_t i = 0; i < w->queued && !err; i++)
		err = look_at(w, &w->queue[i]);
	free(w);
	return err;
}

int native_calls_ending(struct native_calls *c, const struct native_body *bodies, size_t n,
			size_t from, native_name_fn find, void *ctx, struct native_ending *ending)
{
	const struct native_body *body = &bodies[from];
	const struct exits *exits = exits_of(c, body->vaddr, body->end);
	struct walk w = {.bodies = bodies, .n = n};

	if (!exits)
		return -ENOMEM;
	*ending = (struct native_ending){.returns_value = exits->returns_value};
	for (size_t i = 0; i < exits->all.n; i++) {
		const struct exit *exit = &exits->all.data[i];

		if (exit->is_call || exit->is_branch)
			continue;
		ending->jumps_elsewhere |=
			(!exit->target || body_at(&w, exit->target) == SIZE_MAX) &&
			(!exit->import || find(exit->import, ctx) == SIZE_MAX);
	}
	return 0;
}
