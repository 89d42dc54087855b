// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "fixture.h"
#include "report/sites.h"

static void equal_things_are_one(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "a");
	uint32_t f = fixture_function(b, "f", "f.go", FUNCTION_GO);
	uint32_t g = fixture_function(b, "g", "f.go", FUNCTION_GO);
	struct profile_mapping m = {.start = 1, .limit = 2, .target = target};
	struct profile_mapping other = {.start = 1, .limit = 2, .target = target, .build_id = 1};
	struct profile_line two[] = {{f, 1}, {g, 2}};
	uint32_t location = fixture_location(b, 10, PROFILE_NONE, f, 1);
	uint32_t stack = profile_builder_stack(b, &location, 1, 0);

	(void)state;
	/* But for targets: others count on their order. */
	assert_int_equal(fixture_target(b, 1, "a"), target + 1);
	assert_int_equal(fixture_target(b, 2, "a"), target + 2);
	assert_int_equal(fixture_function(b, "f", "f.go", FUNCTION_GO), f);
	assert_int_not_equal(fixture_function(b, "f", "f.go", FUNCTION_NATIVE), f);
	assert_int_equal(profile_builder_mapping(b, &m), profile_builder_mapping(b, &m));
	assert_int_not_equal(profile_builder_mapping(b, &m), profile_builder_mapping(b, &other));
	assert_int_equal(fixture_location(b, 10, PROFILE_NONE, f, 1), location);
	assert_int_not_equal(fixture_location(b, 11, PROFILE_NONE, f, 1), location);
	assert_int_not_equal(fixture_location(b, 10, 0, f, 1), location);
	assert_int_not_equal(fixture_location(b, 10, PROFILE_NONE, f, 2), location);
	assert_int_not_equal(fixture_location(b, 10, PROFILE_NONE, g, 1), location);
	assert_int_not_equal(profile_builder_location(b, 10, PROFILE_NONE, two, 2), location);
	assert_int_equal(profile_builder_stack(b, &location, 1, 0), stack);
	assert_int_not_equal(profile_builder_stack(b, &location, 1, 1), stack);
	assert_int_not_equal(profile_builder_stack(b, (uint32_t[]){location, location}, 2, 0),
			     stack);
	profile_builder_free(b);
}

static void equal_samples_add_up(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "a");
	uint32_t f = fixture_function(b, "f", "f.go", FUNCTION_GO);
	uint32_t location = fixture_location(b, 10, PROFILE_NONE, f, 1);
	uint32_t stack = profile_builder_stack(b, &location, 1, 0);
	struct profile *p;

	(void)state;
	fixture_alloc(b, target, stack, 0, 1, 8, 7);
	fixture_alloc(b, target, stack, fixture_type(b, "T"), 1, 8, 7);
	fixture_insert(b, target, stack, "", 5);
	fixture_alloc(b, target, stack, 0, 2, 32, 30);
	assert_int_equal(profile_builder_loss(b, "a", "first", 1), 0);
	assert_int_equal(profile_builder_loss(b, "a", "first", 2), 0);
	assert_int_equal(profile_builder_loss(b, "b", "second", 0), 0);
	p = fixture_finish(b);
	assert_int_equal(p->n_samples, 3);
	assert_int_equal(p->samples[0].objects, 3);
	assert_int_equal(p->samples[0].bytes, 40);
	assert_int_equal(p->samples[0].requested, 37);
	assert_int_equal(p->n_losses, 1);
	assert_int_equal(profile_lost(p), 3);
	assert_int_equal(profile_totals(p).alloc_objects, 4);
	assert_int_equal(profile_totals(p).alloc_bytes, 48);
	assert_int_equal(profile_totals(p).alloc_requested, 44);
	assert_int_equal(profile_totals(p).map_inserts, 5);
	profile_free(p);
}

