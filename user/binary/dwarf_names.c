// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Compilers write the linker's name only for functions they emit. One that was
 * inlined everywhere is just "push_back", and belongs to whatever its declaration
 * stands in. Entries do not point to what they stand in, but they are written in
 * order: the scopes of a unit, each from its own entry to the end of its children,
 * nest, and the innermost one around an offset is found by bisection. They are read
 * once per unit, and only for units somebody asks about.
 */
#include <dwarf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/vec.h"
#include "binary/dwarf_names.h"

/* As libdw's dwarf_attr_integrate(): how far a declaration may be from its use. */
#define MAX_REFERENCES 16
#define MAX_NESTED     64
#define MAX_NAME       65536
#define NO_SCOPE       UINT32_MAX

/* A namespace or class: what lies in [start, end) belongs to it, or to one in it. */
struct scope {
	Dwarf_Off start, end;
	const char *name;
	uint32_t parent;
};

struct names_unit {
	Dwarf *dwarf;
	Dwarf_Off offset;
	VEC(struct scope) scopes; /* by start */
};

struct full_name {
	const char *declaration; /* where its entry is in memory: each name is made once */
	char *text;
};

struct dwarf_names {
	uint32_t *steps_left;
	VEC(struct names_unit) units;
	VEC(struct full_name) names;
	struct intern unit_index, name_index;
};

struct dwarf_names *dwarf_names_new(uint32_t *steps_left)
{
	struct dwarf_names *n = calloc(1, sizeof(*n));

	if (n)
		n->steps_left = steps_left;
	return n;
}

void dwarf_names_free(struct dwarf_names *n)
{
	if (!n)
		return;
	vec_for_each (&n->units, u)
		vec_free(&u->scopes);
	vec_for_each (&n->names, name)
		free(name->text);
	vec_free(&n->units);
	vec_free(&n->names);
	intern_free(&n->unit_index);
	intern_free(&n->name_index);
	free(n);
}

static const char *own_name(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name = dwarf_formstring(dwarf_attr(die, DW_AT_name, &attr));

	return name ? name : "";
}

/* NULL: not a scope. */
static const char *scope_name(Dwarf_Die *die)
{
	const char *name = own_name(die);

	switch (dwarf_tag(die)) {
	case DW_TAG_namespace:
		return *name ? name : "(anonymous namespace)";
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
		return *name ? name : "{unnamed type}";
	default:
		return NULL;
	}
}

static int read_scopes(struct dwarf_names *n, struct names_unit *u, Dwarf_Die *outer,
		       uint32_t parent, int depth)
{
	Dwarf_Die die, next;

	if (depth == MAX_NESTED || dwarf_child(outer, &die))
		return 0;
	for (;; die = next) {
		const char *name = scope_name(&die);
		uint32_t id = (uint32_t)u->scopes.n;
		int err = 0;

		if (!*n->steps_left)
			return 0;
		--*n->steps_left;
		if (name && dwarf_haschildren(&die) > 0) {
			struct scope s = {dwarf_dieoffset(&die), UINT64_MAX, name, parent};

			err = vec_push(&u->scopes, s);
			if (!err)
				err = read_scopes(n, u, &die, id, depth + 1);
		} else {
			id = NO_SCOPE;
		}
		if (err)
			return err;
		if (dwarf_siblingof(&die, &next) || next.addr <= die.addr)
			return 0;
		if (id != NO_SCOPE)
			u->scopes.data[id].end = dwarf_dieoffset(&next);
	}
}

static bool is_unit(const void *ctx, uint32_t id, const void *key)
{
	const struct dwarf_names *n = ctx;
	const struct names_unit *u = &n->units.data[id], *k = key;

	return u->dwarf == k->dwarf && u->offset == k->offset;
}

