// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the page's data has of collections; what it makes of that: tests/e2e/test_viewer_gc.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "export/exporter.h"
#include "html_gc.h"

/* The page of @p, which is freed; the caller's to free. */
static char *page_of(struct profile *p)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(p);
	assert_int_equal(exporter_html.write(p, NULL, out), 0);
	fclose(out);
	profile_free(p);
	return text;
}

static void assert_page_has(struct profile *p, const char *const parts[], size_t n)
{
	char *text = page_of(p);

	for (size_t i = 0; i < n; i++) {
		if (!strstr(text, parts[i]))
			fail_msg("not in the page: %s", parts[i]);
	}
	free(text);
}

#define PAGE_HAS(p, ...)                                                     \
	do {                                                                 \
		static const char *const parts[] = {__VA_ARGS__};            \
		assert_page_has(p, parts, sizeof(parts) / sizeof(parts[0])); \
	} while (0)

static void recordings_without_collections_have_none(void **state)
{
	char *text = page_of(page_shop());

	(void)state;
	assert_null(strstr(text, "\"gc\":{"));
	/* Epochs of no cycle are not told apart: as many samples as without them. */
	assert_non_null(strstr(text, "\"epoch\":[]"));
	free(text);
}

static void cycles_are_columns(void **state)
{
	(void)state;
	PAGE_HAS(fixture_gc_small(),
		 "\"cycles\":{\"target\":[],\"epoch\":[1,2,3,4,5,6],\"start\":[100000000,200000000,"
		 "300000000,400000000,500000000,600000000],\"end\":[120000000,",
		 "\"limit\":[],\"trigger\":[0,0,0,0,2,1],\"sweep_start\":[119980000,",
		 "],\"sweep_end\":[123000000,", "\"percent\":[100,100,100,100,100,100]",
		 "\"folded\":0,\"epoch_target\":[],\"epoch\":[");
}

static void memory_and_pools_are_columns(void **state)
{
	(void)state;
	PAGE_HAS(fixture_gc_hotspot(),
		 "\"pools\":{\"target\":[],\"epoch\":[1,1,2,2],\"before\":[25165824,6291456,"
		 "25165824,6291456],\"after\":[0,7340032,0,8388608],\"name\":[",
		 "\"memory\":{\"target\":[],\"time\":[0,250000000,500000000,700000000],\"bytes\":["
		 "41943040,67108864,50331648,58720256],\"peak\":[41943040,67108864,83886080,"
		 "58720256]}");
}

static void pauses_are_columns(void **state)
{
	(void)state;
	PAGE_HAS(fixture_gc_small(),
		 "\"pauses\":{\"target\":[],\"epoch\":[1,1,2,2,0,3,3,4,4,5,5,6,6],\"start\":["
		 "100000000,119940000,200000000,219940000,250000000,",
		 "\"gc\":[1,1,1,1,0,1,1,1,1,1,1,1,1]");
}

static void epochs_are_of_their_process(void **state)
{
	(void)state;
	/* The other program's have numbers of their own; all six are told apart. */
	PAGE_HAS(page_collected_two(), "\"epoch_target\":[0,1,0,1,0,1],\"epoch\":[0,0,1,1,2,2]");
}

static struct profile *bins(const uint64_t (*bins)[3], size_t n)
{
	struct fixture_gc f = fixture_gc_begin("go");

	page_target(f.b, "worker", 4712);
	for (size_t i = 0; i < n; i++) {
		f.target = (uint32_t)bins[i][0];
		fixture_gc_bin(&f, bins[i][1], bins[i][2]);
	}
	return fixture_gc_finish(&f, 1);
}

static void bins_of_processes_add_up(void **state)
{
	static const uint64_t some[][3] = {
		{0, 0, 640}, {0, 10000000, 64}, {1, 10000000, 192}, {0, 50000000, 128}};

	(void)state;
	PAGE_HAS(bins(some, 4), "\"bins\":{\"width\":10000000,\"gap\":[0,0,3],\"bytes\":[640,256,"
				"128],\"objects\":[10,4,2]}");
}

/* Ten hours: a bin of the page is ten of the recording. */
static void bins_are_bounded(void **state)
{
	static const uint64_t some[][3] = {
		{0, 0, 640}, {0, 90000000, 64}, {0, 100000000, 128}, {1, 36000000000000, 64}};

	(void)state;
	PAGE_HAS(bins(some, 4), "\"bins\":{\"width\":100000000,\"gap\":[0,0,359998],\"bytes\":[704,"
				"128,64],\"objects\":[11,2,1]}");
}

static void assists_weigh_their_time(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");

	(void)state;
	fixture_gc_cycle(&f, 1, PROFILE_GC_HEAP, f.decode, 10, 20);
	fixture_gc_assist(&f, f.decode, 1, 3, 987654321);
	PAGE_HAS(fixture_gc_finish(&f, 100),
		 "\"kind\":[4],\"epoch\":[],\"type\":[],\"site\":[],\"objects\":[987654321],"
		 "\"bytes\":[0]",
		 "\"assists\":3,\"assist_ns\":987654321");
}

static void odd_times_do_no_harm(void **state)
{
	char *text = page_of(page_collected_odd());

	(void)state;
	assert_non_null(strstr(text, "\"bins\":{"));
	assert_true(strlen(text) < 1 << 20);
	free(text);
}

static void an_hour_fits_into_a_page(void **state)
{
	char *text = page_of(page_hour());

	(void)state;
	assert_true(strlen(text) < 10 << 20);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recordings_without_collections_have_none),
		cmocka_unit_test(cycles_are_columns),
		cmocka_unit_test(pauses_are_columns),
		cmocka_unit_test(memory_and_pools_are_columns),
		cmocka_unit_test(epochs_are_of_their_process),
		cmocka_unit_test(bins_of_processes_add_up),
		cmocka_unit_test(bins_are_bounded),
		cmocka_unit_test(assists_weigh_their_time),
		cmocka_unit_test(odd_times_do_no_harm),
		cmocka_unit_test(an_hour_fits_into_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
