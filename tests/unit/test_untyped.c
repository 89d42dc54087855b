// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* That real runtimes have these functions on their stacks is tests/e2e/test_typed.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "profile/untyped.h"

#define MAX_FRAMES 8

struct expectation {
	const char *frames[MAX_FRAMES]; /* leaf first */
	const char *name;
	bool slice;
	int minor;
	uint64_t bytes;
};

/* One location per frame, but the last two: those share one, the first of them inlined. */
static uint32_t make_stack(struct profile_builder *b, const char *const *frames)
{
	struct profile_line lines[MAX_FRAMES];
	uint32_t locations[MAX_FRAMES];
	size_t n = 0, n_locations = 0;

	while (n < MAX_FRAMES && frames[n]) {
		lines[n] = (struct profile_line){
			.function = fixture_function(b, frames[n], "f.go", FUNCTION_GO)};
		n++;
	}
	for (size_t i = 0; i < n;) {
		size_t together = n - i == 2 ? 2 : 1;

		locations[n_locations] = profile_builder_location(b, n_locations + 1, PROFILE_NONE,
								  &lines[i], together);
		n_locations++;
		i += together;
	}
	return profile_builder_stack(b, locations, n_locations, 0);
}

static void check(const struct expectation *e)
{
	struct profile_builder *b = profile_builder_new();
	struct untyped u = {
		.stack = make_stack(b, e->frames), .minor = e->minor, .bytes = e->bytes};
	char name[128];

	untyped_name(b, &u, name, sizeof(name));
	assert_string_equal(name, e->name);
	assert_int_equal(untyped_is_slice(b, u.stack), e->slice);
	profile_builder_free(b);
}

#define MALLOC "runtime.mallocgcTiny", "runtime.mallocgc"

static void names_what_was_made(void **state)
{
	static const struct expectation cases[] = {
		{.frames = {MALLOC, "runtime.rawstring", "runtime.rawstringtmp",
			    "runtime.concatstrings", "runtime.concatstring2", "main.f"},
		 .name = "[string bytes]"},
		{.frames = {"runtime.mallocgc", "runtime.slicebytetostring", "main.f"},
		 .name = "[string bytes]"},
		{.frames = {"runtime.mallocgc", "runtime.intstring", "main.f"},
		 .name = "[string bytes]"},
		{.frames = {"runtime.mallocgc", "runtime.rawbyteslice", "runtime.stringtoslicebyte",
			    "main.f"},
		 .name = "[]byte"},
		{.frames = {"runtime.mallocgc", "runtime.rawruneslice", "main.f"},
		 .name = "[]rune"},
		{.frames = {"runtime.mallocgc", "internal/bytealg.MakeNoZero", "main.f"},
		 .name = "[]byte"},
		{.frames = {"runtime.mallocgc", "internal/bytealg.MakeNoZero",
			    "strings.(*Builder).grow", "strings.(*Builder).Grow", "main.f"},
		 .name = "[string bytes]"},
		{.frames = {"runtime.mallocgc", "runtime.growslice", "main.f"},
		 .name = "[slice of pointer-free elements]",
		 .slice = true},
		{.frames = {"runtime.mallocgc", "runtime.growslice",
			    "strings.(*Builder).WriteString", "main.f"},
		 .name = "[string bytes]",
		 .slice = true},
		{.frames = {"runtime.mallocgc", "runtime.growslice", "bytes.growSlice", "main.f"},
		 .name = "[]byte",
		 .slice = true},
		{.frames = {"runtime.mallocgc", "runtime.makeslicecopy", "main.f"},
		 .name = "[slice of pointer-free elements]",
		 .slice = true},
		{.frames = {"runtime.mallocgc", "runtime.moveSliceNoScan", "main.f"},
		 .name = "[slice of pointer-free elements]",
		 .slice = true},
		{.frames = {"runtime.mallocgc", "runtime.makechan", "main.f"},
		 .name = "[channel buffer]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i]);
}

/* Go 1.25 began to merge variables, up to 16 bytes; make() with copy() is of any size. */
static void merged_variables(void **state)
{
	static const struct expectation cases[] = {
		{.frames = {MALLOC, "main.f"},
		 .name = "[merged small variables]",
		 .minor = 25,
		 .bytes = 16},
		{.frames = {"runtime.mallocgcTinySC2", "main.f"},
		 .name = "[merged small variables]",
		 .minor = 27,
		 .bytes = 12},
		{.frames = {MALLOC, "main.f"},
		 .name = "[slice of pointer-free elements]",
		 .minor = 24,
		 .bytes = 16},
		{.frames = {MALLOC, "main.f"},
		 .name = "[slice of pointer-free elements]",
		 .minor = 26,
		 .bytes = 17},
		{.frames = {MALLOC, "runtime.f"},
		 .name = "[no type: runtime.f]",
		 .minor = 26,
		 .bytes = 16},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i]);
}

static void says_who_else_asked(void **state)
{
	static const struct expectation cases[] = {
		{.frames = {"runtime.mallocgc", "runtime.runfinq"},
		 .name = "[no type: runtime.runfinq]"},
		/* What asked decides, not what is further out. */
		{.frames = {"runtime.mallocgc", "runtime.allocm", "runtime.newm",
			    "runtime.growslice", "main.f"},
		 .name = "[no type: runtime.allocm]"},
		{.frames = {"runtime.mallocgc"}, .name = "[no type]", .minor = 26, .bytes = 8},
		{.frames = {"[unmapped]"}, .name = "[no type]", .minor = 26, .bytes = 8},
		{.frames = {NULL}, .name = "[no type]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i]);
}

static void tells_slices_from_objects(void **state)
{
	static const struct {
		const char *frames[MAX_FRAMES];
		bool slice;
	} cases[] = {
		{{MALLOC, "runtime.makeslice", "main.f"}, true},
		{{MALLOC, "runtime.growslice", "reflect.growslice", "main.f"}, true},
		{{MALLOC, "runtime.newobject", "main.f"}, false},
		/* A map's own arrays: the map's groups, not a slice of them. */
		{{MALLOC, "runtime.newarray", "internal/runtime/maps.newarray", "main.f"}, false},
		{{MALLOC, "runtime.newobject", "runtime.growslice", "main.f"}, false},
		{{MALLOC, "main.makeslice"}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile_builder *b = profile_builder_new();

		assert_int_equal(untyped_is_slice(b, make_stack(b, cases[i].frames)),
				 cases[i].slice);
		profile_builder_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_was_made),
		cmocka_unit_test(merged_variables),
		cmocka_unit_test(says_who_else_asked),
		cmocka_unit_test(tells_slices_from_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
