// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "binary/demangle.h"
#include "probe/native_find.h"
#include "probe/native_plan.h"
#include "probe/prologue_native.h"

/* Enough for any prologue and the branches of a long function. */
#define CODE_BYTES 65536
/* Of _M_need_rehash(policy, buckets, elements, more). */
#define HASH_MORE_ARG 4

/* Of two ranges with the least between them makes one, until there are few enough. */
static void merge_ranges(struct native_bytes *ranges, size_t *n)
{
	while (*n > NATIVE_NESTED_MAX) {
		size_t best = 1;

		for (size_t i = 2; i < *n; i++) {
			if (ranges[i].first - ranges[i - 1].end <
			    ranges[best].first - ranges[best - 1].end)
				best = i;
		}
		if (ranges[best].end > ranges[best - 1].end)
			ranges[best - 1].end = ranges[best].end;
		for (size_t i = best; i + 1 < *n; i++)
			ranges[i] = ranges[i + 1];
		(*n)--;
	}
}

static int by_first(const void *a, const void *b)
{
	const struct native_bytes *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static void set_nested(struct native_probe *probe, struct native_found *found)
{
	size_t n = found->nested.n;

	if (n)
		qsort(found->nested.data, n, sizeof(*found->nested.data), by_first);
	merge_ranges(found->nested.data, &n);
	for (size_t i = 0; i < n; i++) {
		int64_t start = (int64_t)(found->nested.data[i].first - found->vaddr);
		int64_t end = (int64_t)(found->nested.data[i].end - found->vaddr);

		if (start < INT32_MIN || end > INT32_MAX)
			continue;
		probe->nested[probe->n_nested++] = (struct native_range){(__s32)start, (__s32)end};
	}
}

/* The arguments that the programs will read of a hit. */
static struct native_wanted wanted_of(const struct native_found *found, bool has_return)
{
	const struct native_function *function = &found->function;
	struct native_wanted wanted = {
		.args = (1u << function->size_arg | 1u << function->size_arg2 |
			 1u << function->ptr_arg) &
			~1u,
		.null_arg = function->op == NATIVE_FREE ? function->ptr_arg : 0,
		.nothing_pushed = has_return,
	};

	if (function->op == NATIVE_HASH_INSERT) {
		/* What is there and what is to come: added up at once, as a rule. */
		wanted.args |= 1u << HASH_MORE_ARG;
		wanted.summed[0] = function->size_arg;
		wanted.summed[1] = HASH_MORE_ARG;
	}
	return wanted;
}

/* What calls by name get from the file, of a kind that others have as well. */
static __u16 ops_of(const struct native_findings *f)
{
	__u16 ops = 0;

	vec_for_each (&f->all, found) {
		if (!found->why_not && found->is_plain && found->function.op <= NATIVE_SBRK)
			ops |= (__u16)(1u << found->function.op);
	}
	return ops;
}

/* For functions that may pass calls on to another file's through a pointer. */
static void set_passing(struct native_probe *probe, const struct native_found *found,
			const struct elf_file *elf, __u16 ops)
{
	if (found->custom || !ops || found->function.op > NATIVE_SBRK)
		return;
	for (size_t i = 0; i < elf_file_n_segments(elf); i++) {
		const struct elf_segment *s = elf_file_segment(elf, i);
		int64_t start = (int64_t)(s->vaddr - found->vaddr);

		if (found->vaddr - s->vaddr >= s->memsz || s->memsz > INT32_MAX ||
		    found->end - found->vaddr > s->memsz)
			continue;
		probe->ops = ops;
		probe->bytes = (__u32)(found->end - found->vaddr);
		probe->text =
			(struct native_range){(__s32)start, (__s32)(start + (int64_t)s->memsz)};
		return;
	}
}

static int find_point(struct native_planned_probe *p, const struct native_found *found,
		      const struct elf_file *elf)
{
	struct native_wanted wanted = wanted_of(found, p->has_return);
	struct cursor code = elf_file_vaddr_bytes(elf, found->vaddr);
	size_t len = found->end - found->vaddr;
	uint8_t where[NATIVE_SUM + 1] = {0};

	if (len > cursor_left(&code))
		len = cursor_left(&code);
	if (len > CODE_BYTES)
		len = CODE_BYTES;
	if (!len)
		return -ENOENT;
	if (!native_point_find(cursor_bytes(&code, len), len, &wanted, &p->point, where))
		return -ENOENT;
	p->probe.size_arg = where[found->function.size_arg];
	if (where[NATIVE_SUM]) {
		p->probe.size_arg = where[NATIVE_SUM];
		p->probe.flags |= NATIVE_SUMMED;
	} else if (found->function.op == NATIVE_HASH_INSERT &&
		   where[HASH_MORE_ARG] != HASH_MORE_ARG) {
		return -ENOENT; /* the program looks for it in its own register */
	}
	p->probe.size_arg2 = where[found->function.size_arg2];
	p->probe.ptr_arg = where[found->function.ptr_arg];
	p->probe.offset = (__u8)p->point.offset;
	return elf_file_vaddr_to_offset(elf, found->vaddr + p->point.offset, &p->file_offset);
}

static int add_probe(struct native_plan *plan, struct native_found *found,
		     const struct elf_file *elf, __u16 ops, bool live)
{
	struct native_planned_probe p = {
		.symbol = found->symbol,
		.family = found->family,
		.kind = native_op_kind(found->function.op),
		.vaddr = found->vaddr,
		.probe = {.op = (__u8)found->function.op,
			  .container = (__u8)found->function.container,
			  .flags = found->flags},
	};

	/* Nobody tells how blocks of a home-made allocator are freed. */
	p.has_return = live && p.kind == KIND_ALLOC && !found->custom;
	if (find_point(&p, found, elf))
		return 0; /* a symbol outside the file's bytes: damaged */
	set_nested(&p.probe, found);
	set_passing(&p.probe, found, elf, ops);
	if (vec_grow((void **)&plan->probes, &plan->cap, plan->n + 1, sizeof(p)))
		return -ENOMEM;
	plan->probes[plan->n++] = p;
	return 0;
}

static int add_skipped(struct native_plan *plan, const struct native_found *found)
{
	struct native_skipped skipped = {
		.symbol = found->symbol,
		.family = found->family,
		.why = found->why_not,
		.vaddr = found->vaddr,
	};

	if (vec_grow((void **)&plan->skipped, &plan->cap_skipped, plan->n_skipped + 1,
		     sizeof(skipped)))
		return -ENOMEM;
	plan->skipped[plan->n_skipped++] = skipped;
	return 0;
}

static int compare_probes(const void *a, const void *b)
{
	const struct native_planned_probe *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

static void tell_of_custom(const char *name, const struct native_found *found)
{
	if (found->why_not)
		log_warn("%s: %s is not tapped: %s", name, found->symbol, found->why_not);
	else if (found->takes_from_another)
		log_info("%s: %s calls an allocator that is tapped too: its blocks are counted "
			 "next to the pieces it makes of them",
			 name, found->symbol);
}

int native_plan_file(struct native_plan *plan, const char *name, const struct elf_file *elf,
		     const struct native_request *request)
{
	struct native_findings f;
	int err = native_find(&f, elf, request);
	__u16 ops;

	*plan = (struct native_plan){0};
	if (!err)
		err = native_count_once(&f, elf);
	ops = ops_of(&f);
	vec_for_each (&f.all, found) {
		if (err)
			break;
		if (found->custom)
			tell_of_custom(name, found);
		err = found->why_not ? add_skipped(plan, found)
				     : add_probe(plan, found, elf, ops, request->live);
	}
	native_findings_free(&f);
	if (err)
		native_plan_free(plan);
	else if (plan->n)
		qsort(plan->probes, plan->n, sizeof(*plan->probes), compare_probes);
	return err;
}

void native_plan_free(struct native_plan *plan)
{
	free(plan->probes);
	free(plan->skipped);
	*plan = (struct native_plan){0};
}

size_t native_plan_count(const struct native_plan *plan, enum sample_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += plan->probes[i].kind == kind;
	return n;
}

const char *native_op_name(enum native_op op)
{
	static const char *const names[NATIVE_OP_MAX] = {
		[NATIVE_MALLOC] = "malloc",
		[NATIVE_CALLOC] = "calloc",
		[NATIVE_REALLOC] = "realloc",
		[NATIVE_MEMALIGN] = "memalign",
		[NATIVE_POSIX_MEMALIGN] = "posix_memalign",
		[NATIVE_FREE] = "free",
		[NATIVE_MMAP] = "mmap",
		[NATIVE_MUNMAP] = "munmap",
		[NATIVE_MREMAP] = "mremap",
		[NATIVE_SBRK] = "sbrk",
		[NATIVE_TREE_INSERT] = "tree insert",
		[NATIVE_HASH_INSERT] = "hash insert",
		[NATIVE_REHASH] = "rehash",
	};

	return names[op];
}

const char *native_symbol_text(const char *symbol, char *text, size_t size)
{
	__auto_free char *readable = demangle(symbol);

	if (readable && strlen(readable) >= size) {
		free(readable);
		readable = demangle_short(symbol);
	}
	snprintf(text, size, "%s", readable ? readable : symbol);
	return text;
}

void native_plan_print(const struct native_plan *plan, const char *file, FILE *out)
{
	fprintf(out, "%s\n", file);
	fprintf(out, "  %-42s %11s  %-11s %-9s %s\n", "symbol", "file offset", "instruction", "how",
		"what");
	for (size_t i = 0; i < plan->n; i++) {
		const struct native_planned_probe *p = &plan->probes[i];
		char instruction[32], symbol[NATIVE_SYMBOL_TEXT];

		snprintf(instruction, sizeof(instruction), "%s +%u", p->point.instruction,
			 p->point.offset);
		fprintf(out, "  %-42s %#11" PRIx64 "  %-11s %-9s %s (%s)\n",
			native_symbol_text(p->symbol, symbol, sizeof(symbol)), p->file_offset,
			instruction, p->point.stepped ? "stepped" : "emulated",
			native_op_name(p->probe.op), p->family);
	}
}
