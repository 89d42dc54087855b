// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Two recordings compared, on profiles made by hand. How a comparison looks in a
 * browser is tested by tests/e2e/test_viewer_diff.py, on pages test_html writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "export/diff_export.h"
#include "fixture_native.h"
#include "html_typed.h"

/* A call site: function, where it begins (0: not known), line, what was allocated there. */
struct place {
	const char *function, *file;
	uint32_t start, line;
	uint64_t bytes, objects, inserts;
};

static void add_place(struct profile_builder *b, const struct place *place)
{
	struct profile_function f = {.name = profile_builder_str(b, place->function),
				     .file = profile_builder_str(b, place->file),
				     .start_line = place->start,
				     .category = FUNCTION_GO};
	struct profile_line line = {.line = place->line};
	struct profile_sample s = {.objects = place->objects, .bytes = place->bytes};
	uint32_t location;

	f.system_name = f.name;
	line.function = profile_builder_function(b, &f);
	location = profile_builder_location(b, 0x1000, PROFILE_NONE, &line, 1);
	s.stack = profile_builder_stack(b, &location, 1, 0);
	if (place->objects)
		assert_int_equal(profile_builder_sample(b, &s), 0);
	s = (struct profile_sample){
		.stack = s.stack, .kind = PROFILE_MAP_INSERT, .objects = place->inserts};
	if (place->inserts)
		assert_int_equal(profile_builder_sample(b, &s), 0);
}

static struct profile *profile_of(const struct place *places, size_t n, uint64_t seconds)
{
	struct profile_builder *b = profile_builder_new();
	struct profile *p;

	page_target(b, "x", 1);
	for (size_t i = 0; i < n; i++)
		add_place(b, &places[i]);
	p = page_finish(b);
	assert_non_null(p);
	p->duration_ns = seconds * 1000000000;
	return p;
}

/* A comparison with the profiles it is of, which it frees. */
struct pair {
	struct profile *profiles[DIFF_SIDES];
	struct diff *d;
};

static struct pair pair_of(struct profile *before, struct profile *after, bool per_second)
{
	struct pair pair = {{before, after}, NULL};

	assert_true(before && after);
	pair.d = diff_new((const struct profile *const *)pair.profiles, per_second);
	assert_non_null(pair.d);
	return pair;
}

static void pair_free(struct pair *pair)
{
	diff_free(pair->d);
	profile_free(pair->profiles[DIFF_BEFORE]);
	profile_free(pair->profiles[DIFF_AFTER]);
}

#define SITES(before, after)                                                  \
	pair_of(profile_of(before, sizeof(before) / sizeof((before)[0]), 10), \
		profile_of(after, sizeof(after) / sizeof((after)[0]), 10), false)

/* The row of function @name with @line after (before, where it is gone). */
static const struct diff_row *site_at(const struct pair *pair, const char *name, uint32_t line)
{
	const struct diff_table *t = &pair->d->tables[DIFF_SITES];

	for (size_t i = 0; i < t->n; i++) {
		const struct diff_row *r = &t->rows[i];
		enum diff_side side = diff_shown(r);
		const struct profile *p = pair->profiles[side];

		if (r->line[side].line == line &&
		    !strcmp(profile_str(p, p->functions[r->line[side].function].name), name))
			return r;
	}
	fail_msg("no site %s:%u", name, line);
	return NULL;
}

/* --- amounts --------------------------------------------------------------------- */

static void assert_no_change(const struct diff *d)
{
	for (enum diff_measure m = 0; m < DIFF_MEASURES; m++)
		assert_true(diff_delta(d, &d->total, m) == 0);
	for (enum diff_table_kind kind = 0; kind < DIFF_TABLES; kind++) {
		const struct diff_table *t = &d->tables[kind];

		assert_true(t->n > 0 || kind == DIFF_LIVE);
		for (size_t i = 0; i < t->n; i++) {
			assert_int_equal(t->rows[i].match, DIFF_BY_NAME);
			for (enum diff_measure m = 0; m < DIFF_MEASURES; m++)
				assert_true(diff_delta(d, &t->rows[i], m) == 0);
		}
	}
}

