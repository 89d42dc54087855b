// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/vec.h"
#include "probe/go_gc.h"
#include "probe/plan.h"

/* Enough code for the longest prologue form and its branch. */
#define PROLOGUE_BYTES 32

struct planner {
	struct probe_plan *plan;
	const char *name;
	const struct elf_file *elf;
	const struct go_binary *go;
	const struct go_function *wanted;
	const struct go_gc_function *wanted_gc;
	int err;
};

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

/* Adds @probe, whose kind and point are set, in @func. */
static void add_probe(struct planner *pl, const struct go_func *func, struct probe probe)
{
	struct probe_plan *plan = pl->plan;

	probe.symbol = func->name;
	probe.vaddr = func->entry;
	pl->err = elf_file_vaddr_to_offset(pl->elf, func->entry + probe.point.offset,
					   &probe.file_offset);
	if (pl->err) {
		log_error("%s: %s at 0x%" PRIx64 " is not in the file: damaged segments", pl->name,
			  func->name, func->entry);
		return;
	}
	pl->err = vec_grow((void **)&plan->probes, &plan->cap, plan->n + 1, sizeof(probe));
	if (!pl->err)
		plan->probes[plan->n++] = probe;
}

/* ... where it begins. */
static void add_entry(struct planner *pl, const struct go_func *func, struct probe probe)
{
	struct cursor code;
	size_t len;

	if (pl->err)
		return;
	code = elf_file_vaddr_bytes(pl->elf, func->entry);
	len = cursor_left(&code);
	if (len > func->end - func->entry)
		len = func->end - func->entry;
	if (len > PROLOGUE_BYTES)
		len = PROLOGUE_BYTES;
	if (probe_point_find(cursor_bytes(&code, len), len, &probe.point)) {
		log_error("%s: %s at 0x%" PRIx64 ": no instruction in its prologue that the "
			  "kernel emulates: please report this binary",
			  pl->name, func->name, func->entry);
		pl->err = -ENOENT;
		return;
	}
	add_probe(pl, func, probe);
}

static void add_function(const struct go_func *func, void *ctx)
{
	struct planner *pl = ctx;

	if (pl->wanted->numbered && !is_number(func->name + strlen(pl->wanted->name)))
		return;
	add_entry(pl, func, (struct probe){.kind = pl->wanted->kind, .growth = pl->wanted->growth});
}

static void add_gc_function(const struct go_func *func, void *ctx)
{
	struct planner *pl = ctx;

	add_entry(pl, func, (struct probe){.kind = KIND_GC_ASSIST, .gc = pl->wanted_gc->gc});
}

/* What begins there is of use only if its end is seen too. */
static enum gc_function end_of(enum gc_function begin)
{
	switch (begin) {
	case GC_RESTART:
		return GC_RESTARTED;
	case GC_ASSIST_BEGIN:
		return GC_ASSIST_END;
	case GC_PARK_BEGIN:
		return GC_PARK_END;
	default:
		return GC_NONE;
	}
}

/* False where the binary does not have it. */
static bool plan_gc_function(struct planner *pl, const struct go_gc_function *f)
{
	struct probe end = {.kind = KIND_GC_ASSIST, .gc = end_of(f->gc)};
	struct go_gc_place place;

	pl->wanted_gc = f;
	if (end.gc) {
		if (go_gc_find_place(end.gc, pl->elf, pl->go, &place))
			return false;
		end.point = place.point;
		add_probe(pl, &place.func, end);
	}
	return pl->err || go_binary_find_funcs(pl->go, f->name, add_gc_function, pl) || f->optional;
}

/* Of a program whose GC we do not understand the rest is recorded all the same. */
static void plan_gc(struct planner *pl)
{
	int minor = go_binary_version(pl->go)->minor;
	size_t n = pl->plan->n;

	for (size_t i = 0; i < n_go_gc_functions && !pl->err; i++) {
		const struct go_gc_function *f = &go_gc_functions[i];

		if ((f->until && minor > f->until) || plan_gc_function(pl, f))
			continue;
		log_warn("%s: %s is not as in any Go we know: its collections are not recorded",
			 pl->name, f->name);
		pl->plan->n = n;
		return;
	}
	pl->plan->gc_controller = go_gc_controller(pl->elf, pl->go);
	if (!pl->plan->gc_controller)
		log_debug("%s: its pacer cannot be found: heap sizes stay unknown", pl->name);
}