static void nothing_stays_nameless(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "a");
	uint32_t location = profile_builder_location(b, 0x1234, PROFILE_NONE, NULL, 0);
	uint32_t stack = profile_builder_stack(b, &location, 1, 0);
	uint32_t none = profile_builder_stack(b, NULL, 0, 0);
	struct profile *p;

	(void)state;
	fixture_alloc(b, target, stack, 0, 1, 1, 1);
	fixture_alloc(b, target, none, 0, 1, 1, 1);
	p = fixture_finish(b);
	assert_int_equal(p->locations[location].n_lines, 1);
	assert_string_equal(profile_str(p, p->functions[0].name), "[unknown]");
	assert_int_equal(p->stacks[none].n_locations, 1);
	assert_string_equal(profile_str(p, p->functions[1].name), "[no stack]");
	/* A frame without a name is one that is not resolved; "[no stack]" is no frame. */
	assert_true(profile_resolved_share(p) == 0);
	profile_free(p);
}

/* What base/vec.h grows arrays with; the @allocations_left-th call fails. */
static int allocations_left = -1;

void *reallocarray(void *p, size_t n, size_t size)
{
	if (allocations_left > 0 && !--allocations_left) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, n * size);
}

/* One of each, no result looked at. */
static struct profile *build_blindly(struct profile_builder *b)
{
	uint32_t target = fixture_target(b, 1, "a");
	uint32_t f = fixture_function(b, "f", "f.go", FUNCTION_GO);
	struct profile_mapping m = {.target = target, .file = profile_builder_str(b, "file")};
	uint32_t mapping = profile_builder_mapping(b, &m);
	uint32_t location = fixture_location(b, 10, mapping, f, 1);
	struct profile_sample s = {
		.target = target, .stack = profile_builder_stack(b, &location, 1, 0), .objects = 1};

	profile_builder_sample(b, &s);
	profile_builder_loss(b, "reason", "text", 1);
	return profile_builder_finish(b);
}

static void a_failure_is_remembered(void **state)
{
	struct profile *p = NULL;
	int failures = 0;

	(void)state;
	while (!p) {
		struct profile_builder *b;

		allocations_left = failures + 1;
		b = profile_builder_new();
		if (b) {
			errno = 0;
			p = build_blindly(b);
			assert_true(p || errno == ENOMEM);
			assert_true(p || profile_builder_str(b, "x") == PROFILE_NONE);
		}
		profile_builder_free(b);
		failures += !p;
	}
	allocations_left = -1;
	/* Every table and the three arrays besides must have failed once. */
	assert_true(failures >= 11);
	assert_int_equal(p->n_samples, 1);
	profile_free(p);
}

static void an_emptied_builder_starts_over(void **state)
{
	struct profile_builder *b = profile_builder_new();
	struct profile *first, *second;

	(void)state;
	assert_int_equal(fixture_target(b, 1, "a"), 0);
	first = profile_builder_finish(b);
	assert_int_equal(first->n_targets, 1);
	assert_string_equal(profile_str(first, first->targets[0].comm), "a");
	assert_int_equal(fixture_target(b, 2, "b"), 0);
	second = profile_builder_finish(b);
	assert_int_equal(second->n_targets, 1);
	assert_string_equal(profile_str(second, second->targets[0].comm), "b");
	assert_string_equal(profile_str(first, first->targets[0].comm), "a");
	profile_free(first);
	profile_free(second);
	profile_builder_free(b);
	profile_free(NULL);
	profile_builder_free(NULL);
}

static void the_fixture_adds_up(void **state)
{
	struct profile *p = fixture_small(1);
	struct profile_totals t = profile_totals(p);

	(void)state;
	assert_int_equal(t.alloc_objects, FIXTURE_OBJECTS);
	assert_int_equal(t.alloc_bytes, FIXTURE_BYTES);
	assert_int_equal(t.alloc_requested, FIXTURE_REQUESTED);
	assert_int_equal(t.map_inserts, FIXTURE_INSERTS);
	assert_int_equal(profile_lost(p), FIXTURE_LOST);
	/* 17 frames with an address, one of which is in a library without symbols. */
	assert_float_equal(profile_resolved_share(p), 16.0 / 17, 1e-9);
	assert_string_equal(profile_str(p, UINT32_MAX), "");
	profile_free(p);
}

struct expected_site {
	const char *name;
	uint32_t line;
	uint64_t bytes, objects, inserts;
};

