// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "base/cleanup.h"
#include "binary/go_kind.h"
#include "fixture.h"
#include "report/type_names.h"
#include "report/types.h"

static uint32_t add_type(struct profile_builder *b, const char *name, const char *package,
			 uint32_t hash)
{
	struct profile_type t = {.size = 8,
				 .align = 8,
				 .kind = GO_KIND_STRUCT,
				 .name = profile_builder_str(b, name),
				 .package = profile_builder_str(b, package),
				 .hash = hash};

	return profile_builder_type(b, &t, NULL, 0);
}

/* A stack of the allocator and main.main at @line. */
static uint32_t add_stack(struct profile_builder *b, uint32_t line)
{
	uint32_t malloc = fixture_location(
		b, 0x1000, PROFILE_NONE,
		fixture_function(b, "runtime.mallocgc", "malloc.go", FUNCTION_GO_RUNTIME), 1);
	uint32_t caller =
		fixture_location(b, 0x2000 + line, PROFILE_NONE,
				 fixture_function(b, "main.main", "main.go", FUNCTION_GO), line);

	return profile_builder_stack(b, (uint32_t[]){malloc, caller}, 2, 0);
}

static void rows_add_up(void **state)
{
	struct profile *p = fixture_small(2);
	struct type_table *t = type_table_new(p);
	uint64_t bytes = 0, objects = 0;

	(void)state;
	assert_non_null(t);
	assert_int_equal(t->n, 2);
	for (size_t i = 0; i < t->n; i++) {
		bytes += t->rows[i].bytes;
		objects += t->rows[i].objects;
	}
	assert_int_equal(bytes, FIXTURE_BYTES);
	assert_int_equal(objects, FIXTURE_OBJECTS);
	assert_int_equal(t->totals.alloc_bytes, FIXTURE_BYTES);
	assert_int_equal(t->rows[0].type, 0);
	assert_int_equal(t->rows[0].n_sites, 5);
	assert_int_equal(t->rows[0].sites[0].bytes, 64000);
	assert_int_equal(t->rows[1].bytes, 6400);
	type_table_free(t);
	type_table_free(NULL);
	profile_free(p);
}

static void the_top_sites_of_a_type_are_kept(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "x"), type = add_type(b, "main.T", "main", 1);
	uint32_t other = add_type(b, "main.U", "main", 2);
	struct type_table *t;
	struct profile *p;

	(void)state;
	for (uint32_t line = 1; line <= 9; line++)
		fixture_alloc(b, target, add_stack(b, line), type, line, 8 * line, 8 * line);
	fixture_alloc(b, target, add_stack(b, 3), other, 1000, 16000, 8000);
	fixture_insert(b, target, add_stack(b, 4), "main.T", 5);
	p = fixture_finish(b);
	t = type_table_new(p);
	assert_int_equal(t->n, 2);
	assert_int_equal(t->rows[0].type, other);
	assert_int_equal(t->rows[0].n_sites, 1);
	assert_int_equal(t->rows[0].requested, 8000);
	assert_int_equal(t->rows[1].type, type);
	assert_int_equal(t->rows[1].n_sites, 9);
	assert_int_equal(t->rows[1].objects, 45);
	for (uint32_t i = 0; i < TYPE_SITES_MAX; i++) {
		assert_int_equal(t->rows[1].sites[i].line.line, 9 - i);
		assert_int_equal(t->rows[1].sites[i].bytes, 8 * (9 - i));
	}
	type_table_free(t);
	profile_free(p);
}

/* 32 bytes that could be 24, in slots of 32 and 24. */
static void savings_are_of_values_and_arrays(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "x"), item = fixture_item_type(b);
	struct profile_type array = {.name = profile_builder_str(b, "[]main.item"),
				     .package = profile_builder_str(b, "main"),
				     .kind = GO_KIND_SLICE,
				     .hash = 3,
				     .elem = item};
	uint32_t slice = profile_builder_type(b, &array, NULL, 0);
	struct type_layout *l;
	struct type_table *t;
	struct type_row row;
	struct profile *p;

	(void)state;
	fixture_alloc(b, target, add_stack(b, 1), item, 10, 320, 320);
	fixture_alloc(b, target, add_stack(b, 2), item, 2, 576, 18 * 32);
	fixture_alloc(b, target, add_stack(b, 3), slice, 1, 4096, 100 * 32);
	p = fixture_finish(b);
	l = type_layout_new(p, target, item);
	t = type_table_new(p);
	row = type_table_find(t, p, item);
	assert_int_equal(row.objects, 12);
	assert_int_equal(row.singles, 10);
	assert_int_equal(row.slice_objects, 1);
	assert_int_equal(row.slice_bytes, 4096);
	assert_int_equal(row.slice_requested, 3200);
	assert_int_equal(type_row_saving(&row, l), (10 + 18 + 100) * 8);
	/* What is in slices only, and what is not there at all. */
	t->rows[1].type = 0;
	row = type_table_find(t, p, item);
	assert_int_equal(row.objects, 0);
	assert_int_equal(type_row_saving(&row, l), 100 * 8);
	type_layout_free(l);
	type_table_free(t);
	profile_free(p);
}

static void assert_called(const struct profile *p, uint32_t type, enum type_name_form form,
			  const char *expected)
{
	__auto_free char *name = type_name(p, type, form);

	assert_string_equal(name, expected);
}

