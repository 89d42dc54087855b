// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * UPDATE_GOLDEN=1 writes tests/golden/fixture.atap anew. Do that only together
 * with a new format version: that file stands for recordings people have.
 */
#include "recording_lab.h"

#define GOLDEN "tests/golden/fixture.atap"

static void check_equal_gc(const struct profile *a, const struct profile *b)
{
	assert_int_equal(a->epochs_folded, b->epochs_folded);
	assert_int_equal(a->n_gc_cycles, b->n_gc_cycles);
	for (size_t i = 0; i < a->n_gc_cycles; i++)
		/* Not the padding behind it. */
		assert_memory_equal(&a->gc_cycles[i], &b->gc_cycles[i],
				    offsetof(struct profile_gc_cycle, name) + sizeof(str_id));
	assert_int_equal(a->n_gc_pauses, b->n_gc_pauses);
	for (size_t i = 0; i < a->n_gc_pauses; i++) {
		assert_memory_equal(&a->gc_pauses[i], &b->gc_pauses[i],
				    offsetof(struct profile_gc_pause, reason) + sizeof(str_id));
		assert_int_equal(a->gc_pauses[i].gc, b->gc_pauses[i].gc);
		assert_int_equal(a->gc_pauses[i].stack, b->gc_pauses[i].stack);
	}
	assert_int_equal(a->n_bins, b->n_bins);
	for (size_t i = 0; i < a->n_bins; i++) {
		assert_int_equal(a->bins[i].time_ns, b->bins[i].time_ns);
		assert_int_equal(a->bins[i].target, b->bins[i].target);
		assert_int_equal(a->bins[i].objects, b->bins[i].objects);
		assert_int_equal(a->bins[i].bytes, b->bins[i].bytes);
	}
}

static void check_equal_live(const struct profile *a, const struct profile *b)
{
	assert_memory_equal(&a->heap, &b->heap, sizeof(a->heap));
	assert_int_equal(a->n_live, b->n_live);
	for (size_t i = 0; i < a->n_live; i++)
		assert_memory_equal(&a->live[i], &b->live[i], sizeof(a->live[i]));
}

/* The same tables in the same order, and the same strings in them. */
static void check_equal(const struct profile *a, const struct profile *b)
{
#define SAME_TABLE(table)                                                                          \
	do {                                                                                       \
		assert_int_equal(a->n_##table, b->n_##table);                                      \
		if (a->n_##table)                                                                  \
			assert_memory_equal(a->table, b->table, a->n_##table * sizeof(*a->table)); \
	} while (0)
	SAME_TABLE(targets);
	SAME_TABLE(functions);
	SAME_TABLE(lines);
	SAME_TABLE(stack_locations);
	SAME_TABLE(stacks);
	SAME_TABLE(losses);
	assert_int_equal(a->n_mappings, b->n_mappings);
	for (size_t i = 0; i < a->n_mappings; i++)
		/* Not the padding behind it. */
		assert_memory_equal(&a->mappings[i], &b->mappings[i],
				    offsetof(struct profile_mapping, build_id) + sizeof(str_id));
	assert_int_equal(a->n_locations, b->n_locations);
	for (size_t i = 0; i < a->n_locations; i++) {
		assert_int_equal(a->locations[i].address, b->locations[i].address);
		assert_int_equal(a->locations[i].mapping, b->locations[i].mapping);
		assert_int_equal(a->locations[i].first_line, b->locations[i].first_line);
		assert_int_equal(a->locations[i].n_lines, b->locations[i].n_lines);
	}
	assert_int_equal(a->n_types, b->n_types);
	for (size_t i = 0; i < a->n_types; i++)
		assert_memory_equal(&a->types[i], &b->types[i],
				    offsetof(struct profile_type, n_fields) + sizeof(uint32_t));
	assert_int_equal(a->n_fields, b->n_fields);
	for (size_t i = 0; i < a->n_fields; i++) {
		assert_int_equal(a->fields[i].offset, b->fields[i].offset);
		assert_int_equal(a->fields[i].name, b->fields[i].name);
		assert_int_equal(a->fields[i].type, b->fields[i].type);
		assert_int_equal(a->fields[i].embedded, b->fields[i].embedded);
	}
	SAME_TABLE(growths);
	assert_int_equal(a->n_samples, b->n_samples);
	for (size_t i = 0; i < a->n_samples; i++) {
		assert_memory_equal(&a->samples[i], &b->samples[i],
				    offsetof(struct profile_sample, type) + sizeof(str_id));
		assert_int_equal(a->samples[i].objects, b->samples[i].objects);
		assert_int_equal(a->samples[i].bytes, b->samples[i].bytes);
		assert_int_equal(a->samples[i].requested, b->samples[i].requested);
		assert_int_equal(a->samples[i].entries, b->samples[i].entries);
		assert_int_equal(a->samples[i].ns, b->samples[i].ns);
	}
	check_equal_gc(a, b);
	check_equal_live(a, b);
	assert_int_equal(a->n_strings, b->n_strings);
	for (uint32_t i = 0; i < a->n_strings; i++)
		assert_string_equal(profile_str(a, i), profile_str(b, i));
	assert_int_equal(a->tool_version, b->tool_version);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->start_unix_ns, b->start_unix_ns);
	assert_int_equal(a->duration_ns, b->duration_ns);
	assert_int_equal(a->stacks_truncated, b->stacks_truncated);
	assert_int_equal(a->stacks_broken, b->stacks_broken);
	assert_memory_equal(&a->cost, &b->cost, sizeof(a->cost));
}

static void what_was_written_is_read(void **state)
{
	struct profile *profiles[] = {fixture_small(1),
				      fixture_small(2),
				      fixture_big(2000, 20),
				      fixture_gc_small(),
				      fixture_finish(profile_builder_new()),
				      fixture_native()};

	(void)state;
	profiles[3]->epochs_folded = 2;
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct bytes b = record(profiles[i]);
		struct profile *p = recording_parse("x.atap", b.data, b.len);

		assert_non_null(p);
		check_equal(profiles[i], p);
		profile_free(p);
		profile_free(profiles[i]);
		free(b.data);
	}
}

static void old_recordings_stay_readable(void **state)
{
	struct profile *expected = fixture_small(2), *p;

	(void)state;
	if (getenv("UPDATE_GOLDEN")) {
		FILE *out = fopen(GOLDEN, "we");

		assert_non_null(out);
		assert_int_equal(recording_write(expected, out), 0);
		assert_int_equal(fclose(out), 0);
	}
	p = recording_read(GOLDEN);
	assert_non_null(p);
	check_equal(expected, p);
	profile_free(expected);
	profile_free(p);
}

static void a_cut_recording_is_refused_wherever_cut(void **state)
{
	struct profile *p = fixture_small(1);
	struct bytes b = record(p);

	(void)state;
	for (size_t len = 0; len < b.len; len++) {
		/* A copy of its own, so that reading behind the end is seen. */
		char *cut = malloc(len ? len : 1);

		memcpy(cut, b.data, len);
		check_refused(cut, len, EBADMSG,
			      len < 8 ? "x.atap: not an alloctap recording"
				      : "x.atap: damaged recording: ");
		free(cut);
	}
	free(b.data);
	profile_free(p);
}

static void a_flipped_bit_changes_nothing_unseen(void **state)
{
	struct profile *p = fixture_small(1);
	struct bytes b = record(p);
	size_t refused = 0;
	char said[512];

	(void)state;
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		struct profile *q;
		int err;

		b.data[bit / 8] ^= (char)(1 << bit % 8);
		q = parse_quietly(b.data, b.len, &err, said, sizeof(said));
		b.data[bit / 8] ^= (char)(1 << bit % 8);
		if (!q) {
			assert_int_equal(lines_in(said), 1);
			assert_true(err == EBADMSG || err == ENOTSUP);
			refused++;
			continue;
		}
		/* Some bits say nothing, as those of gzip's time of packing. */
		check_equal(p, q);
		profile_free(q);
	}
	assert_true(refused > b.len * 7);
	free(b.data);
	profile_free(p);
}

