// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Chains of calls by hand; those of real programs are tests/e2e/test_escapes.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "binary/go_kind.h"
#include "fixture.h"
#include "report/escapes.h"

#define DEPTH_MAX 6

/* A stack of these functions from the leaf; its call site is line 10 and on. */
static uint32_t add_stack(struct profile_builder *b, const char *const *names, uint32_t line)
{
	uint32_t locations[DEPTH_MAX], n = 0;

	for (; n < DEPTH_MAX && names[n]; n++) {
		bool runtime =
			!strncmp(names[n], "runtime.", 8) || !strncmp(names[n], "reflect.", 8);
		uint32_t f = fixture_function(b, names[n], runtime ? "malloc.go" : "main.go",
					      *names[n] == '[' ? FUNCTION_SPECIAL
					      : runtime        ? FUNCTION_GO_RUNTIME
							       : FUNCTION_GO);

		locations[n] = fixture_location(b, 0x1000 + n, PROFILE_NONE, f, line + n);
	}
	return profile_builder_stack(b, locations, n, 0);
}

static uint32_t add_type(struct profile_builder *b, const char *name, uint32_t kind, uint64_t size)
{
	struct profile_type t = {.name = profile_builder_str(b, name), .kind = kind, .size = size};

	return profile_builder_type(b, &t, NULL, 0);
}

