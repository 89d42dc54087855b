// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What lives at the end. UPDATE_GOLDEN=1 writes tests/golden/native_leaks*.txt anew
 * instead of comparing with them; look at the difference then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "exported.h"
#include "golden.h"
#include "fixture_native.h"
#include "report/leaks.h"

static const char *site_name(const struct profile *p, const struct leak_row *r)
{
	return profile_str(p, p->functions[r->site.function].name);
}

static void sites_are_in_three_orders(void **state)
{
	struct profile *p = fixture_native();
	struct leak_table *t = leak_table_new(p, NULL);

	(void)state;
	assert_non_null(t);
	assert_int_equal(t->n, 3);
	assert_int_equal(t->sum.objects, NATIVE_LIVE);
	assert_int_equal(t->sum.bytes, NATIVE_LIVE_BYTES);
	assert_string_equal(site_name(p, &t->rows[0]), "cache::put(char const*)");
	assert_int_equal(t->rows[0].bytes, 38400);
	assert_int_equal(t->rows[0].stack, 2);
	assert_string_equal(site_name(p, &t->rows[1]), "session::open()");
	assert_string_equal(site_name(p, &t->rows[2]), "main");
	/* The oldest was allocated after 1 ms; a worker ends before the recording does. */
	assert_int_equal(t->by_age[0], 1);
	assert_int_equal(t->rows[1].age_ns, p->duration_ns - 1000000);
	assert_int_equal(t->rows[2].age_ns, 100000000);
	assert_int_equal(t->n_looks, 5);
	assert_int_equal(t->look_ns[4], p->duration_ns);
	assert_int_equal(t->n_growing, 1);
	assert_int_equal(t->by_growth[0], 0);
	assert_int_equal(t->rows[0].grows_since, 0);
	assert_float_equal(t->rows[0].growth_per_s, 16000, 0.1);
	assert_int_equal(t->rows[1].grows_since, t->n_looks);
	leak_table_free(t);
	profile_free(p);
}

/* A heap of one stack, with so many bytes at eight looks and the end. */
static bool grows(const uint64_t bytes[LEAK_LOOKS_MAX], uint32_t *since)
{
	struct fixture_native f = {.b = profile_builder_new()};
	struct profile_live live = {.objects = 1};
	struct leak_table *t;
	struct profile *p;
	bool result;

	native_targets(&f);
	native_stacks(&f);
	live.target = f.server;
	live.stack = f.by_put;
	live.bytes = bytes[PROFILE_SNAPSHOTS_MAX];
	memcpy(live.snapshot_bytes, bytes, sizeof(live.snapshot_bytes));
	assert_int_equal(profile_builder_live(f.b, &live), 0);
	p = fixture_finish(f.b);
	p->heap.recorded = true;
	p->heap.n_snapshots = PROFILE_SNAPSHOTS_MAX;
	for (uint32_t i = 0; i < PROFILE_SNAPSHOTS_MAX; i++)
		p->heap.snapshot_ns[i] = (i + 1) * 100000000ull;
	t = leak_table_new(p, NULL);
	assert_non_null(t);
	assert_int_equal(t->n, 1);
	*since = t->rows[0].grows_since;
	result = t->n_growing == 1;
	leak_table_free(t);
	profile_free(p);
	return result;
}

