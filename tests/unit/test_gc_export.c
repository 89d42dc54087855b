// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Collections in the formats. UPDATE_GOLDEN=1 writes tests/golden/gc.* anew
 * instead of comparing with them; look at the difference then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pty.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "exported.h"
#include "golden.h"
#include "fixture_gc.h"
#include "profile/recording.h"

/* What is written from @from on. */
static void check_golden(const char *name, const struct exporter *e, struct export_options opts,
			 const char *from)
{
	bool hotspot = strstr(name, "hotspot");
	struct profile *p = hotspot ? fixture_gc_hotspot() : fixture_gc_small();
	size_t len;
	__auto_free char *all = export_text(p, e, opts, &len);
	char *text = strstr(all, from);

	assert_non_null(text);
	len -= (size_t)(text - all);
	profile_free(p);
	golden_check(name, text, len);
}

static void goldens_hold(void **state)
{
	struct export_options gc = {.view = VIEW_GC}, top = {.view = VIEW_GC, .top = 1};

	(void)state;
	check_golden("gc.txt", &exporter_text, gc, "\ncycles ");
	check_golden("gc_top1.txt", &exporter_text, top, "\ncycles ");
	check_golden("gc.json", &exporter_json, gc, "\t\"gc\": ");
	check_golden("gc.trace.json", &exporter_trace, gc, "{");
	check_golden("gc_hotspot.txt", &exporter_text, gc, "\ncycles ");
	check_golden("gc_hotspot.json", &exporter_json, gc, "\t\"gc\": ");
	check_golden("gc_hotspot.trace.json", &exporter_trace, gc, "{");
}

/* What tests/e2e/test_gc_formats.py exports; a recording of today, to be read for ever. */
static void the_recording_holds(void **state)
{
	struct profile *p = fixture_gc_small(), *read;
	FILE *out;

	(void)state;
	if (getenv("UPDATE_GOLDEN")) {
		out = fopen("tests/golden/gc.atap", "we");
		assert_non_null(out);
		assert_int_equal(recording_write(p, out), 0);
		fclose(out);
	}
	read = recording_read("tests/golden/gc.atap");
	assert_non_null(read);
	assert_int_equal(read->n_gc_cycles, p->n_gc_cycles);
	assert_int_equal(read->n_gc_pauses, p->n_gc_pauses);
	assert_int_equal(read->n_bins, p->n_bins);
	profile_free(read);
	profile_free(p);
}

static void suffixes_are_told_apart(void **state)
{
	(void)state;
	assert_ptr_equal(exporter_for_path("x.trace.json"), &exporter_trace);
	assert_ptr_equal(exporter_for_path("/a.trace/x.json"), &exporter_json);
	assert_ptr_equal(exporter_for_path("xtrace.json"), &exporter_json);
	assert_ptr_equal(exporter_by_name("trace"), &exporter_trace);
}

static void nothing_recorded_is_said(void **state)
{
	struct profile *p = fixture_small(1);
	size_t len;
	__auto_free char *text =
		export_text(p, &exporter_text, (struct export_options){.view = VIEW_GC}, &len);
	__auto_free char *json = export_text(p, &exporter_json, (struct export_options){0}, &len);
	__auto_free char *trace = export_text(p, &exporter_trace, (struct export_options){0}, &len);

	(void)state;
	assert_non_null(strstr(text, "\nNo collection ran and nothing stopped the world"));
	assert_null(strstr(json, "\"gc\""));
	assert_non_null(strstr(trace, "\"process_name\""));
	assert_null(strstr(trace, "\"X\""));
	profile_free(p);
}

/* Of a runtime whose allocations are not seen, zeros would be wrong. */
static void only_collections_are_said_to_be_all(void **state)
{
	static const enum report_view views[] = {VIEW_SITES, VIEW_TYPES, VIEW_MAPS};
	struct profile *p = fixture_gc_hotspot();
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		__auto_free char *text = export_text(
			p, &exporter_text, (struct export_options){.view = views[i]}, &len);

		assert_null(strstr(text, "\nallocated"));
		assert_null(strstr(text, "Nothing was"));
		assert_non_null(strstr(text, "\ncollections  2, 2 pauses of 12.0ms in all\n"));
		assert_non_null(strstr(text, "\nOnly collections were recorded, no allocations: "
					     "--view gc shows them.\n"));
	}
	profile_free(p);
}

static void a_sound_program_is_told_so(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");
	struct profile *p;
	char *text;
	size_t len;

	(void)state;
	fixture_gc_alloc(&f, f.decode, "", 0, 1, 1000);
	fixture_gc_whole_cycle(&f, 1, PROFILE_GC_HEAP, f.decode, 10 * FIXTURE_MS);
	fixture_gc_whole_cycle(&f, 3, PROFILE_GC_HEAP, f.decode, 50 * FIXTURE_MS);
	p = fixture_gc_finish(&f, 100 * FIXTURE_MS);
	text = export_text(p, &exporter_text, (struct export_options){.view = VIEW_GC}, &len);
	assert_non_null(
		strstr(text, "\npatterns     none of those known to be trouble was found\n"));
	assert_non_null(strstr(text, "             100.0us of them by cycles whose cause was not "
				     "recorded\n"));
	free(text);
	profile_free(p);
}

