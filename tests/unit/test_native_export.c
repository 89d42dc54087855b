// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Native heaps in the formats. UPDATE_GOLDEN=1 writes tests/golden/native.* anew
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
#include "profile/recording.h"
#include "report/space.h"
#include "report/stack_ends.h"

static void check_golden(const char *name, const struct exporter *e, struct export_options opts)
{
	struct profile *p = fixture_native();
	size_t len;
	__auto_free char *text = export_text(p, e, opts, &len);

	profile_free(p);
	golden_check(name, text, len);
}

static void goldens_hold(void **state)
{
	struct export_options inuse = {.unit = UNIT_INUSE}, objects = {.unit = UNIT_INUSE_OBJECTS};

	(void)state;
	check_golden("native.txt", &exporter_text, (struct export_options){0});
	check_golden("native.json", &exporter_json, (struct export_options){0});
	check_golden("native.inuse.folded", &exporter_folded, inuse);
	check_golden("native.inuse_objects.folded", &exporter_folded, objects);
}

static void the_recording_holds(void **state)
{
	struct profile *p = fixture_native(), *read;
	FILE *out;

	(void)state;
	if (getenv("UPDATE_GOLDEN")) {
		out = fopen("tests/golden/native.atap", "we");
		assert_non_null(out);
		assert_int_equal(recording_write(p, out), 0);
		fclose(out);
	}
	read = recording_read("tests/golden/native.atap");
	assert_non_null(read);
	assert_int_equal(read->n_live, p->n_live);
	assert_true(read->heap.recorded);
	assert_int_equal(profile_totals(read).live_bytes, NATIVE_LIVE_BYTES);
	profile_free(read);
	profile_free(p);
}

static void totals_are_of_their_kind(void **state)
{
	struct profile *p = fixture_native();
	struct profile_totals t = profile_totals(p);

	(void)state;
	assert_int_equal(t.alloc_objects, NATIVE_ALLOCS);
	assert_int_equal(t.alloc_bytes, NATIVE_ALLOC_BYTES);
	assert_int_equal(t.free_objects, NATIVE_FREES);
	assert_int_equal(t.free_bytes, NATIVE_FREED_BYTES);
	assert_int_equal(t.live_objects, NATIVE_LIVE);
	assert_int_equal(t.live_bytes, NATIVE_LIVE_BYTES);
	assert_int_equal(t.alloc_bytes - t.free_bytes, t.live_bytes);
	assert_int_equal(t.wb_flushes, 0);
	profile_free(p);
}

/* What lives, by stack, and who it belongs to. */
static void pprof_has_what_lives(void **state)
{
	struct profile *p = fixture_native();
	Pprof__Profile *m = export_pprof(p);
	size_t containers = 0;

	(void)state;
	assert_string_equal(m->string_table[m->sample_type[2]->type], "inuse_objects");
	assert_string_equal(m->string_table[m->sample_type[3]->type], "inuse_space");
	assert_int_equal(pprof_total(m, 0), NATIVE_ALLOCS);
	assert_int_equal(pprof_total(m, 1), NATIVE_ALLOC_BYTES);
	assert_int_equal(pprof_total(m, 2), NATIVE_LIVE);
	assert_int_equal(pprof_total(m, 3), NATIVE_LIVE_BYTES);
	/* One sample for what was allocated at a stack and what lives of it. */
	assert_int_equal(m->n_sample, 4);
	for (size_t i = 0; i < m->n_sample; i++) {
		for (size_t j = 0; j < m->sample[i]->n_label; j++) {
			const Pprof__Label *l = m->sample[i]->label[j];

			if (strcmp(m->string_table[l->key], "container"))
				continue;
			containers++;
			assert_string_equal(m->string_table[l->str], "3f1c0a9be2d4");
			assert_int_equal(m->sample[i]->value[3], 64);
		}
	}
	assert_int_equal(containers, 1);
	assert_non_null(strstr(m->string_table[m->drop_frames], "|operator new(\\[\\])?|"));
	for (size_t i = 0; i < m->n_comment; i++)
		assert_null(strstr(m->string_table[m->comment[i]], "inuse_"));
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

static void partial_heaps_are_called_so(void **state)
{
	struct profile *p = fixture_native();
	Pprof__Profile *m;
	size_t len;
	__auto_free char *text = NULL;

	(void)state;
	p->heap.partial_since_ns = 1500000000;
	text = export_text(p, &exporter_text, (struct export_options){0}, &len);
	assert_non_null(strstr(text, "partial: from 1.50s on there was no room for new blocks"));
	m = export_pprof(p);
	assert_string_equal(m->string_table[m->comment[m->n_comment - 1]],
			    "inuse_* are partial: there was no room for all that lived");
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

static void stacks_that_are_not_whole_have_reasons(void **state)
{
	struct profile *p = fixture_native();
	struct stack_ends e = stack_ends_count(p);

	(void)state;
	assert_int_equal(e.hits, NATIVE_ALLOCS + 6);
	assert_int_equal(e.frame_pointer, 7);
	assert_int_equal(e.reasons[STACK_END_NO_TABLE], 50);
	assert_int_equal(e.reasons[STACK_END_BAD_FRAME], 6);
	assert_int_equal(e.reasons[STACK_END_LOST] + e.reasons[STACK_END_DEEP], 0);
	assert_int_equal(e.whole, e.hits - 56);
	profile_free(p);
	p = fixture_small(1);
	e = stack_ends_count(p);
	assert_int_equal(e.reasons[STACK_END_LOST], 26);
	assert_int_equal(e.reasons[STACK_END_DEEP], 10);
	profile_free(p);
}

static void address_space_is_its_callers(void **state)
{
	struct profile *p = fixture_native();
	struct space_table *t = space_table_new(p);

	(void)state;
	assert_non_null(t);
	assert_int_equal(t->n, 3);
	assert_int_equal(t->rows[0].kind, PROFILE_MMAP);
	assert_string_equal(profile_str(p, p->functions[t->rows[0].site.function].name), "malloc");
	/* Without a caller, the function itself. */
	assert_int_equal(t->rows[1].kind, PROFILE_BRK);
	assert_string_equal(profile_str(p, p->functions[t->rows[1].site.function].name), "sbrk");
	assert_int_equal(t->totals[PROFILE_MUNMAP - PROFILE_MMAP].bytes, 4096);
	assert_int_equal(t->totals[PROFILE_MREMAP - PROFILE_MMAP].calls, 0);
	space_table_free(t);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens_hold),
		cmocka_unit_test(the_recording_holds),
		cmocka_unit_test(totals_are_of_their_kind),
		cmocka_unit_test(pprof_has_what_lives),
		cmocka_unit_test(partial_heaps_are_called_so),
		cmocka_unit_test(stacks_that_are_not_whole_have_reasons),
		cmocka_unit_test(address_space_is_its_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
