// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * DWARF is a tree of entries per compilation unit: functions, in them the calls that
 * were inlined, in these more of them. libdw reads entries; finding the right ones is
 * done here, because dwarf_getscopes() walks the whole unit for each address.
 *
 *	opening a file		the address ranges of its units are read and sorted
 *	first address in a unit	the functions of the unit, and their ranges
 *	each address		the calls inlined into the one function around it
 *
 * A file may lie: siblings that lead backwards, ranges without end. Every step goes
 * forward in the file and takes one from a budget; when that is used up, the file
 * has no more answers and its frames are named by symbols alone.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "binary/dwarf_file.h"
#include "binary/dwarf_lines.h"
#include "binary/dwarf_names.h"

/*
 * Entries and ranges visited, all in all. 20,000 addresses in 16 units of C++ with
 * 15 MB of .debug_info took 1.9 million, in a second.
 */
#define MAX_STEPS 50000000u
/* 24 bytes each. */
#define MAX_RANGES 8000000u
/* Namespaces and classes in each other; inlined calls and blocks in each other. */
#define MAX_NESTED  64
#define MAX_INLINED 512
/* How many lower ranges are asked whether they reach over a nested one. */
#define MAX_LOOKBACK 32

struct range {
	uint64_t start, end;
	uint64_t id; /* a unit's index, or the offset of a function's entry */
};

struct ranges {
	VEC(struct range) list; /* by start, after sort_ranges() */
};

struct unit {
	Dwarf_Off offset; /* of the unit's own entry */
	bool is_read, is_deep, is_split;
	struct ranges functions;
};

struct dwarf_lines {
	struct dwarf_file file, alt;
	uint32_t steps_left, ranges_left;
	VEC(struct unit) units;
	struct ranges unit_ranges;
	struct dwarf_names *names;
};

static bool take_step(struct dwarf_lines *d)
{
	if (!d->steps_left)
		return false;
	d->steps_left--;
	return true;
}

/* The next entry of the same parent. */
static bool next_sibling(struct dwarf_lines *d, Dwarf_Die *die)
{
	Dwarf_Die next;

	if (!take_step(d) || dwarf_siblingof(die, &next) || next.addr <= die->addr)
		return false;
	*die = next;
	return true;
}

static int add_ranges(struct dwarf_lines *d, struct ranges *to, Dwarf_Die *die, uint64_t id)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (!take_step(d) || !d->ranges_left)
			return 0;
		if (start >= end)
			continue;
		d->ranges_left--;
		if (vec_push(&to->list, ((struct range){start, end, id})))
			return -ENOMEM;
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	/* The narrower one last: it is found first. */
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void sort_ranges(struct ranges *r)
{
	if (r->list.n)
		qsort(r->list.data, r->list.n, sizeof(*r->list.data), by_start);
}

static const struct range *find_range(const struct ranges *r, uint64_t vaddr)
{
	size_t low = 0, high = r->list.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->list.data[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = 0; i < MAX_LOOKBACK && i < low; i++) {
		if (vaddr < r->list.data[low - 1 - i].end)
			return &r->list.data[low - 1 - i];
	}
	return NULL;
}

static int read_units(struct dwarf_lines *d)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;
	int err = 0;

	/* Asked for the other half of a split unit as well, libdw would go and open a file. */
	while (!err && take_step(d) &&
	       !dwarf_get_units(d->file.dwarf, cu, &cu, NULL, &type, &die, NULL)) {
		struct unit u = {
			.offset = dwarf_dieoffset(&die),
			.is_split = type == DW_UT_skeleton,
		};

		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		err = vec_push(&d->units, u);
		if (!err)
			err = add_ranges(d, &d->unit_ranges, &die, d->units.n - 1);
	}
	sort_ranges(&d->unit_ranges);
	return err;
}

struct dwarf_lines *dwarf_lines_new(int fd, int alt_fd)
{
	struct dwarf_lines *d = calloc(1, sizeof(*d));
	int err = -ENOMEM;

	if (!d)
		goto fail;
	d->steps_left = MAX_STEPS;
	d->ranges_left = MAX_RANGES;
	d->file.fd = d->alt.fd = -1;
	d->names = dwarf_names_new(&d->steps_left);
	if (!d->names)
		goto fail;
	err = dwarf_file_open(&d->file, fd);
	if (!err && alt_fd >= 0)
		err = dwarf_file_open(&d->alt, alt_fd);
	if (err)
		goto fail;
	if (d->alt.dwarf)
		dwarf_setalt(d->file.dwarf, d->alt.dwarf);
	err = read_units(d);
	if (!err && !d->unit_ranges.list.n)
		err = -ENODATA;
	if (!err)
		return d;
fail:
	dwarf_lines_free(d);
	errno = -err;
	return NULL;
}

void dwarf_lines_free(struct dwarf_lines *d)
{
	if (!d)
		return;
	vec_for_each (&d->units, u)
		vec_free(&u->functions.list);
	vec_free(&d->units);
	vec_free(&d->unit_ranges.list);
	dwarf_names_free(d->names);
	dwarf_file_close(&d->file);
	dwarf_file_close(&d->alt);
	free(d);
}

/*
 * What else may hold functions. Compilers write a class's only as declarations, and
 * put what they emit outside; and functions inside functions are rare. Only where
 * nothing else was found (@deep) are all looked through.
 */
static bool may_hold_functions(int tag, bool deep)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
		return true;
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_subprogram:
	case DW_TAG_lexical_block:
		return deep;
	default:
		return false;
	}
}

