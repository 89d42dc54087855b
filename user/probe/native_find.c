// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binary/elf_symbols.h"
#include "probe/native_calls.h"
#include "probe/native_find.h"

/* More than any file has; a damaged one may have names without end. */
#define MAX_FOUND NATIVE_PROBES_MAX

/* A function that only the dynamic loader of glibc has. */
static const char loader_marker[] = "_dl_rtld_di_serinfo";

struct finder {
	struct native_findings *f;
	const struct native_request *request;
	const struct native_family *family; /* of the file */
	bool is_loader;
};

bool native_request_has(const struct native_request *r, enum native_op op)
{
	enum sample_kind kind = native_op_kind(op);

	if (kind == KIND_FREE)
		return r->live && r->kinds & 1u << KIND_ALLOC;
	return r->kinds & 1u << kind;
}

static const struct native_custom *custom_of(const struct native_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_custom && r->kinds & 1u << KIND_ALLOC; i++) {
		size_t len = strlen(r->custom[i].symbol);

		if (!strncmp(name, r->custom[i].symbol, len) && (!name[len] || name[len] == '@'))
			return &r->custom[i];
	}
	return NULL;
}

bool native_find_match(const struct native_request *request, const char *name,
		       struct native_found *found)
{
	const struct native_custom *custom = custom_of(request, name);
	struct native_match m;

	if (custom) {
		found->function = (struct native_function){
			.name = custom->symbol, .op = NATIVE_MALLOC, .size_arg = custom->size_arg};
		found->family = "home-made";
		found->custom = true;
		return true;
	}
	if (!native_function_find(name, &m) || !native_request_has(request, m.function->op))
		return false;
	found->function = *m.function;
	found->family = m.family ? m.family->name : NULL;
	found->in_family_only = m.in_family_only;
	return true;
}

static void see_marker(struct finder *finder, const char *name)
{
	finder->family = native_family_choose(finder->family, native_family_of_marker(name));
	finder->is_loader |= !strcmp(name, loader_marker);
}

static int see_marker_symbol(const struct elf_symbol *symbol, uint8_t info, void *ctx)
{
	(void)info;
	see_marker(ctx, symbol->name);
	return 0;
}

bool native_is_loader(const struct elf_file *elf)
{
	struct finder finder = {0};

	elf_symbols_each(elf, see_marker_symbol, &finder);
	/* A static program has the loader's functions as well. */
	return finder.is_loader && !finder.family;
}

static int see_symbol(const struct elf_symbol *symbol, uint8_t info, void *ctx)
{
	struct finder *finder = ctx;
	struct native_found found = {
		.symbol = symbol->name,
		.vaddr = symbol->vaddr,
		.end = symbol->vaddr + symbol->size,
	};
	struct native_name name = {symbol->name, symbol->vaddr};

	see_marker(finder, symbol->name);
	/* What stands at an indirect function is not it, but who chooses it. */
	if (ELF64_ST_TYPE(info) == STT_GNU_IFUNC || finder->f->all.n >= MAX_FOUND ||
	    !native_find_match(finder->request, symbol->name, &found))
		return 0;
	return vec_push(&finder->f->all, found) ? -ENOMEM : vec_push(&finder->f->names, name);
}

size_t native_plain_length(const char *name)
{
	return strcspn(name, "@");
}

bool native_same_name(const char *a, const char *b)
{
	size_t len = native_plain_length(b);

	return !strncmp(a, b, len) && (!a[len] || a[len] == '@');
}

/* By address; of aliases those that were asked for first, then the shortest name. */
static int by_address(const void *a, const void *b)
{
	const struct native_found *x = a, *y = b;
	size_t x_len, y_len;

	if (x->vaddr != y->vaddr)
		return x->vaddr < y->vaddr ? -1 : 1;
	if (x->custom != y->custom)
		return x->custom ? -1 : 1;
	x_len = strnlen(x->symbol, 128);
	y_len = strnlen(y->symbol, 128);
	if (x_len != y_len)
		return x_len < y_len ? -1 : 1;
	return strncmp(x->symbol, y->symbol, 128);
}

static const char *family_of(const struct finder *finder, const char *symbol)
{
	if (finder->family)
		return finder->family->name;
	return !strncmp(symbol, "_Z", 2) ? "C++" : "its own";
}

/* Drops names that count in other families only, then all but one of each address. */
static void settle(struct finder *finder)
{
	struct native_found *all = finder->f->all.data;
	size_t n = 0;

	for (size_t i = 0; i < finder->f->all.n; i++) {
		bool ours = !all[i].in_family_only ||
			    (finder->family && finder->family->name == all[i].family);

		all[i].is_plain =
			!all[i].family && !finder->family && strncmp(all[i].symbol, "_Z", 2) != 0;
		if (!all[i].family)
			all[i].family = family_of(finder, all[i].symbol);
		if (ours)
			all[n++] = all[i];
	}
	if (n)
		qsort(all, n, sizeof(*all), by_address);
	finder->f->all.n = 0;
	for (size_t i = 0; i < n; i++) {
		struct native_found *last = all + finder->f->all.n - 1;

		if (finder->f->all.n && last->vaddr == all[i].vaddr) {
			if (all[i].end > last->end)
				last->end = all[i].end;
		} else {
			all[finder->f->all.n++] = all[i];
		}
	}
}

static int find_ends(struct native_findings *f, const struct elf_file *elf)
{
	struct native_calls *calls = native_calls_new(elf);

	if (!calls)
		return -ENOMEM;
	vec_for_each (&f->all, found) {
		if (found->end == found->vaddr)
			found->end = native_calls_end_of(calls, found->vaddr);
	}
	native_calls_free(calls);
	return 0;
}

int native_find(struct native_findings *f, const struct elf_file *elf,
		const struct native_request *request)
{
	struct finder finder = {.f = f, .request = request};
	int err;

	*f = (struct native_findings){0};
	if (elf_file_machine(elf) != EM_X86_64)
		return 0;
	err = elf_symbols_each(elf, see_symbol, &finder);
	if (err || !f->all.n)
		return err;
	settle(&finder);
	/* As native_is_loader() has it. */
	if (finder.is_loader && !finder.family) {
		vec_for_each (&f->all, found)
			found->why_not = "the loader's own, until libc is there";
	}
	return find_ends(f, elf);
}

void native_findings_free(struct native_findings *f)
{
	vec_for_each (&f->all, found)
		vec_free(&found->nested);
	vec_free(&f->all);
	vec_free(&f->names);
}
