// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/vec.h"
#include "probe/plan.h"

/* Enough code for the longest prologue form and its branch. */
#define PROLOGUE_BYTES 32

struct planner {
	struct probe_plan *plan;
	const char *name;
	const struct elf_file *elf;
	const struct go_function *wanted;
	int err;
};

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

static void add_probe(const struct go_func *func, void *ctx)
{
	struct planner *pl = ctx;
	struct probe_plan *plan = pl->plan;
	struct probe probe = {
		.symbol = func->name,
		.kind = pl->wanted->kind,
		.growth = pl->wanted->growth,
		.vaddr = func->entry,
	};
	struct cursor code;
	size_t len;

	if (pl->err || (pl->wanted->numbered && !is_number(func->name + strlen(pl->wanted->name))))
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

	if (runtime) {
		plan->layout = runtime->layout;
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
	struct planner pl = {.plan = plan, .name = name, .elf = elf};
	enum go_malloc malloc_kind = malloc_of(go);

	*plan = (struct probe_plan){0};
	set_layout(plan, name, go);
	for (size_t i = 0; i < n_go_functions && !pl.err; i++) {
		pl.wanted = &go_functions[i];
		if (!(kinds & 1u << pl.wanted->kind) || !(pl.wanted->when & malloc_kind))
			continue;
		if (pl.wanted->numbered)
			go_binary_find_prefix(go, pl.wanted->name, add_probe, &pl);
		else
			go_binary_find_funcs(go, pl.wanted->name, add_probe, &pl);
	}
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
	static const char *const names[KIND_MAX] = {
		[KIND_ALLOC] = "go_alloc",
		[KIND_MAP_INSERT] = "go_map_insert",
		[KIND_MAP_GROW] = "go_map_grow",
		[KIND_WB_FLUSH] = "go_wb_flush",
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
		/* Stepped ones are never chosen: probe_point_find() gives emulated ones. */
		fprintf(out, "  %-42s %#11" PRIx64 "  %-11s %-9s %s\n", p->symbol, p->file_offset,
			instruction, "emulated", probe_program_name(p->kind));
	}
}