static void equal_recordings_differ_in_nothing(void **state)
{
	struct pair pair = pair_of(page_typed(), page_typed(), true);

	(void)state;
	assert_no_change(pair.d);
	assert_int_equal(pair.d->caveats[DIFF_BEFORE] | pair.d->caveats[DIFF_AFTER], 0);
	pair_free(&pair);
}

static void twice_as_long_is_the_same_per_second(void **state)
{
	struct profile *longer = typed_profile(2, 118, &typed_plain_names);
	struct pair pair;

	(void)state;
	longer->duration_ns *= 2;
	pair = pair_of(page_typed(), longer, true);
	assert_no_change(pair.d);
	assert_true(pair.d->per_second);
	diff_free(pair.d);
	/* The same two, with their sums compared. */
	pair.d = diff_new((const struct profile *const *)pair.profiles, false);
	assert_true(diff_delta(pair.d, &pair.d->total, DIFF_BYTES) ==
		    (double)pair.d->total.amount[DIFF_BEFORE][DIFF_BYTES]);
	pair_free(&pair);
}

static void without_a_duration_sums_are_compared(void **state)
{
	struct profile *before = page_typed();
	struct pair pair;

	(void)state;
	before->duration_ns = 0;
	pair = pair_of(before, page_typed(), true);
	assert_false(pair.d->per_second);
	assert_no_change(pair.d);
	pair_free(&pair);
}

static void tables_add_up_to_the_totals(void **state)
{
	struct pair pair = pair_of(page_typed(), page_shop(), false);

	(void)state;
	for (enum diff_side side = 0; side < DIFF_SIDES; side++) {
		for (enum diff_table_kind kind = DIFF_SITES; kind <= DIFF_TYPES; kind++) {
			const struct diff_table *t = &pair.d->tables[kind];
			uint64_t bytes = 0, objects = 0;

			for (size_t i = 0; i < t->n; i++) {
				bytes += t->rows[i].amount[side][DIFF_BYTES];
				objects += t->rows[i].amount[side][DIFF_OBJECTS];
			}
			assert_int_equal(bytes, pair.d->total.amount[side][DIFF_BYTES]);
			assert_int_equal(objects, pair.d->total.amount[side][DIFF_OBJECTS]);
		}
	}
	pair_free(&pair);
}

static void largest_change_comes_first(void **state)
{
	static const struct place before[] = {{"a", "a.go", 0, 1, 1000, 1, 0},
					      {"b", "a.go", 0, 2, 5000, 1, 0},
					      {"c", "a.go", 0, 3, 10, 1, 0}};
	static const struct place after[] = {{"a", "a.go", 0, 1, 4000, 1, 0},
					     {"b", "a.go", 0, 2, 5000, 9, 0},
					     {"d", "a.go", 0, 3, 3500, 1, 0}};
	static const char *const order[] = {"d", "a", "c", "b"};
	struct pair pair = SITES(before, after);
	const struct diff_table *t = &pair.d->tables[DIFF_SITES];

	(void)state;
	assert_int_equal(t->n, 4);
	for (size_t i = 0; i < t->n; i++) {
		enum diff_side side = diff_shown(&t->rows[i]);
		const struct profile *p = pair.profiles[side];
		uint32_t function = t->rows[i].line[side].function;

		assert_string_equal(profile_str(p, p->functions[function].name), order[i]);
	}
	pair_free(&pair);
}

/* --- what is the same thing -------------------------------------------------------- */

static void code_above_a_function_moves_none_of_its_sites(void **state)
{
	static const struct place before[] = {{"f", "/old/a.go", 10, 12, 100, 1, 0},
					      {"f", "/old/a.go", 10, 14, 200, 1, 0}};
	static const struct place after[] = {{"f", "/new/a.go", 12, 14, 110, 1, 0},
					     {"f", "/new/a.go", 12, 16, 220, 1, 0}};
	struct pair pair = SITES(before, after);
	const struct diff_row *r;

	(void)state;
	assert_int_equal(pair.d->tables[DIFF_SITES].n, 2);
	/* Not the other site, that stood in this line before. */
	r = site_at(&pair, "f", 14);
	assert_int_equal(r->match, DIFF_BY_NAME);
	assert_int_equal(r->line[DIFF_BEFORE].line, 12);
	assert_true(diff_delta(pair.d, r, DIFF_BYTES) == 10);
	r = site_at(&pair, "f", 16);
	assert_int_equal(r->line[DIFF_BEFORE].line, 14);
	assert_true(diff_delta(pair.d, r, DIFF_BYTES) == 20);
	pair_free(&pair);
}

