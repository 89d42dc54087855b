// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "base/cleanup.h"
#include "fixture_gc.h"
#include "report/gc.h"
#include "report/gc_epochs.h"

static const char *site_name(const struct profile *p, const struct gc_share *s)
{
	return profile_str(p, p->functions[s->line.function].name);
}

static const struct gc_share *site_named(const struct profile *p, const struct gc_report *r,
					 const char *name)
{
	for (size_t i = 0; i < r->n_sites; i++) {
		if (!strcmp(site_name(p, &r->sites[i]), name))
			return &r->sites[i];
	}
	fail_msg("no site %s", name);
	return NULL;
}

static void check_near(double value, double expected)
{
	if (fabs(value - expected) > 1e-6 * (1 + fabs(expected)))
		fail_msg("%.9g, not %.9g", value, expected);
}

/* What is shared out is all there is to share, over sites as over types. */
static void check_sums(const struct profile *p, const struct gc_report *r, double cycles)
{
	const struct {
		const struct gc_share *shares;
		size_t n;
	} tables[] = {{r->sites, r->n_sites}, {r->types, r->n_types}};
	double gc_pause_ns = 0;

	for (size_t i = 0; i < p->n_gc_pauses; i++) {
		if (p->gc_pauses[i].gc)
			gc_pause_ns +=
				(double)(p->gc_pauses[i].stopping_ns + p->gc_pauses[i].stopped_ns);
	}
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		struct gc_share sum = {0};

		for (size_t j = 0; j < tables[i].n; j++) {
			const struct gc_share *s = &tables[i].shares[j];

			sum.bytes += s->bytes;
			sum.objects += s->objects;
			sum.inserts += s->inserts;
			sum.cycles_caused += s->cycles_caused;
			sum.pause_ns += s->pause_ns;
			sum.assist_ns += s->assist_ns;
		}
		assert_int_equal(sum.bytes, profile_totals(p).alloc_bytes);
		assert_int_equal(sum.bytes, r->total_bytes);
		assert_int_equal(sum.objects, profile_totals(p).alloc_objects);
		assert_int_equal(sum.inserts, profile_totals(p).map_inserts);
		check_near(sum.cycles_caused, cycles);
		check_near(sum.pause_ns + (double)r->pause_unattributed_ns, gc_pause_ns);
		check_near(sum.assist_ns, (double)r->assist_ns);
	}
}

static void figures_are_right(void **state)
{
	struct profile *p = fixture_gc_small();
	struct gc_report *r = gc_report_new(p);

	(void)state;
	assert_int_equal(r->cycles, 6);
	assert_int_equal(r->by_trigger[PROFILE_GC_HEAP], 4);
	assert_int_equal(r->by_trigger[PROFILE_GC_TIME], 1);
	assert_int_equal(r->by_trigger[PROFILE_GC_FORCED], 1);
	check_near(r->cycles_per_second, 6 / 0.7);
	assert_int_equal(r->pauses, 13);
	assert_int_equal(r->pause_total_ns, 6 * 100000 + 35000);
	assert_int_equal(r->pause_p50_ns, 40000);
	assert_int_equal(r->pause_p95_ns, 60000);
	assert_int_equal(r->pause_max_ns, 60000);
	check_near(r->stopped_share, 635e3 / 700e6);
	assert_int_equal(r->assists, 150);
	assert_int_equal(r->assist_ns, 12 * FIXTURE_MS);
	assert_int_equal(r->n_groups, 3);
	assert_string_equal(profile_str(p, r->groups[0].reason), "GC mark termination");
	assert_int_equal(r->groups[0].total_ns, 360000);
	assert_int_equal(r->groups[0].count, 6);
	assert_int_equal(r->groups[1].p95_ns, 40000);
	assert_string_equal(profile_str(p, r->groups[2].reason), "read mem stats");
	assert_false(r->groups[2].gc);
	assert_int_equal(r->groups[2].max_ns, 35000);
	check_sums(p, r, 6);
	gc_report_free(r);
	profile_free(p);
}

static void cycles_are_charged_to_those_who_caused_them(void **state)
{
	struct profile *p = fixture_gc_small();
	struct gc_report *r = gc_report_new(p);
	const struct gc_share *decode = site_named(p, r, "main.decode");
	const struct gc_share *render = site_named(p, r, "main.render");

	(void)state;
	/* Three of six cycles each, but for what the other one allocated then. */
	check_near(decode->cycles_caused, 3);
	check_near(decode->pause_ns, 300000);
	/* Assists in cycle 2 are caused by epoch 1, which was rendering; decoding paid. */
	check_near(decode->assist_ns, 8e6 * .01 + 4e6 * .99);
	check_near(render->assist_ns, 8e6 * .99 + 4e6 * .01);
	assert_int_equal(decode->assist_paid_ns, 8 * FIXTURE_MS);
	assert_int_equal(render->assist_paid_ns, 4 * FIXTURE_MS);
	assert_int_equal(site_named(p, r, "main.index")->inserts, 500);
	assert_int_equal(r->n_sites, 3);
	assert_int_equal(r->n_types, 3);
	/* The worst 5 % of 12 is one: the first of the longest, in cycle 1. */
	check_near(decode->worst_pause_ns, 60000 * .99);
	check_near(render->worst_pause_ns, 60000 * .01);
	gc_report_free(r);
	profile_free(p);
}

