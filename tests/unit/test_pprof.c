// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <regex.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "exported.h"
#include "fixture.h"

static void check_ids(const Pprof__Profile *m)
{
	for (size_t i = 0; i < m->n_mapping; i++)
		assert_int_equal(m->mapping[i]->id, i + 1);
	for (size_t i = 0; i < m->n_function; i++)
		assert_int_equal(m->function[i]->id, i + 1);
	for (size_t i = 0; i < m->n_location; i++) {
		const Pprof__Location *l = m->location[i];

		assert_int_equal(l->id, i + 1);
		assert_in_range(l->mapping_id, 0, m->n_mapping);
		assert_true(l->n_line >= 1);
		for (size_t j = 0; j < l->n_line; j++)
			assert_in_range(l->line[j]->function_id, 1, m->n_function);
	}
	for (size_t i = 0; i < m->n_sample; i++) {
		const Pprof__Sample *s = m->sample[i];

		assert_int_equal(s->n_value, m->n_sample_type);
		assert_true(s->n_location_id >= 1);
		for (size_t j = 0; j < s->n_location_id; j++)
			assert_in_range(s->location_id[j], 1, m->n_location);
	}
}

static const char *text_of(const Pprof__Profile *m, int64_t id)
{
	assert_in_range(id, 0, m->n_string_table - 1);
	return m->string_table[id];
}

static const Pprof__Label *label_of(const Pprof__Profile *m, const Pprof__Sample *s,
				    const char *key)
{
	for (size_t i = 0; i < s->n_label; i++) {
		if (!strcmp(text_of(m, s->label[i]->key), key))
			return s->label[i];
	}
	return NULL;
}

static const char *function_of(const Pprof__Profile *m, uint64_t location, size_t line)
{
	uint64_t id = m->location[location - 1]->line[line]->function_id;

	return text_of(m, m->function[id - 1]->name);
}

static void it_says_what_viewers_expect(void **state)
{
	static const char *const types[][2] = {{"alloc_objects", "count"},
					       {"alloc_space", "bytes"},
					       {"inuse_objects", "count"},
					       {"inuse_space", "bytes"},
					       {"map_inserts", "count"}};
	struct profile *p = fixture_small(1);
	Pprof__Profile *m = export_pprof(p);

	(void)state;
	check_ids(m);
	assert_string_equal(m->string_table[0], "");
	for (size_t i = 0; i < m->n_string_table; i++)
		assert_true(utf8_valid(m->string_table[i]));
	assert_int_equal(m->n_sample_type, ARRAY_SIZE(types));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		assert_string_equal(text_of(m, m->sample_type[i]->type), types[i][0]);
		assert_string_equal(text_of(m, m->sample_type[i]->unit), types[i][1]);
	}
	assert_string_equal(text_of(m, m->period_type->type), "space");
	assert_string_equal(text_of(m, m->period_type->unit), "bytes");
	assert_int_equal(m->period, 1);
	assert_string_equal(text_of(m, m->default_sample_type), "alloc_space");
	assert_int_equal(m->time_nanos, p->start_unix_ns);
	assert_int_equal(m->duration_nanos, p->duration_ns);

	assert_int_equal(m->n_mapping, 2);
	assert_string_equal(text_of(m, m->mapping[0]->filename), "/srv/bin/server");
	assert_string_equal(text_of(m, m->mapping[0]->build_id), "0123abcd");
	assert_int_equal(m->mapping[0]->memory_start, 0x400000);
	assert_int_equal(m->mapping[0]->memory_limit, 0x500000);
	assert_int_equal(m->mapping[0]->file_offset, 0x1000);
	assert_string_equal(text_of(m, m->mapping[1]->filename), "/usr/lib/libfoo.so");
	for (size_t i = 0; i < m->n_mapping; i++)
		assert_true(m->mapping[i]->has_functions && m->mapping[i]->has_filenames &&
			    m->mapping[i]->has_line_numbers && m->mapping[i]->has_inline_frames);
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