static void only_single_objects_of_the_program_count(void **state)
{
	static const struct {
		const char *type;
		uint32_t kind;
		uint64_t size;
		int line; /* that of the escape, from the leaf; -1: it is none */
		const char *stack[DEPTH_MAX];
	} cases[] = {
		/* newobject, in all versions */
		{"main.T",
		 GO_KIND_STRUCT,
		 8,
		 2,
		 {"runtime.mallocgc", "runtime.newobject", "main.f"}},
		{"main.T",
		 GO_KIND_STRUCT,
		 8,
		 3,
		 {"runtime.mallocgcTiny", "runtime.mallocgc", "runtime.newobject", "main.f"}},
		/* called directly */
		{"main.T",
		 GO_KIND_STRUCT,
		 8,
		 1,
		 {"runtime.mallocgcSmallScanNoHeaderSC5", "main.f"}},
		{"[merged small variables]", 0, 0, 1, {"runtime.mallocgc", "main.f"}},
		{"", 0, 0, 1, {"runtime.mallocgc", "main.f"}},
		{"[bad type]", 0, 0, 1, {"runtime.mallocgc", "main.f"}},
		/* [8]T is one object, the array of a []T is not */
		{"[8]main.T", GO_KIND_ARRAY, 64, 1, {"runtime.mallocgc", "main.f"}},
		{"[]main.T", GO_KIND_SLICE, 24, 1, {"runtime.mallocgc", "main.f"}},
		{"[]main.T", GO_KIND_SLICE, 0, -1, {"runtime.mallocgc", "main.f"}},
		{"[slice of pointer-free elements]", 0, 0, -1, {"runtime.mallocgc", "main.f"}},
		{"[no type: main.f]", 0, 0, -1, {"runtime.mallocgc", "main.f"}},
		{"[]byte", 0, 0, -1, {"runtime.mallocgc", "internal/bytealg.MakeNoZero", "main.f"}},
		/* by the runtime for the program */
		{"main.T",
		 GO_KIND_STRUCT,
		 8,
		 -1,
		 {"runtime.mallocgc", "runtime.makeslice", "main.f"}},
		{"main.T",
		 GO_KIND_STRUCT,
		 8,
		 -1,
		 {"runtime.mallocgc", "reflect.unsafe_New", "main.f"}},
		{"main.T",
		 GO_KIND_STRUCT,
		 8,
		 -1,
		 {"runtime.mallocgc", "runtime.newobject", "runtime.mapassign", "main.f"}},
		/* nobody there */
		{"main.T", GO_KIND_STRUCT, 8, -1, {"runtime.mallocgc", "runtime.newobject"}},
		{"main.T", GO_KIND_STRUCT, 8, -1, {"runtime.mallocgc"}},
		{"main.T", GO_KIND_STRUCT, 8, -1, {"[lost stack]"}},
		{"main.T", GO_KIND_STRUCT, 8, -1, {"runtime.mallocgc", "[unmapped]"}},
		{"main.T", GO_KIND_STRUCT, 8, -1, {"main.f", "runtime.newobject", "main.f"}},
		{"main.T", GO_KIND_STRUCT, 8, -1, {"runtime.newobject", "main.f"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile_builder *b = profile_builder_new();
		uint32_t target = fixture_target(b, 1, "x"),
			 stack = add_stack(b, cases[i].stack, 10);
		uint32_t type = *cases[i].type
					? add_type(b, cases[i].type, cases[i].kind, cases[i].size)
					: 0;
		struct escape_table *t;
		struct profile *p;

		fixture_alloc(b, target, stack, type, 3, 48, 24);
		fixture_insert(b, target, stack, "map[int]int", 7);
		p = fixture_finish(b);
		t = escape_table_new(p);
		if (t->n != (cases[i].line >= 0))
			fail_msg("case %zu: %zu rows", i, t->n);
		if (t->n) {
			assert_int_equal(t->rows[0].line.line, 10 + cases[i].line);
			assert_int_equal(t->rows[0].type, type);
			assert_int_equal(t->rows[0].objects, 3);
			assert_int_equal(t->bytes, 48);
		}
		escape_table_free(t);
		profile_free(p);
	}
	escape_table_free(NULL);
}

static void inlined_frames_are_frames(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "x");
	uint32_t alloc = fixture_function(b, "runtime.mallocgc", "malloc.go", FUNCTION_GO_RUNTIME);
	uint32_t new = fixture_function(b, "runtime.newobject", "malloc.go", FUNCTION_GO_RUNTIME);
	uint32_t inner = fixture_function(b, "main.inner", "main.go", FUNCTION_GO);
	uint32_t outer = fixture_function(b, "main.outer", "main.go", FUNCTION_GO);
	/* All of it inlined into one: the line wanted is in the middle of a location. */
	struct profile_line lines[] = {{alloc, 1}, {new, 2}, {inner, 3}, {outer, 4}};
	uint32_t location = profile_builder_location(b, 0x1000, PROFILE_NONE, lines, 4);
	struct escape_table *t;
	struct profile *p;

	(void)state;
	fixture_alloc(b, target, profile_builder_stack(b, &location, 1, 0), 0, 1, 16, 16);
	p = fixture_finish(b);
	t = escape_table_new(p);
	assert_int_equal(t->n, 1);
	assert_int_equal(t->rows[0].line.function, inner);
	assert_int_equal(t->rows[0].line.line, 3);
	escape_table_free(t);
	profile_free(p);
}

static void rows_are_by_place_and_type(void **state)
{
	static const char *const stack[] = {"runtime.mallocgc", "runtime.newobject", "main.f",
					    NULL};
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "x"), first = add_stack(b, stack, 1);
	uint32_t second = add_stack(b, stack, 5), type = add_type(b, "main.T", GO_KIND_STRUCT, 8);
	uint32_t other = add_type(b, "main.U", GO_KIND_STRUCT, 8);
	struct escape_table *t;
	struct profile *p;

	(void)state;
	fixture_alloc(b, target, first, type, 5, 80, 40);
	fixture_alloc(b, fixture_target(b, 2, "y"), first, type, 6, 96, 48);
	fixture_alloc(b, target, first, other, 7, 56, 56);
	fixture_alloc(b, target, second, type, 7, 112, 56);
	p = fixture_finish(b);
	t = escape_table_new(p);
	assert_int_equal(t->n, 3);
	assert_int_equal(t->objects, 25);
	assert_int_equal(t->bytes, 344);
	assert_int_equal(t->rows[0].objects, 11);
	assert_int_equal(t->rows[0].line.line, 3);
	assert_int_equal(t->rows[1].bytes, 112);
	assert_int_equal(t->rows[1].line.line, 7);
	assert_int_equal(t->rows[2].type, other);
	escape_table_free(t);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_single_objects_of_the_program_count),
		cmocka_unit_test(inlined_frames_are_frames),
		cmocka_unit_test(rows_are_by_place_and_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