static void names_have_three_forms(void **state)
{
	static const char *const cases[][3] = {
		{"user.User", "example.com/shop/user", "example.com/shop/user.User"},
		{"[]*user.User", "example.com/shop/user", "[]*example.com/shop/user.User"},
		{"[3]user.User", "a/b.v2", "[3]a/b.v2.User"},
		{"chan user.User", "x/user", "chan x/user.User"},
		{"main.pair[int,user.User]", "main", "main.pair[int,user.User]"},
		{"map[string]int", "", "map[string]int"},
		{"error", "x", "error"},
		{"", "x", ""},
		{".", "x", "x."},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile_builder *b = profile_builder_new();
		uint32_t type = add_type(b, cases[i][0], cases[i][1], 0xbeef);
		struct profile *p = fixture_finish(b);
		char with_hash[128];

		snprintf(with_hash, sizeof(with_hash), "%s#0000beef", cases[i][2]);
		assert_called(p, type, TYPE_NAME_SHORT, cases[i][0]);
		assert_called(p, type, TYPE_NAME_PATH, cases[i][2]);
		assert_called(p, type, TYPE_NAME_HASH, with_hash);
		profile_free(p);
	}
}

/* Four main.User, two of them in one package; one is known in brief and as a whole. */
struct users {
	struct profile *p;
	uint32_t a, b1, b2, brief, alone;
};

static struct users make_users(void)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "x");
	struct users u = {.a = add_type(b, "user.User", "a/user", 1),
			  .b1 = add_type(b, "user.User", "b/user", 2),
			  .b2 = add_type(b, "user.User", "b/user", 3),
			  .alone = add_type(b, "user.Userinfo", "b/user", 4)};
	struct profile_type brief = {.name = profile_builder_str(b, "user.User"),
				     .package = profile_builder_str(b, "a/user"),
				     .kind = GO_KIND_STRUCT,
				     .hash = 1};

	u.brief = profile_builder_type(b, &brief, NULL, 0);
	fixture_alloc(b, target, add_stack(b, 1), u.b1, 1, 100, 8);
	fixture_alloc(b, target, add_stack(b, 1), u.a, 1, 80, 8);
	fixture_alloc(b, target, add_stack(b, 1), u.b2, 1, 60, 8);
	fixture_alloc(b, target, add_stack(b, 1), u.alone, 1, 40, 8);
	u.p = fixture_finish(b);
	return u;
}

static void types_called_alike_are_told_apart(void **state)
{
	struct users u = make_users();
	enum type_name_form *forms = type_name_forms(u.p);

	(void)state;
	assert_int_equal(forms[u.a], TYPE_NAME_PATH);
	assert_int_equal(forms[u.b1], TYPE_NAME_HASH);
	assert_int_equal(forms[u.b2], TYPE_NAME_HASH);
	assert_int_equal(forms[u.alone], TYPE_NAME_SHORT);
	free(forms);
	/* Nothing tells these two apart: no use in longer names. */
	forms = type_name_forms_among(u.p, (uint32_t[]){u.a, u.brief}, 2);
	assert_int_equal(forms[0], TYPE_NAME_SHORT);
	assert_int_equal(forms[1], TYPE_NAME_SHORT);
	free(forms);
	forms = type_name_forms_among(u.p, (uint32_t[]){u.b2, u.a, u.brief}, 3);
	assert_int_equal(forms[0], TYPE_NAME_PATH);
	assert_int_equal(forms[1], TYPE_NAME_PATH);
	assert_int_equal(forms[2], TYPE_NAME_PATH);
	free(forms);
	profile_free(u.p);
}

static struct type_matches find(const struct profile *p, const char *name)
{
	struct type_matches m;

	assert_int_equal(type_names_find(p, name, &m), 0);
	return m;
}

static void types_are_found_by_any_form(void **state)
{
	struct users u = make_users();
	struct type_matches m = find(u.p, "user.User");

	(void)state;
	assert_false(m.near);
	assert_int_equal(m.n, 3);
	m = find(u.p, "a/user.User");
	assert_int_equal(m.n, 1);
	assert_int_equal(m.types[0], u.a);
	m = find(u.p, "b/user.User");
	assert_int_equal(m.n, 2);
	m = find(u.p, "b/user.User#00000003");
	assert_int_equal(m.n, 1);
	assert_int_equal(m.types[0], u.b2);
	profile_free(u.p);
}

static void near_names_are_offered(void **state)
{
	static const char *const near[] = {"user.user", "User", "Userinf", "other.Usre", "Userino"};
	struct users u = make_users();
	struct type_matches m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(near); i++) {
		m = find(u.p, near[i]);
		if (!m.near || !m.n)
			fail_msg("%s", near[i]);
	}
	/* The best first: letters' case, then what contains it. */
	m = find(u.p, "USER");
	assert_int_equal(m.types[0], u.b1);
	assert_int_equal(find(u.p, "userinfo").types[0], u.alone);
	assert_int_equal(find(u.p, "x.Userinof").types[0], u.alone);
	m = find(u.p, "nothing.Like");
	assert_true(m.near);
	assert_int_equal(m.n, 0);
	m = find(u.p, "");
	assert_int_equal(m.n, 0);
	profile_free(u.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_add_up),
		cmocka_unit_test(the_top_sites_of_a_type_are_kept),
		cmocka_unit_test(savings_are_of_values_and_arrays),
		cmocka_unit_test(names_have_three_forms),
		cmocka_unit_test(types_called_alike_are_told_apart),
		cmocka_unit_test(types_are_found_by_any_form),
		cmocka_unit_test(near_names_are_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