static void headers_are_told_apart(void **state)
{
	struct profile *p = fixture_small(1);
	struct bytes b = record(p);
	struct recording_header *header = (struct recording_header *)b.data;
	char *longer;

	(void)state;
	header->version = htole32(7);
	check_refused(b.data, b.len, ENOTSUP,
		      "x.atap: recording format 7 is newer than this alloctap (1): use a newer "
		      "alloctap\n");
	header->version = 0;
	check_refused(b.data, b.len, EBADMSG, "x.atap: damaged recording: ");
	header->version = htole32(1);
	header->zero = 1;
	check_refused(b.data, b.len, EBADMSG, "x.atap: damaged recording: ");
	header->zero = 0;
	longer = malloc(b.len + 1);
	memcpy(longer, b.data, b.len);
	longer[b.len] = 0;
	check_refused(longer, b.len + 1, EBADMSG, "x.atap: damaged recording: ");
	check_refused("\x1f\x8b\x08 something else", 17, EBADMSG, "not an alloctap recording");
	free(longer);
	free(b.data);
	profile_free(p);
}

static int read_it(const char *path)
{
	struct profile *p = recording_read(path);
	int err = p ? 0 : -errno;

	profile_free(p);
	return err;
}

static void files_that_cannot_be_read_are_named(void **state)
{
	static const struct {
		const char *path;
		int err;
		const char *said;
	} cases[] = {
		{"/no/such.atap", -ENOENT,
		 "alloctap: /no/such.atap: cannot be read: No such file or directory\n"},
		{"/tmp", -EISDIR, "alloctap: /tmp: cannot be read: Is a directory\n"},
		{"/dev/null", -EBADMSG, "alloctap: /dev/null: not an alloctap recording\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct capture c = capture_begin();
		char said[512];
		int err = read_it(cases[i].path);

		capture_end(&c, said, sizeof(said));
		assert_int_equal(err, cases[i].err);
		assert_string_equal(said, cases[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(old_recordings_stay_readable),
		cmocka_unit_test(a_cut_recording_is_refused_wherever_cut),
		cmocka_unit_test(a_flipped_bit_changes_nothing_unseen),
		cmocka_unit_test(headers_are_told_apart),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