static void every_cycle_knows_its_epoch(void **state)
{
	struct profile *p = fixture_gc_small();
	struct gc_epochs *e = gc_epochs_new(p);
	uint64_t bytes = 0;

	(void)state;
	assert_int_equal(e->n, FIXTURE_GC_CYCLES + 1);
	for (uint32_t c = 1; c <= FIXTURE_GC_CYCLES; c++) {
		uint32_t row = gc_epochs_cause(e, p, 0, c);
		const struct gc_epoch_site *most = &e->sites[e->rows[row].first_site];

		assert_int_equal(e->rows[row].epoch, c - 1);
		assert_int_equal(e->rows[row].bytes, FIXTURE_GC_EPOCH);
		assert_int_equal(e->rows[row].n_sites, 2);
		assert_true(most[0].bytes >= FIXTURE_GC_EPOCH / 100 * 99);
		assert_string_equal(
			profile_str(p, p->functions[e->lines[most->site].function].name),
			c % 2 ? "main.decode" : "main.render");
		bytes += e->rows[row].bytes;
	}
	bytes += e->rows[gc_epochs_find(e, p, 0, FIXTURE_GC_CYCLES)].bytes;
	assert_int_equal(bytes, profile_totals(p).alloc_bytes);
	assert_int_equal(gc_epochs_cause(e, p, 0, 0), PROFILE_NONE);
	assert_int_equal(gc_epochs_cause(e, p, 0, 99), PROFILE_NONE);
	assert_int_equal(gc_epochs_cause(e, p, 1, 1), PROFILE_NONE);
	gc_epochs_free(e);
	profile_free(p);
}

/* Cycles 1 to 5 were folded into epoch 5, but for epoch 2, which was kept apart. */
static void folded_epochs_are_one(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");
	const struct gc_share *decode, *render;
	struct profile *p;
	struct gc_report *r;

	(void)state;
	for (uint32_t c = 1; c <= 8; c++)
		fixture_gc_whole_cycle(&f, c, PROFILE_GC_HEAP, f.decode, c * 100 * FIXTURE_MS);
	fixture_gc_alloc(&f, f.decode, "", 2, 1, 1000);
	fixture_gc_alloc(&f, f.render, "", 5, 4, 3000);
	fixture_gc_alloc(&f, f.decode, "", 5, 4, 1000);
	fixture_gc_alloc(&f, f.render, "", 6, 1, 1000);
	/* Epoch 7 allocated nothing: cycle 8 has no cause. */
	fixture_gc_assist(&f, f.decode, 5, 10, 4000);
	p = fixture_gc_finish(&f, 1000 * FIXTURE_MS);
	p->epochs_folded = 5;
	r = gc_report_new(p);
	assert_int_equal(r->cycles, 8);
	assert_int_equal(r->pause_unattributed_ns, 100000);
	check_sums(p, r, 7);
	decode = site_named(p, r, "main.decode");
	render = site_named(p, r, "main.render");
	/* Cycle 3 alone; a quarter of 1, 2, 4, 5 and 6; cycle 7 is render's. */
	check_near(decode->cycles_caused, 1 + 5 * .25);
	check_near(render->cycles_caused, 5 * .75 + 1);
	check_near(decode->pause_ns, 1e5 * (1 + 5 * .25));
	check_near(decode->assist_ns, 1000);
	check_near(render->assist_ns, 3000);
	gc_report_free(r);
	profile_free(p);
}

static void targets_are_not_mixed(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");
	uint32_t first = f.target;
	struct profile *p;
	struct gc_report *r;

	(void)state;
	fixture_gc_alloc(&f, f.decode, "", 0, 1, 1000);
	fixture_gc_whole_cycle(&f, 1, PROFILE_GC_HEAP, f.decode, FIXTURE_MS);
	f.target = fixture_target(f.b, 12, "other");
	assert_int_not_equal(f.target, first);
	fixture_gc_alloc(&f, f.render, "", 0, 1, 9000);
	fixture_gc_whole_cycle(&f, 1, PROFILE_GC_HEAP, f.decode, FIXTURE_MS);
	p = fixture_gc_finish(&f, 100 * FIXTURE_MS);
	r = gc_report_new(p);
	check_sums(p, r, 2);
	check_near(site_named(p, r, "main.decode")->pause_ns, 1e5);
	check_near(site_named(p, r, "main.render")->pause_ns, 1e5);
	check_near(r->stopped_share, 2e5 / 2e8);
	gc_report_free(r);
	profile_free(p);
}

