/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Profiles of programs that insert into maps, written down as stacks in words. */
#ifndef ALLOCTAP_TESTS_MAP_LAB_H
#define ALLOCTAP_TESTS_MAP_LAB_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "report/maps.h"

#define KIND_UINT64  11
#define KIND_MAP     21
#define KIND_POINTER 22
#define KIND_STRING  24
#define KIND_STRUCT  25

struct map_lab {
	struct profile_builder *b;
	uint32_t target;
	bool swiss;
	uint32_t hash; /* of the next type */
};

static inline struct map_lab lab_new(const char *version)
{
	struct map_lab lab = {.b = profile_builder_new(), .hash = 100};
	struct profile_target t = {.pid = 1,
				   .runtime = profile_builder_str(lab.b, "go"),
				   .version = profile_builder_str(lab.b, version)};

	lab.target = profile_builder_target(lab.b, &t);
	lab.swiss = atoi(version + strlen("go1.")) >= 24;
	return lab;
}

/*
 * "runtime.mallocgc < runtime.mapassign < main.load:12 < main.main:40": leaf first.
 * What is not main's is the runtime's. Lines inlined into the next are joined by "/".
 */
static inline uint32_t lab_stack(struct map_lab *lab, const char *frames)
{
	__auto_free char *copy = strdup(frames);
	uint32_t locations[64], n = 0;
	char *rest = copy, *frame, *inlined;

	while ((frame = strsep(&rest, "<"))) {
		struct profile_line lines[8];
		uint32_t n_lines = 0;
		uint64_t address = 1;

		for (const char *c = frame; *c; c++)
			address = address * 31 + (unsigned char)(*c == ' ' ? 0 : *c);
		while ((inlined = strsep(&frame, "/"))) {
			bool own = false;
			char *line = strrchr(inlined, ':');
			char *name = inlined + strspn(inlined, " ");

			if (line)
				*line++ = '\0';
			name[strcspn(name, " ")] = '\0';
			/* "internal|runtime|maps": a slash would be an inlined frame. */
			for (char *c = name; *c; c++)
				*c = *c == '|' ? '/' : *c;
			own = !strncmp(name, "main.", 5) || !strncmp(name, "strconv.", 8);
			lines[n_lines].function = fixture_function(
				lab->b, name, own ? "/src/main.go" : "/go/runtime.go",
				own ? FUNCTION_GO : FUNCTION_GO_RUNTIME);
			lines[n_lines++].line = line ? (uint32_t)atoi(line) : 0;
		}
		locations[n++] = profile_builder_location(lab->b, address & 0xffffffffffff,
							  PROFILE_NONE, lines, n_lines);
	}
	return profile_builder_stack(lab->b, locations, n, 0);
}

static inline uint32_t lab_type(struct map_lab *lab, const char *name, uint32_t kind, uint64_t size,
				uint64_t ptr_bytes)
{
	struct profile_type t = {.name = profile_builder_str(lab->b, name),
				 .kind = kind,
				 .size = size,
				 .ptr_bytes = ptr_bytes,
				 .align = size % 8 ? (size % 4 ? 1 : 4) : 8,
				 .hash = lab->hash++};

	return profile_builder_type(lab->b, &t, NULL, 0);
}

struct lab_map {
	uint32_t map, key, elem, group;
};