static void a_lone_site_is_found_by_its_function(void **state)
{
	static const struct place before[] = {{"f", "a.go", 0, 12, 100, 1, 0},
					      {"f", "a.go", 0, 20, 7, 1, 0},
					      {"two", "a.go", 0, 30, 1, 1, 0},
					      {"two", "a.go", 0, 31, 2, 1, 0}};
	static const struct place after[] = {{"f", "b.go", 0, 15, 90, 1, 0},
					     {"f", "a.go", 0, 20, 7, 1, 0},
					     {"two", "a.go", 0, 40, 3, 1, 0}};
	struct pair pair = SITES(before, after);
	const struct diff_row *r = site_at(&pair, "f", 15);

	(void)state;
	assert_int_equal(r->match, DIFF_BY_FUNCTION);
	assert_int_equal(r->line[DIFF_BEFORE].line, 12);
	assert_true(diff_delta(pair.d, r, DIFF_BYTES) == -10);
	assert_int_equal(site_at(&pair, "f", 20)->match, DIFF_BY_NAME);
	/* Which of two it was cannot be known. */
	assert_int_equal(site_at(&pair, "two", 40)->match, DIFF_ALONE);
	assert_int_equal(site_at(&pair, "two", 30)->match, DIFF_ALONE);
	assert_int_equal(site_at(&pair, "two", 31)->match, DIFF_ALONE);
	assert_int_equal(pair.d->tables[DIFF_SITES].n, 5);
	pair_free(&pair);
}

/* Two instantiations of one generic function are one line of source. */
static void what_has_one_name_is_added_up(void **state)
{
	static const struct place before[] = {{"f[...]", "a.go", 5, 12, 100, 1, 4},
					      {"f[...]", "b/a.go", 5, 12, 50, 2, 0}};
	static const struct place after[] = {{"f[...]", "a.go", 5, 12, 200, 1, 0}};
	struct pair pair = SITES(before, after);
	const struct diff_row *r = site_at(&pair, "f[...]", 12);

	(void)state;
	assert_int_equal(pair.d->tables[DIFF_SITES].n, 1);
	assert_int_equal(r->amount[DIFF_BEFORE][DIFF_BYTES], 150);
	assert_int_equal(r->amount[DIFF_BEFORE][DIFF_OBJECTS], 3);
	assert_int_equal(r->amount[DIFF_BEFORE][DIFF_INSERTS], 4);
	pair_free(&pair);
}

static const struct diff_row *only_map(const struct pair *pair, enum diff_match match)
{
	const struct diff_row *found = NULL;
	const struct diff_table *t = &pair->d->tables[DIFF_MAPS];

	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].match == match) {
			assert_null(found);
			found = &t->rows[i];
		}
	}
	assert_non_null(found);
	return found;
}

static void a_map_of_another_type_is_found_by_its_function(void **state)
{
	static const struct typed_names changed = {"orders.Order", "Customer",
						   "map[string]*orders.Order"};
	struct pair pair = pair_of(page_typed(), typed_profile(1, 118, &changed), false);
	const struct diff_row *r = only_map(&pair, DIFF_BY_FUNCTION);
	const struct profile *before = pair.profiles[DIFF_BEFORE];

	(void)state;
	assert_string_equal(profile_str(before, before->types[r->type[DIFF_BEFORE]].name),
			    "map[string]orders.Order");
	assert_int_equal(r->amount[DIFF_AFTER][DIFF_INSERTS], 5600);
	only_map(&pair, DIFF_BY_NAME);
	pair_free(&pair);
}

/* --- what is missing ------------------------------------------------------------------ */