/* What a terminal of that width is shown. */
static void show(const struct profile *p, unsigned short width, char *text, size_t size)
{
	struct winsize window = {.ws_row = 24, .ws_col = width};
	struct export_options opts = {.view = VIEW_GC};
	size_t len = 0;
	ssize_t n;
	int screen, status;
	pid_t child = forkpty(&screen, NULL, NULL, &window);

	assert_true(child >= 0);
	if (!child)
		_exit(exporter_text.write(p, &opts, stdout) || fflush(stdout));
	/* EIO once the other end is closed. */
	while ((n = read(screen, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = 0;
	close(screen);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void the_view_fits_its_terminal(void **state)
{
	static const unsigned short widths[] = {60, 80, 100, 110, 120, 132};
	struct profile *p = fixture_gc_small();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		char text[16384], *view, *site;

		show(p, widths[i], text, sizeof(text));
		view = strstr(text, "\ncycles ");
		assert_non_null(view);
		site = strstr(view, "main.render");
		assert_non_null(site);
		for (char *line; (line = strsep(&view, "\n"));) {
			if (utf8_length(line) > (size_t)widths[i] + 1)
				fail_msg("%zu columns of %u: %s", utf8_length(line) - 1, widths[i],
					 line);
		}
	}
	profile_free(p);
}

static void memory_and_pools_fit_too(void **state)
{
	struct profile *p = fixture_gc_hotspot();
	char text[16384], *view;

	(void)state;
	show(p, 60, text, sizeof(text));
	view = strstr(text, "\nmemory ");
	assert_non_null(view);
	assert_non_null(strstr(view, "\npools        G1 Eden Space: up to 24.0MB before"));
	for (char *line; (line = strsep(&view, "\n"));)
		assert_in_range(utf8_length(line), 0, 61);
	profile_free(p);
}

/* Slices that are open on one track. */
struct track {
	double ends[16];
	size_t n;
};

/* Every slice of a trace lies in the one that is open on its track, or behind it. */
static size_t check_nesting(const struct profile *p)
{
	size_t len, slices = 0;
	char *trace = export_text(p, &exporter_trace, (struct export_options){0}, &len);
	struct track tracks[8] = {0};
	double last = 0;

	for (char *next = trace, *line; (line = strsep(&next, "\n"));) {
		char *place = strstr(line, "\"tid\": ");
		double ts, dur;
		struct track *t;
		unsigned int tid;

		if (!strstr(line, "\"ph\": \"X\""))
			continue;
		assert_int_equal(
			sscanf(place, "\"tid\": %u, \"ts\": %lf, \"dur\": %lf", &tid, &ts, &dur),
			3);
		assert_in_range(tid, 1, ARRAY_SIZE(tracks) - 1);
		assert_true(dur >= 0 && ts >= last);
		last = ts;
		t = &tracks[tid];
		while (t->n && t->ends[t->n - 1] <= ts)
			t->n--;
		if (t->n && ts + dur > t->ends[t->n - 1] + 1e-6)
			fail_msg("sticks out until %f: %s", t->ends[t->n - 1], line);
		assert_true(t->n < ARRAY_SIZE(t->ends));
		t->ends[t->n++] = ts + dur;
		slices++;
	}
	free(trace);
	return slices;
}

static void slices_nest(void **state)
{
	struct fixture_gc f = fixture_gc_begin("go");
	struct profile_gc_cycle unfinished = {
		.start_ns = 690 * FIXTURE_MS, .target = f.target, .epoch = 9, .stack = f.decode};
	struct profile *p = fixture_gc_small();

	(void)state;
	assert_int_equal(check_nesting(p), 6 + 13 * 3 + 6);
	profile_free(p);

	/* Six cycles that overlap, more than there are tracks; pauses within and across. */
	for (uint32_t c = 1; c <= 6; c++) {
		fixture_gc_cycle(&f, c, PROFILE_GC_HEAP, f.decode, c * 10 * FIXTURE_MS,
				 (c % 2 ? 100 : 33) * FIXTURE_MS);
		fixture_gc_pause(&f, c, f.sweep, f.decode, c * 10 * FIXTURE_MS - 5000, 10000, 90);
		fixture_gc_pause(&f, c, f.mark, f.decode, c * 10 * FIXTURE_MS + 2000, 10000, 0);
		fixture_gc_pause(&f, c, f.mark, f.decode, (c * 10 + 100) * FIXTURE_MS, 0, 0);
		fixture_gc_pause(&f, 0, f.stats, f.metrics, c * 10 * FIXTURE_MS, 8 * FIXTURE_MS,
				 9 * FIXTURE_MS);
	}
	fixture_gc_pause(&f, 77, f.mark, f.decode, 3 * FIXTURE_MS, 50 * FIXTURE_MS, 7);
	assert(!profile_builder_gc_cycle(f.b, &unfinished));
	p = fixture_gc_finish(&f, 700 * FIXTURE_MS);
	assert_int_equal(check_nesting(p), 7 + 6 * (3 + 2 + 1 + 3) + 3 + 6);
	profile_free(p);
}

static const char *type_of(const Pprof__Profile *m, size_t value)
{
	return m->string_table[m->sample_type[value]->type];
}

/* The number of the cycle of a sample; 0: it has none. */
static int64_t cycle_of(const Pprof__Profile *m, const Pprof__Sample *s)
{
	for (size_t i = 0; i < s->n_label; i++) {
		if (!strcmp(m->string_table[s->label[i]->key], "gc_cycle"))
			return s->label[i]->num;
	}
	return 0;
}

static void pprof_has_pauses_and_assists(void **state)
{
	struct profile *p = fixture_gc_small();
	Pprof__Profile *m = export_pprof(p);

	(void)state;
	assert_int_equal(m->n_sample_type, 7);
	assert_string_equal(type_of(m, 5), "gc_pause");
	assert_string_equal(m->string_table[m->sample_type[5]->unit], "nanoseconds");
	assert_string_equal(type_of(m, 6), "gc_assist");
	assert_int_equal(pprof_total(m, 1), profile_totals(p).alloc_bytes);
	assert_int_equal(pprof_total(m, 4), 500);
	assert_int_equal(pprof_total(m, 5), 635000);
	assert_int_equal(pprof_total(m, 6), 12 * FIXTURE_MS);
	for (size_t i = 0; i < m->n_sample; i++) {
		assert_int_equal(m->sample[i]->n_value, 7);
		assert_int_equal(cycle_of(m, m->sample[i]), 0);
	}
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

/* A cycle, its pauses and what led to it have one number. */
static void pprof_tells_cycles_apart_on_demand(void **state)
{
	struct profile *p = fixture_gc_small();
	Pprof__Profile *m = export_pprof_with(p, (struct export_options){.gc_cycle = true});
	int64_t bytes[FIXTURE_GC_CYCLES + 2] = {0}, pauses[FIXTURE_GC_CYCLES + 2] = {0};
	int64_t assists[FIXTURE_GC_CYCLES + 2] = {0};

	(void)state;
	for (size_t i = 0; i < m->n_sample; i++) {
		int64_t cycle = cycle_of(m, m->sample[i]);

		assert_in_range(cycle, 0, FIXTURE_GC_CYCLES + 1);
		bytes[cycle] += m->sample[i]->value[1];
		pauses[cycle] += m->sample[i]->value[5];
		assists[cycle] += m->sample[i]->value[6];
	}
	assert_int_equal(bytes[0], 0);
	assert_int_equal(pauses[0], 35000);
	for (int64_t c = 1; c <= FIXTURE_GC_CYCLES; c++) {
		assert_int_equal(bytes[c], FIXTURE_GC_EPOCH);
		assert_int_equal(pauses[c], 100000);
		assert_int_equal(assists[c], c == 2 ? 8 * FIXTURE_MS : c == 3 ? 4 * FIXTURE_MS : 0);
	}
	assert_int_equal(bytes[FIXTURE_GC_CYCLES + 1], FIXTURE_GC_EPOCH);
	pprof__profile__free_unpacked(m, NULL);

	/* Of what was folded nobody knows the cycle. */
	p->epochs_folded = 2;
	m = export_pprof_with(p, (struct export_options){.gc_cycle = true});
	bytes[0] = bytes[3] = assists[0] = assists[2] = 0;
	for (size_t i = 0; i < m->n_sample; i++) {
		int64_t cycle = cycle_of(m, m->sample[i]);

		if (cycle == 0 || cycle == 3)
			bytes[cycle] += m->sample[i]->value[1];
		if (cycle == 0 || cycle == 2)
			assists[cycle] += m->sample[i]->value[6];
	}
	assert_int_equal(bytes[0], FIXTURE_GC_EPOCH);
	assert_int_equal(bytes[3], 0);
	assert_int_equal(assists[0], 8 * FIXTURE_MS);
	assert_int_equal(assists[2], 0);
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens_hold),
		cmocka_unit_test(the_recording_holds),
		cmocka_unit_test(suffixes_are_told_apart),
		cmocka_unit_test(nothing_recorded_is_said),
		cmocka_unit_test(only_collections_are_said_to_be_all),
		cmocka_unit_test(a_sound_program_is_told_so),
		cmocka_unit_test(the_view_fits_its_terminal),
		cmocka_unit_test(memory_and_pools_fit_too),
		cmocka_unit_test(slices_nest),
		cmocka_unit_test(pprof_has_pauses_and_assists),
		cmocka_unit_test(pprof_tells_cycles_apart_on_demand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
