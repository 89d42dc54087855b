// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A copy points to its origin, an entry that describes the function without code. So the
 * origins are looked for first: they stand at the top of units, and passing over
 * everything that is below is quick. As a rule there are none, and that is the answer.
 * Else all code of the file is looked through for copies of them.
 */
#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/vec.h"
#include "binary/dwarf_file.h"
#include "binary/dwarf_inlined.h"
#include "binary/dwarf_names.h"

#define MAX_NESTED 512
/* From a copy to the function: with LTO there are two entries of it. */
#define MAX_ORIGINS 4
/* Pieces of a copy. */
#define MAX_CODE 16

struct origin {
	const void *entry; /* where it is in memory */
	int which;
};

struct finder {
	const struct inlined_search *search;
	struct dwarf_file file, alt;
	struct dwarf_names *names;
	uint32_t entries_left;
	VEC(struct origin) origins;
	struct intern index; /* of origins, by entry */
};

struct where {
	Dwarf_Die *unit;
	Dwarf_Die *function; /* or a copy of one; NULL: in none */
};

typedef int (*visit_fn)(struct finder *f, const struct where *w, Dwarf_Die *die, int depth);

static uint64_t hash_of(const void *entry)
{
	uintptr_t at = (uintptr_t)entry;

	return hash_bytes(&at, sizeof(at), 0);
}

static bool is_origin(const void *ctx, uint32_t id, const void *key)
{
	const struct finder *f = ctx;

	return f->origins.data[id].entry == key;
}

/* What @visit says of each child of @parent, until one says something. */
static int each_child(struct finder *f, const struct where *w, Dwarf_Die *parent, visit_fn visit,
		      int depth)
{
	Dwarf_Die die, next;
	int err;

	if (depth == MAX_NESTED || dwarf_child(parent, &die))
		return 0;
	for (;; die = next) {
		if (!f->entries_left)
			return -E2BIG;
		f->entries_left--;
		err = visit(f, w, &die, depth + 1);
		/* Siblings of damaged files may lead backwards. */
		if (err || dwarf_siblingof(&die, &next) || next.addr <= die.addr)
			return err;
	}
}

static int each_unit(struct finder *f, Dwarf *dwarf, visit_fn visit)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;
	int err = 0;

	while (!err && !dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL)) {
		struct where w = {.unit = &die};

		if (type == DW_UT_compile || type == DW_UT_partial)
			err = each_child(f, &w, &die, visit, 0);
	}
	return err;
}

static const char *string(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attr;
	const char *s = dwarf_formstring(dwarf_attr_integrate(die, name, &attr));

	return s ? s : "";
}

static bool has_code(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
}

/* The caller's number of a function. */
static int number_of(struct finder *f, Dwarf_Die *die)
{
	const struct inlined_search *s = f->search;
	const char *name = string(die, DW_AT_name);
	const char *linkage_name = string(die, DW_AT_linkage_name);

	if (!s->may_be_wanted(s->ctx, name, linkage_name))
		return -1;
	return s->wanted(s->ctx, dwarf_names_get(f->names, die), linkage_name);
}

static int note_origin(struct finder *f, const struct where *w, Dwarf_Die *die, int depth)
{
	struct origin origin = {.entry = die->addr};

	switch (dwarf_tag(die)) {
	case DW_TAG_namespace:
	case DW_TAG_module:
		return each_child(f, w, die, note_origin, depth);
	case DW_TAG_subprogram:
		break;
	default:
		return 0;
	}
	if (dwarf_hasattr(die, DW_AT_declaration) || has_code(die))
		return 0;
	origin.which = number_of(f, die);
	if (origin.which < 0)
		return 0;
	if (vec_push(&f->origins, origin))
		return -ENOMEM;
	return intern_add(&f->index, hash_of(origin.entry), (uint32_t)f->origins.n - 1);
}