/* A map as the compiler of the lab's version lays it out. */
static inline struct lab_map lab_map(struct map_lab *lab, const char *name, uint32_t key,
				     uint64_t key_size, bool key_pointers, uint32_t elem,
				     uint64_t elem_size, bool elem_pointers)
{
	bool key_boxed = key_size > 128, elem_boxed = elem_size > 128;
	uint64_t slot = (key_boxed ? 8 : key_size) + (elem_boxed ? 8 : elem_size);
	uint64_t size = (lab->swiss ? 8 : 16) + 8 * slot;
	bool pointers = key_pointers || elem_pointers || key_boxed || elem_boxed;
	struct lab_map m = {.key = key, .elem = elem};
	struct profile_type t = {
		.name = profile_builder_str(lab->b, name),
		.kind = KIND_MAP,
		.size = 8,
		.ptr_bytes = 8,
		.align = 8,
		.hash = lab->hash++,
		.group_size = size,
		.slot_size = slot,
		.key = key,
		.elem = elem,
		.flags = (lab->swiss ? PROFILE_TYPE_SWISS : 0u) |
			 (key_boxed ? PROFILE_TYPE_KEY_BOXED : 0u) |
			 (elem_boxed ? PROFILE_TYPE_ELEM_BOXED : 0u),
	};

	t.group = m.group = lab_type(lab, lab->swiss ? "map.group" : "map.bucket", KIND_STRUCT,
				     size, pointers ? size : 0);
	m.map = profile_builder_type(lab->b, &t, NULL, 0);
	return m;
}

/* map[uint64]main.value, the value of @size bytes without pointers. */
static inline struct lab_map lab_plain_map(struct map_lab *lab, uint64_t size)
{
	uint32_t key = lab_type(lab, "uint64", KIND_UINT64, 8, 0);
	uint32_t elem = lab_type(lab, "main.value", KIND_STRUCT, size, 0);

	return lab_map(lab, "map[uint64]main.value", key, 8, false, elem, size, false);
}

static inline void lab_insert(struct map_lab *lab, const char *frames, uint32_t type,
			      uint64_t inserts, uint64_t entries)
{
	struct profile_sample s = {.target = lab->target,
				   .stack = lab_stack(lab, frames),
				   .kind = PROFILE_MAP_INSERT,
				   .type = type,
				   .objects = inserts,
				   .entries = entries};

	assert_int_equal(profile_builder_sample(lab->b, &s), 0);
}

static inline void lab_alloc(struct map_lab *lab, const char *frames, uint32_t type,
			     uint64_t objects, uint64_t bytes)
{
	struct profile_sample s = {.target = lab->target,
				   .stack = lab_stack(lab, frames),
				   .kind = PROFILE_ALLOC,
				   .type = type,
				   .objects = objects,
				   .bytes = bytes,
				   .requested = bytes};

	assert_int_equal(profile_builder_sample(lab->b, &s), 0);
}

static inline void lab_growth(struct map_lab *lab, const char *frames, uint32_t type,
			      enum profile_growth_how how, uint32_t level, uint32_t map,
			      uint64_t count, uint64_t entries)
{
	fixture_growth(lab->b, lab->target, lab_stack(lab, frames), type, how, level, map, count,
		       entries);
}

/* A report and the profile it is of. */
struct lab_report {
	struct profile *p;
	struct map_table *table;
};

static inline struct lab_report lab_finish(struct map_lab *lab)
{
	struct lab_report r = {.p = fixture_finish(lab->b)};

	r.table = map_table_new(r.p);
	assert_non_null(r.table);
	return r;
}

static inline void lab_report_free(struct lab_report *r)
{
	map_table_free(r->table);
	profile_free(r->p);
}

/* The only row of a function. */
static inline const struct map_row *lab_row(const struct lab_report *r, const char *function)
{
	const struct map_row *found = NULL;

	for (size_t i = 0; i < r->table->n; i++) {
		const struct map_row *row = &r->table->rows[i];
		const struct profile_function *f = &r->p->functions[row->site.function];

		if (strcmp(profile_str(r->p, f->name), function))
			continue;
		assert_null(found);
		found = row;
	}
	assert_non_null(found);
	return found;
}

static inline const struct map_advice *lab_advice(const struct map_row *r,
						  enum map_advice_kind kind)
{
	for (size_t i = 0; i < r->n_advice; i++) {
		if (r->advice[i].kind == kind)
			return &r->advice[i];
	}
	return NULL;
}

#endif