static void it_adds_up(void **state)
{
	struct profile *p = fixture_small(1);
	Pprof__Profile *m = export_pprof(p);

	(void)state;
	assert_int_equal(pprof_total(m, 0), FIXTURE_OBJECTS);
	assert_int_equal(pprof_total(m, 1), FIXTURE_BYTES);
	assert_int_equal(pprof_total(m, 2), 0);
	assert_int_equal(pprof_total(m, 3), 0);
	assert_int_equal(pprof_total(m, 4), FIXTURE_INSERTS);
	/* Allocations and inserts of "[lost stack]" are one sample, the rest has one each. */
	assert_int_equal(m->n_sample, p->n_samples - 1);
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

static void it_keeps_stacks_and_labels(void **state)
{
	struct profile *p = fixture_small(1);
	Pprof__Profile *m = export_pprof(p);
	const Pprof__Sample *s = m->sample[1], *lost = m->sample[5];
	const Pprof__Location *inlined;

	(void)state;
	/* Leaf first; load() is inlined into main(), innermost first. */
	assert_int_equal(s->n_location_id, 4);
	assert_string_equal(function_of(m, s->location_id[0], 0), "runtime.mallocgc");
	assert_string_equal(function_of(m, s->location_id[1], 0), "runtime.newobject");
	inlined = m->location[s->location_id[2] - 1];
	assert_int_equal(inlined->n_line, 2);
	assert_int_equal(inlined->address, 0x402100);
	assert_int_equal(inlined->mapping_id, 1);
	assert_string_equal(function_of(m, s->location_id[2], 0), "main.(*store).load");
	assert_string_equal(function_of(m, s->location_id[2], 1), "main.main");
	assert_int_equal(inlined->line[0]->line, 77);
	assert_int_equal(inlined->line[1]->line, 43);
	assert_string_equal(function_of(m, s->location_id[3], 0), "runtime.goexit");

	assert_int_equal(s->n_label, 2);
	assert_string_equal(text_of(m, label_of(m, s, "type")->str), "main.item");
	assert_int_equal(label_of(m, s, "bytes")->num, 64);
	assert_string_equal(text_of(m, label_of(m, s, "bytes")->num_unit), "bytes");
	/* Without a type, no such label. */
	assert_null(label_of(m, m->sample[0], "type"));
	assert_int_equal(label_of(m, m->sample[0], "bytes")->num, 64000 / 900);

	assert_string_equal(function_of(m, lost->location_id[0], 0), "[lost stack]");
	assert_int_equal(m->location[lost->location_id[0] - 1]->mapping_id, 0);
	assert_int_equal(lost->value[0], 3);
	assert_int_equal(lost->value[4], 23);
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

/* Types called alike have labels of their own, and wb_flushes is there when there are some. */
static void it_tells_types_apart(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "x"), stack = profile_builder_stack(b, NULL, 0, 0);
	struct profile_type t = {.name = profile_builder_str(b, "user.User"),
				 .package = profile_builder_str(b, "a/user"),
				 .kind = 25};
	struct profile_sample flushes = {
		.target = target, .stack = stack, .kind = PROFILE_WB_FLUSH, .objects = 17};
	Pprof__Profile *m;
	struct profile *p;

	(void)state;
	fixture_alloc(b, target, stack, profile_builder_type(b, &t, NULL, 0), 1, 8, 8);
	t.package = profile_builder_str(b, "b\xff/user");
	fixture_alloc(b, target, stack, profile_builder_type(b, &t, NULL, 0), 2, 16, 16);
	assert_int_equal(profile_builder_sample(b, &flushes), 0);
	p = fixture_finish(b);
	m = export_pprof(p);
	check_ids(m);
	for (size_t i = 0; i < m->n_string_table; i++)
		assert_true(utf8_valid(m->string_table[i]));
	assert_int_equal(m->n_sample, 3);
	assert_string_equal(text_of(m, label_of(m, m->sample[0], "type")->str), "a/user.User");
	assert_string_equal(text_of(m, label_of(m, m->sample[1], "type")->str),
			    "b\xef\xbf\xbd/user.User");
	assert_int_equal(m->n_sample_type, 6);
	assert_string_equal(text_of(m, m->sample_type[5]->type), "wb_flushes");
	assert_string_equal(text_of(m, m->sample_type[5]->unit), "count");
	assert_int_equal(pprof_total(m, 5), 17);
	assert_int_equal(pprof_total(m, 1), 24);
	assert_int_equal(m->sample[2]->n_label, 0);
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

static void it_tells_processes_apart(void **state)
{
	struct profile *p = fixture_small(2);
	Pprof__Profile *m = export_pprof(p);
	size_t second = 0;

	(void)state;
	for (size_t i = 0; i < m->n_sample; i++) {
		const char *pid = text_of(m, label_of(m, m->sample[i], "pid")->str);
		const char *comm = text_of(m, label_of(m, m->sample[i], "comm")->str);

		if (!strcmp(pid, "4712")) {
			assert_string_equal(comm, "wor;ker 2");
			second++;
		} else {
			assert_string_equal(pid, "4711");
			assert_string_equal(comm, "server");
		}
	}
	assert_int_equal(second, 2);
	assert_int_equal(pprof_total(m, 1), FIXTURE_BYTES);
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

static void its_comments_tell_the_conditions(void **state)
{
	static const char *const expected[] = {
		"alloctap v0.1-fixture, exact mode",
		"targets: server (pid 4711, go1.26.8)",
		("cost: 1.30k probe hits x 812 ns (700 ns trap, 112 ns program) = 3.1% of the "
		 "target's CPU time"),
		("cost: 3 new programs were held at the start until probes were in: 41.0ms in all, "
		 "21.0ms at most, 1 of them not long enough"),
		"lost: 3 stack_map_full: the map of stacks was full: raise --max-stacks",
		"lost: 2 recursion: the kernel skipped a nested probe",
		"inuse_* are 0: frees are not tracked",
	};
	struct profile *p = fixture_small(1);
	Pprof__Profile *m = export_pprof(p);

	(void)state;
	assert_int_equal(m->n_comment, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(text_of(m, m->comment[i]), expected[i]);
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

/* As viewers match it: the whole name up to its first "(". */
static bool dropped(const Pprof__Profile *m, const char *name)
{
	char anchored[1024], head[128];
	regex_t re;
	bool match;

	snprintf(anchored, sizeof(anchored), "^(%s)$", text_of(m, m->drop_frames));
	snprintf(head, sizeof(head), "%.*s", (int)strcspn(name, "("), name);
	assert_int_equal(regcomp(&re, anchored, REG_EXTENDED | REG_NOSUB), 0);
	match = !regexec(&re, head, 0, NULL, 0);
	regfree(&re);
	return match;
}

static void it_hides_the_allocator_only(void **state)
{
	static const char *const hidden[] = {
		"runtime.mallocgc",
		"runtime.mallocgcSmallScanNoHeaderSC7",
		"runtime.newobject",
		"runtime.makeslice",
		"runtime.growslice",
		"runtime.concatstring3",
		"runtime.slicebytetostring",
		"runtime.stringtoslicebyte",
		"runtime.rawstring",
		"runtime.convTstring",
		"runtime.makemap_small",
		"runtime.mapassign_fast64ptr",
		"internal/runtime/maps.(*Map).growToTable",
		"internal/runtime/maps.newarray",
		"reflect.unsafe_NewArray",
		"reflect.mapassign_faststr0",
	};
	static const char *const shown[] = {
		"main.main",
		"runtime.main",
		"runtime.goexit",
		"runtime.doInit1",
		"runtime.systemstack",
		"runtime.gopanic",
		"runtime.(*mheap).alloc",
		"reflect.Value.Call",
		"reflect.New",
		"main.mallocgc",
		"xruntime.newobject",
	};
	struct profile *p = fixture_small(1);
	Pprof__Profile *m = export_pprof(p);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		if (!dropped(m, hidden[i]))
			fail_msg("%s is shown", hidden[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		if (dropped(m, shown[i]))
			fail_msg("%s is hidden", shown[i]);
	}
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

static void large_profiles_stay_valid(void **state)
{
	struct profile *p = fixture_big(3000, 30);
	struct profile_totals t = profile_totals(p);
	Pprof__Profile *m = export_pprof(p);

	(void)state;
	check_ids(m);
	assert_int_equal(m->n_sample, 3000);
	assert_int_equal(m->n_location, p->n_locations);
	assert_int_equal(pprof_total(m, 0), t.alloc_objects);
	assert_int_equal(pprof_total(m, 1), t.alloc_bytes);
	pprof__profile__free_unpacked(m, NULL);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_viewers_expect),
		cmocka_unit_test(it_adds_up),
		cmocka_unit_test(it_keeps_stacks_and_labels),
		cmocka_unit_test(it_tells_types_apart),
		cmocka_unit_test(it_tells_processes_apart),
		cmocka_unit_test(its_comments_tell_the_conditions),
		cmocka_unit_test(it_hides_the_allocator_only),
		cmocka_unit_test(large_profiles_stay_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