/* What @die is a copy of; NULL: of nothing wanted. */
static const struct origin *origin_of(struct finder *f, Dwarf_Die die)
{
	for (int i = 0; i < MAX_ORIGINS; i++) {
		Dwarf_Attribute attr;
		Dwarf_Die next;
		uint32_t id;

		if (!dwarf_formref_die(dwarf_attr(&die, DW_AT_abstract_origin, &attr), &next))
			return NULL;
		id = intern_find(&f->index, hash_of(next.addr), is_origin, f, next.addr);
		if (id != INTERN_NONE)
			return &f->origins.data[id];
		die = next;
	}
	return NULL;
}

/* Where its code is: as much of it as there is room for. */
static size_t read_code(Dwarf_Die *copy, struct inlined_code *code)
{
	Dwarf_Addr base, first, end;
	ptrdiff_t at = 0;
	size_t n = 0;

	while (n < MAX_CODE && (at = dwarf_ranges(copy, at, &base, &first, &end)) > 0) {
		if (first < end)
			code[n++] = (struct inlined_code){first, end};
	}
	return n;
}

static int tell(struct finder *f, const struct where *w, Dwarf_Die *copy, int which)
{
	struct inlined_place place = {
		.function = dwarf_names_get(f->names, w->function),
		.file = "",
	};
	struct inlined_code code[MAX_CODE];
	const char *name = NULL;
	Dwarf_Files *files;
	uint32_t file;
	size_t n;

	place.code = code;
	place.n_code = read_code(copy, code);
	if (dwarf_number(copy, DW_AT_call_file, &file) && !dwarf_getsrcfiles(w->unit, &files, &n) &&
	    file < n)
		name = dwarf_filesrc(files, file, NULL, NULL);
	if (name && strcmp(name, "???") != 0)
		place.file = name;
	dwarf_number(copy, DW_AT_call_line, &place.line);
	return f->search->found(f->search->ctx, which, &place);
}

static int look_into(struct finder *f, const struct where *w, Dwarf_Die *die, int depth)
{
	struct where inner = {.unit = w->unit, .function = die};
	const struct origin *origin;

	switch (dwarf_tag(die)) {
	case DW_TAG_lexical_block:
		return each_child(f, w, die, look_into, depth);
	case DW_TAG_inlined_subroutine:
		origin = origin_of(f, *die);
		return origin ? tell(f, w, die, origin->which)
			      : each_child(f, &inner, die, look_into, depth);
	default:
		return 0;
	}
}

static int look_for_copies(struct finder *f, const struct where *w, Dwarf_Die *die, int depth)
{
	struct where inner = {.unit = w->unit, .function = die};

	switch (dwarf_tag(die)) {
	case DW_TAG_namespace:
	case DW_TAG_module:
		return each_child(f, w, die, look_for_copies, depth);
	case DW_TAG_subprogram:
		if (!has_code(die) || number_of(f, die) >= 0)
			return 0;
		return each_child(f, &inner, die, look_into, depth);
	default:
		return 0;
	}
}

static int find(struct finder *f)
{
	int err = each_unit(f, f->file.dwarf, note_origin);

	if (!err && f->alt.dwarf)
		err = each_unit(f, f->alt.dwarf, note_origin);
	if (!err && f->origins.n)
		err = each_unit(f, f->file.dwarf, look_for_copies);
	return err;
}

int dwarf_inlined_find(int fd, int alt_fd, const struct inlined_search *search)
{
	struct finder f = {
		.search = search,
		.file = {.fd = -1},
		.alt = {.fd = -1},
		.entries_left = search->max_entries,
	};
	int err = -ENOMEM;

	f.names = dwarf_names_new(&f.entries_left);
	if (f.names)
		err = dwarf_file_open(&f.file, fd);
	if (!err && alt_fd >= 0)
		err = dwarf_file_open(&f.alt, alt_fd);
	if (!err && f.alt.dwarf)
		dwarf_setalt(f.file.dwarf, f.alt.dwarf);
	if (!err)
		err = find(&f);
	dwarf_names_free(f.names);
	dwarf_file_close(&f.file);
	dwarf_file_close(&f.alt);
	vec_free(&f.origins);
	intern_free(&f.index);
	return err;
}
