// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * UPDATE_GOLDEN=1 writes the .prom files of tests/golden anew instead of comparing with them;
 * look at the difference then. What Prometheus' own parsers say of the same files is
 * in tests/e2e/test_prometheus.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "base/cleanup.h"
#include "exported.h"
#include "golden.h"
#include "fixture_gc.h"
#include "fixture_native.h"

#define PROCESS "pid=\"4711\",comm=\"server\",runtime=\"go\",version=\"go1.26.8\""

/* What is written of @p, which is gone then; the caller's to free. */
static char *metrics(struct profile *p, unsigned int top)
{
	size_t len;
	char *text =
		export_text(p, &exporter_prometheus, (struct export_options){.top = top}, &len);

	assert_int_equal(strlen(text), len);
	profile_free(p);
	return text;
}

static void check_golden(const char *name, struct profile *p)
{
	__auto_free char *text = metrics(p, 0);

	golden_check(name, text, strlen(text));
}

static void goldens_hold(void **state)
{
	(void)state;
	check_golden("fixture.prom", fixture_small(2));
	check_golden("gc.prom", fixture_gc_small());
	check_golden("native.prom", fixture_native());
}

/* Lines that begin with @start. */
static size_t count(const char *text, const char *start)
{
	size_t n = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		n += !strncmp(line, start, strlen(start));
	}
	return n;
}

static void check_has(struct profile *p, const char *line)
{
	__auto_free char *text = metrics(p, 0);

	if (!strstr(text, line))
		fail_msg("no %s in:\n%s", line, text);
}

static void names_are_escaped(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "a\"b\\c\nd");
	uint32_t f = fixture_function(b, "main.\"\\\xff", "C:\\x\"y\n.go", FUNCTION_GO);
	uint32_t at = fixture_location(b, 0x1000, PROFILE_NONE, f, 7);
	uint32_t stack = profile_builder_stack(b, &at, 1, 0);

	(void)state;
	fixture_alloc(b, target, stack, 0, 1, 8, 8);
	check_has(fixture_finish(b),
		  "\nalloctap_site_alloc_bytes_total{pid=\"1\",comm=\"a\\\"b\\\\c?d\",runtime="
		  "\"go\",version=\"go1.26.8\",function=\"main.\\\"\\\\\xef\xbf\xbd\",file=\"C:"
		  "\\\\x\\\"y?.go\",line=\"7\"} 8\n");
}

/* No two series may be alike, whatever is in the names that they come from. */
static void equal_labels_are_one_series(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 4711, "server"), first = 0;
	/* The process after an exec. */
	struct profile_target again = {.pid = 4711,
				       .comm = profile_builder_str(b, "server"),
				       .exe = profile_builder_str(b, "/srv/bin/other"),
				       .runtime = profile_builder_str(b, "go"),
				       .version = profile_builder_str(b, "go1.26.8")};
	__auto_free char *text = NULL;
	struct profile *p;

	(void)state;
	for (char c = 1; c <= 2; c++) {
		char name[] = {'f', c, 0};
		uint32_t f = fixture_function(b, name, "", FUNCTION_NATIVE);
		uint32_t at = fixture_location(b, 0x1000u + (uint32_t)c, PROFILE_NONE, f, 0);
		uint32_t stack = profile_builder_stack(b, &at, 1, 0);
		struct profile_gc_pause pause = {.start_ns = (uint64_t)c,
						 .stopped_ns = 1000,
						 .target = target,
						 .gc = true,
						 .stack = stack,
						 .reason = profile_builder_str(b, name)};
		struct profile_gc_cycle cycle = {.target = target,
						 .epoch = (uint32_t)c,
						 .stack = stack,
						 .name = pause.reason};

		fixture_alloc(b, target, stack, 0, 1, 8, 8);
		assert_int_equal(profile_builder_gc_pause(b, &pause), 0);
		assert_int_equal(profile_builder_gc_cycle(b, &cycle), 0);
		assert_int_equal(profile_builder_loss(b, name, "", 3), 0);
		first = c == 1 ? stack : first;
	}
	fixture_alloc(b, profile_builder_target(b, &again), first, 0, 1, 8, 8);
	p = fixture_finish(b);
	assert_int_equal(p->n_targets, 2);
	text = metrics(p, 0);
	assert_int_equal(count(text, "alloctap_alloc_bytes_total{" PROCESS "} 24\n"), 1);
	assert_int_equal(count(text, "alloctap_site_alloc_bytes_total{" PROCESS
				     ",function=\"f?\",file=\"\",line=\"\"} 24\n"),
			 1);
	assert_int_equal(count(text, "alloctap_gc_cycles_total{" PROCESS
				     ",trigger=\"heap\",collection=\"f?\"} 2\n"),
			 1);
	assert_int_equal(
		count(text, "alloctap_gc_pause_seconds_count{" PROCESS ",reason=\"f?\"} 2\n"), 1);
	assert_int_equal(count(text, "alloctap_lost_events_total{" PROCESS ",reason=\"f?\"} 6\n"),
			 1);
	assert_int_equal(count(text, "alloctap_lost_events_total{"), 1);
}

static void call_sites_are_bounded(void **state)
{
	__auto_free char *text = metrics(fixture_big(3000, 12), 0);
	__auto_free char *few = metrics(fixture_big(3000, 12), 3);

	(void)state;
	assert_int_equal(count(text, "alloctap_site_alloc_bytes_total{"), 20);
	assert_int_equal(count(few, "alloctap_site_alloc_bytes_total{"), 3);
	assert_int_equal(count(few, "alloctap_alloc_bytes_total{"), 1);
}