static void check_sites(const struct profile *p, const struct expected_site *expected, size_t n)
{
	struct site_table *t = site_table_new(p);

	assert_non_null(t);
	assert_int_equal(t->n, n);
	for (size_t i = 0; i < n; i++) {
		const struct site *s = &t->sites[i];
		const char *name = profile_str(p, p->functions[s->function].name);

		assert_string_equal(name, expected[i].name);
		assert_int_equal(s->line, expected[i].line);
		assert_int_equal(s->bytes, expected[i].bytes);
		assert_int_equal(s->objects, expected[i].objects);
		assert_int_equal(s->inserts, expected[i].inserts);
	}
	site_table_free(t);
}

static void sites_are_the_programs_own_frames(void **state)
{
	static const struct expected_site expected[] = {
		/* Inlined into main.main, which has the line of the call. */
		{"main.(*store).load", 77, 70400, 1000, 0},
		{"main.odd[go.shape.struct { a;\x1b[31m b\xff }]", 99, 256, 7, 0},
		/* Nothing but runtime: the outermost frame. */
		{"runtime.goexit", 1700, 160, 10, 0},
		{"[lost stack]", 0, 48, 3, 23},
		{"operator new 12", 0, 48, 20, 0},
		{"main.main", 42, 0, 0, 230},
	};
	struct profile *p = fixture_small(1);

	(void)state;
	check_sites(p, expected, 6);
	profile_free(p);
	p = fixture_small(2);
	check_sites(p, expected, 6);
	profile_free(p);
}

static void sites_add_up_to_the_totals(void **state)
{
	struct profile *p = fixture_big(3000, 12);
	struct profile_totals t = profile_totals(p);
	struct site_table *table = site_table_new(p);
	uint64_t objects = 0, bytes = 0, requested = 0;

	(void)state;
	assert_non_null(table);
	assert_true(table->n > 1000);
	for (size_t i = 0; i < table->n; i++) {
		assert_true(!i || table->sites[i - 1].bytes >= table->sites[i].bytes);
		objects += table->sites[i].objects;
		bytes += table->sites[i].bytes;
		requested += table->sites[i].requested;
	}
	assert_int_equal(objects, t.alloc_objects);
	assert_int_equal(bytes, t.alloc_bytes);
	assert_int_equal(requested, t.alloc_requested);
	assert_memory_equal(&table->totals, &t, sizeof(t));
	site_table_free(table);
	profile_free(p);
}

/* Flushes and nothing else of what is neither allocated nor inserted. */
static void assists_are_no_flushes(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "x"), stack = profile_builder_stack(b, NULL, 0, 0);
	struct profile_sample flushes = {
		.target = target, .stack = stack, .kind = PROFILE_WB_FLUSH, .objects = 17};
	struct profile_sample assists = {
		.target = target, .stack = stack, .kind = PROFILE_GC_ASSIST, .objects = 5, .ns = 9};
	struct site_table *table;
	struct profile *p;

	(void)state;
	assert_int_equal(profile_builder_sample(b, &flushes), 0);
	assert_int_equal(profile_builder_sample(b, &assists), 0);
	p = fixture_finish(b);
	table = site_table_new(p);
	assert_non_null(table);
	assert_int_equal(table->n, 1);
	assert_int_equal(table->sites[0].flushes, 17);
	assert_int_equal(table->totals.wb_flushes, 17);
	site_table_free(table);
	profile_free(p);
}

static void no_samples_no_sites(void **state)
{
	struct profile_builder *b = profile_builder_new();
	struct profile *p = fixture_finish(b);

	(void)state;
	check_sites(p, NULL, 0);
	assert_true(profile_resolved_share(p) == 1);
	profile_free(p);
	site_table_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_things_are_one),
		cmocka_unit_test(equal_samples_add_up),
		cmocka_unit_test(nothing_stays_nameless),
		cmocka_unit_test(a_failure_is_remembered),
		cmocka_unit_test(an_emptied_builder_starts_over),
		cmocka_unit_test(the_fixture_adds_up),
		cmocka_unit_test(sites_are_the_programs_own_frames),
		cmocka_unit_test(sites_add_up_to_the_totals),
		cmocka_unit_test(assists_are_no_flushes),
		cmocka_unit_test(no_samples_no_sites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