static void what_one_recording_lacks_is_said(void **state)
{
	static const struct place allocs = {"f", "a.go", 0, 1, 100, 1, 0};
	static const struct place inserts = {"f", "a.go", 0, 1, 0, 0, 7};
	struct pair pair = pair_of(profile_of(&allocs, 1, 1), profile_of(&inserts, 1, 1), true);

	(void)state;
	assert_int_equal(pair.d->caveats[DIFF_BEFORE], DIFF_NO_INSERTS);
	assert_int_equal(pair.d->caveats[DIFF_AFTER], DIFF_NO_ALLOCATIONS);
	pair_free(&pair);
	pair = pair_of(page_lossy(), page_typed(), true);
	assert_int_equal(pair.d->caveats[DIFF_BEFORE], DIFF_LOST | DIFF_NO_FLUSHES);
	assert_int_equal(pair.d->caveats[DIFF_AFTER], 0);
	pair_free(&pair);
	pair = pair_of(page_typed(), profile_of(&allocs, 1, 1), true);
	assert_int_equal(pair.d->caveats[DIFF_AFTER],
			 DIFF_NO_INSERTS | DIFF_NO_TYPES | DIFF_NO_FLUSHES);
	pair_free(&pair);
}

/* --- written out ------------------------------------------------------------------------ */

static char *written(const struct pair *pair,
		     int (*write)(const struct diff *, const struct export_options *, FILE *))
{
	struct export_options opts = {.top = 100};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(write(pair->d, &opts, out), 0);
	fclose(out);
	assert_int_equal(strlen(text), len);
	assert_true(utf8_valid(text));
	return text;
}

static void text_says_what_changed(void **state)
{
	static const struct place before[] = {{"moved", "a.go", 0, 12, 4096, 1, 0},
					      {"went", "a.go", 0, 20, 2048, 1, 0},
					      {"stays", "a.go", 0, 30, 7, 1, 3}};
	static const struct place after[] = {{"moved", "a.go", 0, 15, 1024, 1, 0},
					     {"stays", "a.go", 0, 30, 7, 1, 3},
					     {"came", "a.go", 0, 40, 512, 1, 0}};
	struct pair pair = SITES(before, after);
	char *text = written(&pair, diff_text_write);

	(void)state;
	assert_non_null(strstr(text, "sums, however long"));
	assert_non_null(strstr(text, "sites: 3 of 4 changed"));
	assert_non_null(strstr(text, "moved  a.go:15 (12 before, by its function)"));
	assert_non_null(strstr(text, "-3.00kB  -75.0%"));
	assert_non_null(strstr(text, "-2.00kB    gone"));
	assert_non_null(strstr(text, "+512B     new"));
	assert_null(strstr(text, "stays"));
	/* A file is no terminal. */
	assert_null(strchr(text, '\x1b'));
	free(text);
	pair_free(&pair);
}

static void text_says_what_is_missing(void **state)
{
	struct pair pair = pair_of(page_lossy(), page_typed(), true);
	char *text = written(&pair, diff_text_write);

	(void)state;
	assert_non_null(strstr(text, "lost         before: 700 stack_map_full"));
	assert_non_null(strstr(text, "note         before lost events"));
	assert_non_null(strstr(text, "before: 1000 hits had more frames"));
	free(text);
	pair_free(&pair);
}

/* A second run that lasted twice as long, and has more of what grows. */
static struct profile *grown(void)
{
	struct profile *p = fixture_native();

	p->duration_ns *= 2;
	for (size_t i = 0; i < p->n_live; i++) {
		if (p->live[i].bytes == 38400) {
			p->live[i].bytes *= 3;
			p->live[i].objects *= 3;
		}
	}
	return p;
}