static struct names_unit *find_unit(struct dwarf_names *n, Dwarf_Die *die)
{
	Dwarf_Die unit_die;
	struct names_unit u = {.dwarf = dwarf_cu_getdwarf(die->cu)};
	uint64_t hash;
	uint32_t id;

	if (!dwarf_diecu(die, &unit_die, NULL, NULL))
		return NULL;
	u.offset = dwarf_dieoffset(&unit_die);
	hash = hash_bytes(&u.offset, sizeof(u.offset), (uintptr_t)u.dwarf);
	id = intern_find(&n->unit_index, hash, is_unit, n, &u);
	if (id == INTERN_NONE) {
		id = (uint32_t)n->units.n;
		if (read_scopes(n, &u, &unit_die, NO_SCOPE, 0) || vec_push(&n->units, u)) {
			vec_free(&u.scopes);
			return NULL;
		}
		if (intern_add(&n->unit_index, hash, id))
			return NULL;
	}
	return &n->units.data[id];
}

/* The innermost scope around @offset. */
static uint32_t find_scope(const struct names_unit *u, Dwarf_Off offset)
{
	size_t low = 0, high = u->scopes.n;
	uint32_t id;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (u->scopes.data[middle].start < offset)
			low = middle + 1;
		else
			high = middle;
	}
	id = low ? (uint32_t)low - 1 : NO_SCOPE;
	while (id != NO_SCOPE && offset >= u->scopes.data[id].end)
		id = u->scopes.data[id].parent;
	return id;
}

/* From an inlined call or a definition to the entry that stands where it was declared. */
static Dwarf_Die declaration(Dwarf_Die die)
{
	for (int i = 0; i < MAX_REFERENCES; i++) {
		Dwarf_Attribute attr;
		Dwarf_Die next;

		if (!dwarf_formref_die(dwarf_attr(&die, DW_AT_abstract_origin, &attr), &next) &&
		    !dwarf_formref_die(dwarf_attr(&die, DW_AT_specification, &attr), &next))
			break;
		die = next;
	}
	return die;
}

static char *make_name(struct dwarf_names *n, Dwarf_Die *die)
{
	struct names_unit *u = find_unit(n, die);
	const char *parts[MAX_NESTED + 1] = {own_name(die)};
	size_t n_parts = 1, len = strlen(parts[0]) + 1;
	char *text, *to;

	if (!u || !*parts[0])
		return strdup(parts[0]);
	for (uint32_t id = find_scope(u, dwarf_dieoffset(die));
	     id != NO_SCOPE && n_parts < ARRAY_SIZE(parts); id = u->scopes.data[id].parent) {
		parts[n_parts++] = u->scopes.data[id].name;
		len += strlen(u->scopes.data[id].name) + 2;
		if (len > MAX_NAME)
			return strdup("");
	}
	text = malloc(len);
	if (!text)
		return NULL;
	to = stpcpy(text, parts[n_parts - 1]);
	for (size_t i = n_parts - 1; i--;)
		to = stpcpy(stpcpy(to, "::"), parts[i]);
	return text;
}

static bool is_name(const void *ctx, uint32_t id, const void *key)
{
	const struct dwarf_names *n = ctx;

	return n->names.data[id].declaration == key;
}

const char *dwarf_names_get(struct dwarf_names *n, Dwarf_Die *function)
{
	Dwarf_Die die = declaration(*function);
	uintptr_t at = (uintptr_t)die.addr;
	uint64_t hash = hash_bytes(&at, sizeof(at), 0);
	uint32_t id = intern_find(&n->name_index, hash, is_name, n, die.addr);
	struct full_name name = {.declaration = die.addr};

	if (id != INTERN_NONE)
		return n->names.data[id].text;
	name.text = make_name(n, &die);
	id = (uint32_t)n->names.n;
	if (!name.text || vec_push(&n->names, name)) {
		free(name.text);
		return "";
	}
	/* Without an index entry it is made again, no more. */
	(void)intern_add(&n->name_index, hash, id);
	return name.text;
}