static void note_found(const struct go_func *func, void *ctx)
{
	(void)func;
	*(bool *)ctx = true;
}

static bool has_function(const struct go_binary *go, const char *name)
{
	bool found = false;

	go_binary_find_funcs(go, name, note_found, &found);
	return found;
}

static enum go_malloc malloc_of(const struct go_binary *go)
{
	if (has_function(go, go_specialised_marker))
		return GO_MALLOC_SPECIALISED;
	return has_function(go, go_split_marker) ? GO_MALLOC_SPLIT : GO_MALLOC_WHOLE;
}

static int compare_probes(const void *a, const void *b)
{
	const struct probe *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

static void set_layout(struct probe_plan *plan, const char *name, const struct go_binary *go)
{
	const struct go_version *v = go_binary_version(go);
	const struct go_runtime *runtime = go_runtime_find(v->minor);

	if (runtime)
		plan->layout = runtime->layout;
	go_gc_layout(&plan->layout, v->minor);
	if (runtime) {
		/* Its stub for ordinary builds is never linked in. */
		plan->layout.race_detector = has_function(go, "runtime.raceinit");
		return;
	}
	plan->newer_than_known = true;
	log_warn("%s: %s is newer than this alloctap knows (go1.%d): stacks end at the system "
		 "stack and bytes are as requested, not as the heap rounds them",
		 name, v->text, go_runtime_newest());
}

int probe_plan_go(struct probe_plan *plan, const char *name, const struct elf_file *elf,
		  const struct go_binary *go, unsigned int kinds)
{
	struct planner pl = {.plan = plan, .name = name, .elf = elf, .go = go};
	enum go_malloc malloc_kind = malloc_of(go);

	*plan = (struct probe_plan){0};
	set_layout(plan, name, go);
	for (size_t i = 0; i < n_go_functions && !pl.err; i++) {
		pl.wanted = &go_functions[i];
		if (!(kinds & 1u << pl.wanted->kind) || !(pl.wanted->when & malloc_kind))
			continue;
		if (pl.wanted->numbered)
			go_binary_find_prefix(go, pl.wanted->name, add_function, &pl);
		else
			go_binary_find_funcs(go, pl.wanted->name, add_function, &pl);
	}
	if (!pl.err && kinds & 1u << KIND_GC_ASSIST)
		plan_gc(&pl);
	if (!pl.err && kinds & 1u << KIND_ALLOC && !probe_plan_count(plan, KIND_ALLOC)) {
		log_error("%s: has none of the functions that Go allocates with: please report "
			  "this binary",
			  name);
		pl.err = -ENOENT;
	}
	if (pl.err) {
		probe_plan_free(plan);
		return pl.err;
	}
	qsort(plan->probes, plan->n, sizeof(*plan->probes), compare_probes);
	return 0;
}

void probe_plan_free(struct probe_plan *plan)
{
	free(plan->probes);
	*plan = (struct probe_plan){0};
}

size_t probe_plan_count(const struct probe_plan *plan, enum sample_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += plan->probes[i].kind == kind;
	return n;
}

const char *probe_program_name(enum sample_kind kind)
{
	static const char *const names[KIND_GO_END] = {
		[KIND_ALLOC] = "go_alloc",       [KIND_MAP_INSERT] = "go_map_insert",
		[KIND_MAP_GROW] = "go_map_grow", [KIND_WB_FLUSH] = "go_wb_flush",
		[KIND_GC_ASSIST] = "go_gc",
	};

	return names[kind];
}

void probe_plan_print(const struct probe_plan *plan, const char *binary, FILE *out)
{
	fprintf(out, "%s\n", binary);
	fprintf(out, "  %-42s %11s  %-11s %-9s %s\n", "symbol", "file offset", "instruction", "how",
		"program");
	for (size_t i = 0; i < plan->n; i++) {
		const struct probe *p = &plan->probes[i];
		char instruction[32];

		snprintf(instruction, sizeof(instruction), "%s +%u", p->point.instruction,
			 p->point.offset);
		fprintf(out, "  %-42s %#11" PRIx64 "  %-11s %-9s %s\n", p->symbol, p->file_offset,
			instruction, p->point.stepped ? "stepped" : "emulated",
			probe_program_name(p->kind));
	}
}