static void growth_is_told_from_the_rest(void **state)
{
	static const struct {
		uint64_t bytes[LEAK_LOOKS_MAX];
		bool expected;
		uint32_t since;
	} cases[] = {
		{{1, 2, 3, 4, 5, 6, 7, 8, 9}, true, 0},
		{{5, 5, 5, 5, 5, 5, 5, 5, 5}, false, 9},
		/* It fell once, and has grown since. */
		{{9, 2, 2, 3, 3, 4, 4, 5, 5}, true, 2},
		/* A start that was over early. */
		{{1, 2, 3, 4, 4, 4, 4, 4, 4}, false, 9},
		/* Up and down. */
		{{1, 5, 2, 6, 3, 7, 4, 8, 5}, false, 9},
		{{1, 1, 1, 1, 1, 1, 1, 2, 3}, false, 9},
		{{1, 1, 1, 1, 1, 1, 2, 3, 4}, true, 5},
		{{0, 0, 0, 0, 0, 9, 1, 2, 3}, false, 9},
		{{0, 0, 0, 0, 9, 1, 2, 3, 4}, true, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t since;

		if (grows(cases[i].bytes, &since) != cases[i].expected || since != cases[i].since)
			fail_msg("case %zu: since %u", i, since);
	}
}

static struct suppressions *suppress(const char *text)
{
	struct suppressions *s = suppressions_parse("x.supp", text, strlen(text));

	assert_non_null(s);
	return s;
}

static void suppressed_stacks_are_left_out(void **state)
{
	struct profile *p = fixture_native();
	/* A function, a source file, and what matches nothing. */
	struct suppressions *s = suppress("leak:nothing\nleak:cache::put\nleak:session.cc$\n");
	struct leak_table *t = leak_table_new(p, s);

	(void)state;
	assert_int_equal(t->n, 1);
	assert_string_equal(site_name(p, &t->rows[0]), "main");
	assert_int_equal(t->sum.bytes, 64);
	assert_int_equal(t->suppressed.objects, 607);
	assert_int_equal(t->suppressed.bytes, 38400 + 28672);
	assert_int_equal(t->by_suppression[0].objects, 0);
	assert_int_equal(t->by_suppression[1].bytes, 38400);
	assert_int_equal(t->by_suppression[2].bytes, 28672);
	leak_table_free(t);
	suppressions_free(s);

	/* A module: all stacks begin in the allocator's. */
	s = suppress("leak:^/usr/lib/libc.so\n");
	t = leak_table_new(p, s);
	assert_int_equal(t->n, 0);
	assert_int_equal(t->suppressed.bytes, NATIVE_LIVE_BYTES);
	leak_table_free(t);
	suppressions_free(s);
	profile_free(p);
}

/* Stacks of one site are one row, which shows the heaviest. */
static void stacks_of_a_site_come_together(void **state)
{
	struct fixture_native f = fixture_native_begin();
	struct profile_live live = {
		.target = f.worker, .objects = 1, .bytes = 50000, .oldest_ns = 7};
	struct leak_table *t;
	struct profile *p;

	(void)state;
	native_live(&f);
	live.stack = native_stack(&f, 0, (uint32_t[]){f.malloc_l, f.put_l}, 2);
	assert_int_equal(profile_builder_live(f.b, &live), 0);
	p = fixture_native_finish(&f);
	p->heap.recorded = true;
	t = leak_table_new(p, NULL);
	assert_int_equal(t->n, 3);
	assert_int_equal(t->rows[0].n_stacks, 2);
	assert_int_equal(t->rows[0].bytes, 88400);
	assert_int_equal(t->rows[0].stack, live.stack);
	assert_int_equal(t->rows[0].target, f.worker);
	assert_int_equal(t->n_looks, 1);
	assert_int_equal(t->n_growing, 0);
	leak_table_free(t);
	profile_free(p);
}

/* Rows with the same stack are one, as a builder has it. */
static void rows_add_up(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "x"), stack = profile_builder_stack(b, NULL, 0, 0);
	struct profile_live a = {.target = target,
				 .stack = stack,
				 .objects = 2,
				 .bytes = 20,
				 .oldest_ns = 50,
				 .peak_bytes = 30,
				 .snapshot_bytes = {1, 2},
				 .snapshot_objects = {1, 1}};
	struct profile_live none = {.target = target, .stack = stack, .peak_bytes = 5};
	struct profile_live older = {
		.target = target, .stack = stack, .objects = 1, .bytes = 1, .oldest_ns = 4};
	struct profile *p;

	(void)state;
	assert_int_equal(profile_builder_live(b, &none), 0);
	assert_int_equal(profile_builder_live(b, &a), 0);
	assert_int_equal(profile_builder_live(b, &older), 0);
	assert_int_equal(profile_builder_live(b, &none), 0);
	p = fixture_finish(b);
	assert_int_equal(p->n_live, 1);
	assert_int_equal(p->live[0].objects, 3);
	assert_int_equal(p->live[0].bytes, 21);
	assert_int_equal(p->live[0].oldest_ns, 4);
	assert_int_equal(p->live[0].peak_bytes, 40);
	assert_int_equal(p->live[0].snapshot_bytes[1], 2);
	profile_free(p);
}

static void check_golden(const char *name, struct export_options opts)
{
	struct profile *p = fixture_native();
	size_t len;
	__auto_free char *all = export_text(p, &exporter_text, opts, &len);
	char *text = strstr(all, "\nlooks ");

	assert_non_null(text);
	len -= (size_t)(text - all);
	profile_free(p);
	golden_check(name, text, len);
}

static void goldens_hold(void **state)
{
	struct suppressions *s = suppress("leak:session::*\n");

	(void)state;
	check_golden("native_leaks.txt", (struct export_options){.view = VIEW_LEAKS});
	check_golden("native_leaks_top1.txt",
		     (struct export_options){.view = VIEW_LEAKS, .top = 1, .suppressions = s});
	suppressions_free(s);
}

static void what_was_not_recorded_is_said(void **state)
{
	struct profile *p = fixture_small(1);
	size_t len;
	__auto_free char *text =
		export_text(p, &exporter_text, (struct export_options){.view = VIEW_LEAKS}, &len);
	__auto_free char *json = export_text(p, &exporter_json, (struct export_options){0}, &len);

	(void)state;
	assert_non_null(strstr(text, "that takes record --live"));
	assert_null(strstr(json, "\"leaks\""));
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sites_are_in_three_orders),
		cmocka_unit_test(growth_is_told_from_the_rest),
		cmocka_unit_test(suppressed_stacks_are_left_out),
		cmocka_unit_test(stacks_of_a_site_come_together),
		cmocka_unit_test(rows_add_up),
		cmocka_unit_test(goldens_hold),
		cmocka_unit_test(what_was_not_recorded_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