static void what_lives_is_compared_as_it_is(void **state)
{
	struct pair pair = pair_of(fixture_native(), grown(), true);
	const struct diff_table *t = &pair.d->tables[DIFF_LIVE];
	__auto_free char *text = written(&pair, diff_text_write);
	__auto_free char *json = written(&pair, diff_json_write);

	(void)state;
	assert_int_equal(t->n, 3);
	assert_true(diff_delta(pair.d, &t->rows[0], DIFF_BYTES) == 76800);
	assert_true(diff_delta(pair.d, &t->rows[0], DIFF_OBJECTS) == 1200);
	assert_true(diff_delta(pair.d, &t->rows[1], DIFF_BYTES) == 0);
	assert_true(diff_value(pair.d, &pair.d->live, DIFF_BEFORE, DIFF_BYTES) ==
		    NATIVE_LIVE_BYTES);
	assert_true(diff_value(pair.d, &pair.d->live, DIFF_AFTER, DIFF_OBJECTS) ==
		    NATIVE_LIVE + 1200);
	assert_non_null(
		strstr(text, "\nlive at end      65.6kB     140.6kB      +75.0kB +114.4%\n"));
	assert_non_null(strstr(text, "\nlive: 1 of 3 changed\n"));
	assert_non_null(strstr(text, "    37.5kB     112.5kB      +75.0kB +200.0%      +1.20k  "
				     "cache::put(char const*)"));
	assert_non_null(strstr(json, "\"live_totals\""));
	pair_free(&pair);
}

static void what_lives_may_be_known_of_one_alone(void **state)
{
	struct pair pair = pair_of(page_typed(), fixture_native(), true);
	__auto_free char *text = written(&pair, diff_text_write);

	(void)state;
	assert_true(pair.d->caveats[DIFF_BEFORE] & DIFF_NO_LIVE);
	assert_false(pair.d->caveats[DIFF_AFTER] & DIFF_NO_LIVE);
	assert_non_null(strstr(text, "note         before does not say what lives"));
	pair_free(&pair);
	pair = pair_of(page_typed(), page_typed(), true);
	free(text);
	text = written(&pair, diff_text_write);
	assert_null(strstr(text, "live"));
	pair_free(&pair);
}

static void hostile_names_move_no_cursor(void **state)
{
	struct pair pair = pair_of(page_hostile(), page_typed_hostile(), true);
	char *text = written(&pair, diff_text_write);

	(void)state;
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	free(text);
	text = written(&pair, diff_html_write);
	/* Of the data and of the script, as on any page. */
	assert_int_equal(page_count(text, "</script"), 2);
	free(text);
	pair_free(&pair);
}

/* Totals near 2^64, and a duration of one nanosecond. */
static void amounts_may_be_anything(void **state)
{
	static const struct place before[] = {{"f", "a.go", 9, 3, UINT64_MAX, UINT64_MAX, 1}};
	static const struct place after[] = {{"f", "a.go", 1, UINT32_MAX, 1, 1, UINT64_MAX}};
	struct pair pair = pair_of(profile_of(before, 1, 1), profile_of(after, 1, 1), true);
	char *text;

	(void)state;
	diff_free(pair.d);
	pair.profiles[DIFF_BEFORE]->duration_ns = 1;
	pair.d = diff_new((const struct profile *const *)pair.profiles, true);
	assert_true(isfinite(diff_delta(pair.d, &pair.d->total, DIFF_BYTES)));
	text = written(&pair, diff_text_write);
	free(text);
	text = written(&pair, diff_json_write);
	free(text);
	pair_free(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_recordings_differ_in_nothing),
		cmocka_unit_test(twice_as_long_is_the_same_per_second),
		cmocka_unit_test(without_a_duration_sums_are_compared),
		cmocka_unit_test(tables_add_up_to_the_totals),
		cmocka_unit_test(largest_change_comes_first),
		cmocka_unit_test(code_above_a_function_moves_none_of_its_sites),
		cmocka_unit_test(a_lone_site_is_found_by_its_function),
		cmocka_unit_test(what_has_one_name_is_added_up),
		cmocka_unit_test(a_map_of_another_type_is_found_by_its_function),
		cmocka_unit_test(what_one_recording_lacks_is_said),
		cmocka_unit_test(text_says_what_changed),
		cmocka_unit_test(text_says_what_is_missing),
		cmocka_unit_test(what_lives_is_compared_as_it_is),
		cmocka_unit_test(what_lives_may_be_known_of_one_alone),
		cmocka_unit_test(hostile_names_move_no_cursor),
		cmocka_unit_test(amounts_may_be_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