static int read_functions(struct dwarf_lines *d, struct unit *u, Dwarf_Die *parent, bool deep,
			  int depth)
{
	Dwarf_Die die;
	int err = 0;

	if (depth == MAX_NESTED || dwarf_child(parent, &die))
		return 0;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_subprogram)
			err = add_ranges(d, &u->functions, &die, dwarf_dieoffset(&die));
		if (!err && may_hold_functions(tag, deep))
			err = read_functions(d, u, &die, deep, depth + 1);
	} while (!err && next_sibling(d, &die));
	return err;
}

/* The entry of the function around @vaddr. */
static bool find_function(struct dwarf_lines *d, struct unit *u, Dwarf_Die *unit_die,
			  uint64_t vaddr, Dwarf_Die *function)
{
	const struct range *r = NULL;

	while (!u->is_split) {
		r = u->is_read ? find_range(&u->functions, vaddr) : NULL;
		if (r || u->is_deep)
			break;
		u->is_deep = u->is_read;
		u->is_read = true;
		vec_free(&u->functions.list);
		if (read_functions(d, u, unit_die, u->is_deep, 0))
			return false;
		sort_ranges(&u->functions);
	}
	return r && dwarf_offdie(d->file.dwarf, r->id, function);
}

static bool find_unit(struct dwarf_lines *d, uint64_t vaddr, struct unit **unit, Dwarf_Die *die)
{
	const struct range *r = find_range(&d->unit_ranges, vaddr);

	if (!r)
		return false;
	*unit = &d->units.data[r->id];
	return dwarf_offdie(d->file.dwarf, (*unit)->offset, die);
}

static const char *string(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attr;
	const char *s = dwarf_formstring(dwarf_attr_integrate(die, name, &attr));

	return s ? s : "";
}

static void name_frame(struct dwarf_lines *d, Dwarf_Die *die, struct dwarf_frame *f)
{
	const char *file;
	int line;

	f->name = dwarf_names_get(d->names, die);
	f->linkage_name = string(die, DW_AT_linkage_name);
	if (!*f->linkage_name)
		f->linkage_name = string(die, DW_AT_MIPS_linkage_name);
	file = dwarf_decl_file(die);
	if (file && !strcmp(file, f->file) && !dwarf_decl_line(die, &line) && line > 0)
		f->start_line = (uint32_t)line;
}

/* libdw joins a file's name to its directory, but not that to the unit's. */
static void place_file(Dwarf_Die *unit_die, const char *name, struct dwarf_frame *f)
{
	/* In DWARF 4 and before file 0 is none, which libdw calls so. */
	f->file = name && strcmp(name, "???") != 0 ? name : "";
	f->directory = *f->file == '/' ? "" : string(unit_die, DW_AT_comp_dir);
	if (*f->directory != '/')
		f->directory = "";
}

/* Where the function that @call was inlined into has it. */
static void place_call(Dwarf_Die *unit_die, Dwarf_Die *call, struct dwarf_frame *f)
{
	const char *name = NULL;
	Dwarf_Files *files;
	uint32_t file, line;
	size_t n;

	if (dwarf_number(call, DW_AT_call_file, &file) &&
	    !dwarf_getsrcfiles(unit_die, &files, &n) && file < n)
		name = dwarf_filesrc(files, file, NULL, NULL);
	place_file(unit_die, name, f);
	if (dwarf_number(call, DW_AT_call_line, &line))
		f->line = line;
}

static void place_address(Dwarf_Die *unit_die, uint64_t vaddr, struct dwarf_frame *f)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit_die, vaddr);
	int value = 0;

	place_file(unit_die, line ? dwarf_linesrc(line, NULL, NULL) : NULL, f);
	if (line && !dwarf_lineno(line, &value) && value > 0)
		f->line = (uint32_t)value;
}

static bool covers(struct dwarf_lines *d, Dwarf_Die *die, uint64_t vaddr)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0 && take_step(d)) {
		if (vaddr >= start && vaddr < end)
			return true;
	}
	return false;
}

/* The call or block among the children of @die that @vaddr is in. */
static bool find_inner(struct dwarf_lines *d, Dwarf_Die *die, uint64_t vaddr, Dwarf_Die *inner)
{
	if (dwarf_child(die, inner))
		return false;
	do {
		int tag = dwarf_tag(inner);

		if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block) &&
		    covers(d, inner, vaddr))
			return true;
	} while (next_sibling(d, inner));
	return false;
}

size_t dwarf_lines_at(struct dwarf_lines *d, uint64_t vaddr, struct dwarf_frame *frames, size_t max)
{
	Dwarf_Die chain[MAX_INLINED + 1]; /* outermost first */
	Dwarf_Die unit_die;
	struct unit *unit;
	size_t depth = 0, n = 0, blocks = 0;

	if (!max || !find_unit(d, vaddr, &unit, &unit_die))
		return 0;
	frames[0] = (struct dwarf_frame){.name = "", .linkage_name = ""};
	place_address(&unit_die, vaddr, &frames[0]);
	if (!find_function(d, unit, &unit_die, vaddr, &chain[0]))
		return frames[0].line ? 1 : 0;

	for (Dwarf_Die at = chain[0], inner;
	     depth + blocks < MAX_INLINED && find_inner(d, &at, vaddr, &inner); at = inner) {
		if (dwarf_tag(&inner) == DW_TAG_inlined_subroutine)
			chain[++depth] = inner;
		else
			blocks++;
	}
	for (size_t i = depth + 1; i-- && n < max; n++) {
		if (n) {
			frames[n] = (struct dwarf_frame){0};
			place_call(&unit_die, &chain[i + 1], &frames[n]);
		}
		name_frame(d, &chain[i], &frames[n]);
	}
	return n;
}