static void nothing_is_no_trouble(void **state)
{
	struct profile *p = fixture_finish(profile_builder_new());
	struct gc_report *r = gc_report_new(p);

	(void)state;
	assert_int_equal(r->cycles + r->pauses + r->n_sites + r->n_types + r->n_groups, 0);
	assert_int_equal(r->n_patterns, 0);
	assert_true(r->stopped_share == 0 && r->cycles_per_second == 0);
	gc_report_free(r);
	profile_free(p);
}

/* As many cycles as a day has, 2,000 sites of which a few take turns in each. */
static void many_cycles_take_little(void **state)
{
	enum { CYCLES = 10000, SITES = 2000, PER_EPOCH = 40 };
	struct fixture_gc f = fixture_gc_begin("go");
	struct profile *p;
	struct gc_report *r;
	uint32_t *stacks = calloc(SITES, sizeof(*stacks));

	(void)state;
	for (uint32_t i = 0; i < SITES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "main.f%u", i);
		stacks[i] = fixture_gc_stack(f.b, 0, 0x500000 + i, "runtime.mallocgc", name, i + 1);
	}
	for (uint32_t e = 0; e < CYCLES; e++) {
		for (uint32_t i = 0; i < PER_EPOCH; i++)
			fixture_gc_alloc(&f, stacks[(e * 7 + i * 13) % SITES], "", e, 1, 100 + i);
		fixture_gc_whole_cycle(&f, e + 1, PROFILE_GC_HEAP, stacks[0],
				       (e + 1ull) * 100 * FIXTURE_MS);
	}
	p = fixture_gc_finish(&f, CYCLES * 100 * FIXTURE_MS);
	r = gc_report_new(p);
	assert_int_equal(r->n_sites, SITES);
	check_sums(p, r, CYCLES);
	assert_int_equal(r->pause_unattributed_ns, 0);
	gc_report_free(r);
	profile_free(p);
	free(stacks);
}

static void the_builder_orders_and_adds_up(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");
	struct profile_gc_cycle endless = {.heap_live = 1 << 20,
					   .heap_goal = UINT64_MAX,
					   .memory_limit = INT64_MAX,
					   .epoch = 1,
					   .gc_percent = -1};
	uint32_t first = f.target, second = fixture_target(f.b, 12, "other");
	struct profile *p;

	(void)state;
	f.target = second;
	fixture_gc_whole_cycle(&f, 1, PROFILE_GC_TIME, f.decode, 5 * FIXTURE_MS);
	fixture_gc_bin(&f, 10 * FIXTURE_MS, 64);
	f.target = first;
	fixture_gc_whole_cycle(&f, 2, PROFILE_GC_HEAP, f.decode, 90 * FIXTURE_MS);
	assert(!profile_builder_gc_cycle(f.b, &endless));
	fixture_gc_bin(&f, 39 * FIXTURE_MS, 128);
	fixture_gc_bin(&f, 20 * FIXTURE_MS, 64);
	fixture_gc_bin(&f, 30 * FIXTURE_MS, 64);
	fixture_gc_assist(&f, f.decode, 2, 3, 100);
	fixture_gc_assist(&f, f.decode, 2, 4, 50);
	p = fixture_gc_finish(&f, 200 * FIXTURE_MS);
	assert_int_equal(p->n_gc_cycles, 3);
	assert_int_equal(p->gc_cycles[0].epoch, 1);
	assert_int_equal(p->gc_cycles[0].heap_live, 1 << 20);
	assert_int_equal(p->gc_cycles[0].heap_goal, 0);
	assert_int_equal(p->gc_cycles[0].memory_limit, 0);
	assert_int_equal(p->gc_cycles[0].gc_percent, -1);
	assert_int_equal(p->gc_cycles[1].epoch, 2);
	assert_int_equal(p->gc_cycles[2].target, second);
	assert_int_equal(p->n_gc_pauses, 4);
	assert_true(p->gc_pauses[0].start_ns < p->gc_pauses[1].start_ns);
	assert_int_equal(p->gc_pauses[2].target, second);
	assert_int_equal(p->n_bins, 3);
	assert_int_equal(p->bins[0].time_ns, 20 * FIXTURE_MS);
	assert_int_equal(p->bins[1].time_ns, 30 * FIXTURE_MS);
	assert_int_equal(p->bins[1].bytes, 192);
	assert_int_equal(p->bins[1].objects, 3);
	assert_int_equal(p->bins[2].target, second);
	assert_int_equal(p->n_samples, 1);
	assert_int_equal(p->samples[0].objects, 7);
	assert_int_equal(p->samples[0].ns, 150);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_builder_orders_and_adds_up),
		cmocka_unit_test(figures_are_right),
		cmocka_unit_test(cycles_are_charged_to_those_who_caused_them),
		cmocka_unit_test(every_cycle_knows_its_epoch),
		cmocka_unit_test(folded_epochs_are_one),
		cmocka_unit_test(targets_are_not_mixed),
		cmocka_unit_test(nothing_is_no_trouble),
		cmocka_unit_test(many_cycles_take_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