static void pauses_are_in_their_buckets(void **state)
{
	/* On a bound, just above one, above all, and none at all. */
	static const uint64_t pauses[] = {1000, 1001, 10000000001ull, 0};
	struct fixture_gc f = fixture_gc_begin("go");
	__auto_free char *text = NULL;

#define BUCKET(le, n)                                                            \
	assert_non_null(strstr(text, "alloctap_gc_pause_seconds_bucket{" PROCESS \
				     ",reason=\"GC mark termination\",le=\"" le "\"} " n "\n"))
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++)
		fixture_gc_pause(&f, 1, f.mark, f.decode, i * FIXTURE_MS, pauses[i] / 2,
				 pauses[i] - pauses[i] / 2);
	text = metrics(fixture_gc_finish(&f, 100 * FIXTURE_MS), 0);
	BUCKET("0.000001", "2");
	BUCKET("0.000005", "3");
	BUCKET("10", "3");
	BUCKET("+Inf", "4");
#undef BUCKET
	assert_non_null(strstr(text, "alloctap_gc_pause_seconds_sum{" PROCESS
				     ",reason=\"GC mark termination\"} 10.000002002\n"));
	assert_non_null(strstr(text, "alloctap_gc_pause_seconds_count{" PROCESS
				     ",reason=\"GC mark termination\"} 4\n"));
	assert_null(strstr(text, "alloctap_other_pause_seconds"));
}

/* Names are the same for every runtime; what it has nothing of is left out. */
static void other_runtimes_have_the_same_names(void **state)
{
	struct fixture_gc f = fixture_gc_begin("hotspot");
	struct profile_gc_cycle young = {.start_ns = 1,
					 .end_ns = 9,
					 .target = f.target,
					 .epoch = 1,
					 .trigger = PROFILE_GC_UNKNOWN,
					 .stack = f.decode,
					 .name = profile_builder_str(f.b, "G1 Young")};
	struct profile_gc_pool eden = {.target = f.target,
				       .epoch = 1,
				       .name = profile_builder_str(f.b, "G1 Eden Space"),
				       .before = 4096};
	struct profile_memory memory[] = {{10, 7000, 9000, f.target}, {20, 8000, 8500, f.target}};
	__auto_free char *text = NULL;

	(void)state;
	assert_int_equal(profile_builder_gc_cycle(f.b, &young), 0);
	assert_int_equal(profile_builder_gc_pool(f.b, &eden), 0);
	for (size_t i = 0; i < ARRAY_SIZE(memory); i++)
		assert_int_equal(profile_builder_memory(f.b, &memory[i]), 0);
	text = metrics(fixture_gc_finish(&f, 100 * FIXTURE_MS), 0);
#define JAVA "pid=\"4711\",comm=\"server\",runtime=\"hotspot\",version=\"go1.26.8\""
	assert_non_null(strstr(text, "\nalloctap_gc_cycles_total{" JAVA
				     ",trigger=\"unknown\",collection=\"G1 Young\"} 1\n"));
	assert_non_null(
		strstr(text, "\nalloctap_heap_pool_bytes{" JAVA ",pool=\"G1 Eden Space\"} 0\n"));
	assert_non_null(strstr(text, "\nalloctap_resident_bytes{" JAVA "} 8000\n"));
	assert_non_null(strstr(text, "\nalloctap_resident_peak_bytes{" JAVA "} 9000\n"));
#undef JAVA
	assert_null(strstr(text, "alloctap_alloc_"));
	assert_null(strstr(text, "alloctap_map_inserts"));
}

/* A damaged file's figures too: no NaN, no infinity, no minus. */
static void figures_are_numbers(void **state)
{
	static const double odd[] = {NAN, INFINITY, -INFINITY, -1, 1e300};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct profile *p = fixture_small(1);
		__auto_free char *text = NULL;

		p->cost.target_cpu_share = p->cost.trap_ns = p->cost.program_ns = odd[i];
		p->duration_ns = UINT64_MAX;
		text = metrics(p, 0);
		assert_non_null(strstr(text, "\nalloctap_probe_cpu_ratio{" PROCESS "} 0\n"));
		assert_non_null(strstr(text, "\nalloctap_probe_seconds_total{" PROCESS "} 0\n"));
		assert_non_null(strstr(text, "\nalloctap_recording_seconds{" PROCESS
					     "} 18446744073.709551615\n"));
	}
}

static void an_empty_recording_is_told(void **state)
{
	__auto_free char *text = metrics(fixture_finish(profile_builder_new()), 0);

	(void)state;
	assert_int_equal(count(text, "alloctap_"), 8);
	assert_int_equal(count(text, "alloctap_lost_events_total{pid=\"\",comm=\"\",runtime=\"\","
				     "version=\"\",reason=\"none\"} 0\n"),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens_hold),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(equal_labels_are_one_series),
		cmocka_unit_test(call_sites_are_bounded),
		cmocka_unit_test(pauses_are_in_their_buckets),
		cmocka_unit_test(other_runtimes_have_the_same_names),
		cmocka_unit_test(figures_are_numbers),
		cmocka_unit_test(an_empty_recording_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
