// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * UPDATE_GOLDEN=1 writes tests/golden/fixture.atap anew. Do that only together
 * with a new format version: that file stands for recordings people have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/gzip.h"
#include "capture.h"
#include "fixture.h"
#include "fixture_gc.h"
#include "profile/recording.h"
#include "profile/recording.pb-c.h"
#include "profile/recording_file.h"

#define GOLDEN "tests/golden/fixture.atap"

struct bytes {
	char *data;
	size_t len;
};

static struct bytes record(const struct profile *p)
{
	struct bytes b;
	FILE *out = open_memstream(&b.data, &b.len);

	assert_non_null(out);
	assert_int_equal(recording_write(p, out), 0);
	assert_int_equal(fclose(out), 0);
	return b;
}

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
	struct profile *profiles[] = {fixture_small(1), fixture_small(2), fixture_big(2000, 20),
				      fixture_gc_small(), fixture_finish(profile_builder_new())};

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

static struct profile *parse_quietly(const void *data, size_t len, int *err, char *said,
				     size_t size)
{
	struct capture c = capture_begin();
	struct profile *p;

	errno = 0;
	p = recording_parse("x.atap", data, len);
	*err = errno;
	capture_end(&c, said, size);
	return p;
}

static size_t lines_in(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

/* Reading fails with @expected as errno, saying one line that has @words. */
static void check_refused(const void *data, size_t len, int expected, const char *words)
{
	char said[512];
	int err;

	assert_null(parse_quietly(data, len, &err, said, sizeof(said)));
	assert_int_equal(err, expected);
	if (lines_in(said) != 1 || !strstr(said, words))
		fail_msg("said \"%s\", not \"%s\"", said, words);
}

static void endless_inlining_is_refused(void **state)
{
	enum { MOST = 4096 };
	struct profile_line lines[MOST + 1] = {{0}};

	(void)state;
	for (size_t n = MOST; n <= MOST + 1; n++) {
		struct profile_builder *b = profile_builder_new();
		struct profile *p, *again;
		struct bytes written;
		char said[512];
		int err;

		for (size_t i = 0; i < n; i++)
			lines[i].function = fixture_function(b, "f", "f.go", FUNCTION_GO);
		profile_builder_location(b, 1, PROFILE_NONE, lines, n);
		p = fixture_finish(b);
		written = record(p);
		if (n > MOST) {
			check_refused(written.data, written.len, EBADMSG,
				      "location 0 has 4097 lines");
		} else {
			again = parse_quietly(written.data, written.len, &err, said, sizeof(said));
			assert_non_null(again);
			profile_free(again);
		}
		profile_free(p);
		free(written.data);
	}
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

/* A recording of any message, with a good header and checksum. */
static struct bytes wrap(const ProtobufCMessage *m)
{
	struct recording_header header = {.magic = RECORDING_MAGIC, .version = htole32(1)};
	struct bytes b;
	FILE *out = open_memstream(&b.data, &b.len);
	struct gzip_stream *s = gzip_stream_new(out);

	fwrite(&header, sizeof(header), 1, out);
	/* The header must come first: the stream writes when it ends. */
	gzip_stream_message(s, m);
	gzip_stream_finish(s);
	fclose(out);
	return b;
}

/* A fixture as a message to be spoilt. */
static Alloctap__Recording *message_of(struct profile *p)
{
	struct bytes b = record(p);
	size_t skip = sizeof(struct recording_header), len;
	Alloctap__Recording *m;
	uint8_t *unpacked;

	assert_int_equal(gzip_unpack(b.data + skip, b.len - skip, 1 << 20, &unpacked, &len), 0);
	m = alloctap__recording__unpack(NULL, len, unpacked);
	assert_non_null(m);
	free(unpacked);
	free(b.data);
	profile_free(p);
	return m;
}

static Alloctap__Recording *message(void)
{
	return message_of(fixture_small(1));
}

static void check_spoilt(Alloctap__Recording *m, const char *words)
{
	struct bytes b = wrap(&m->base);

	check_refused(b.data, b.len, EBADMSG, words);
	free(b.data);
}

/* Sets one thing of a good message, which must then be refused; puts it back. */
#define SPOIL(m, lvalue, value, words)               \
	do {                                         \
		__typeof__(lvalue) kept_ = (lvalue); \
		(lvalue) = (value);                  \
		check_spoilt(m, words);              \
		(lvalue) = kept_;                    \
	} while (0)

static void every_index_is_checked(void **state)
{
	Alloctap__Recording *m = message();
	uint32_t none = UINT32_MAX;

	(void)state;
	SPOIL(m, m->targets->comm[0], none, "no string 4294967295: there are ");
	SPOIL(m, m->targets->exe[0], none, "no string");
	SPOIL(m, m->targets->runtime[0], none, "no string");
	SPOIL(m, m->targets->version[0], none, "no string");
	SPOIL(m, m->mappings->target[1], 1, "no target 1: there are 1");
	SPOIL(m, m->mappings->file[1], none, "no string");
	SPOIL(m, m->mappings->build_id[1], none, "no string");
	SPOIL(m, m->functions->name[2], none, "no string");
	SPOIL(m, m->functions->system_name[2], none, "no string");
	SPOIL(m, m->functions->file[2], none, "no string");
	SPOIL(m, m->functions->category[2], FUNCTION_CATEGORY_MAX, "no function category");
	SPOIL(m, m->lines->function[3], (uint32_t)m->functions->n_name, "no function");
	SPOIL(m, m->locations->mapping[0], 3, "no mapping 2: there are 2");
	SPOIL(m, m->locations->line_count[0], 0, "0 lines where");
	SPOIL(m, m->locations->line_count[0], none, "lines where");
	SPOIL(m, m->locations->line_count[m->locations->n_address - 1], 2, "2 lines where 1");
	SPOIL(m, m->stacks->location_count[0], 0, "0 frames where");
	SPOIL(m, m->stacks->location_count[0], 1, "frames of no stack");
	SPOIL(m, m->stacks->location_count[0], 40, "40 frames where");
	SPOIL(m, m->stacks->locations[0], (uint32_t)m->locations->n_address, "no location");
	SPOIL(m, m->samples->stack[0], (uint32_t)m->stacks->n_flags, "no stack");
	SPOIL(m, m->samples->target[0], 1, "no target");
	SPOIL(m, m->samples->kind[0], PROFILE_KIND_MAX, "no kind");
	SPOIL(m, m->samples->type[0], none, "no type");
	SPOIL(m, m->types->name[1], none, "no string");
	SPOIL(m, m->types->package[1], none, "no string");
	SPOIL(m, m->types->key[1], 1, "type 1 has a key of type 1");
	SPOIL(m, m->types->elem[1], none, "type 1 has elements of type");
	SPOIL(m, m->types->group[1], 2, "type 1 has groups of type 2");
	SPOIL(m, m->types->size[1], 1ull << 48, "type 1 is larger than memory");
	SPOIL(m, m->types->field_count[0], 4, "4 fields where 3 are left");
	SPOIL(m, m->fields->name[0], none, "no string");
	SPOIL(m, m->fields->type[0], (uint32_t)m->types->n_name - 2, "has a field of type");
	SPOIL(m, m->growths->stack[0], (uint32_t)m->stacks->n_flags, "no stack");
	SPOIL(m, m->growths->target[0], 1, "no target");
	SPOIL(m, m->growths->type[0], none, "no type");
	SPOIL(m, m->growths->how[0], PROFILE_GROWTH_MAX, "no way to grow");
	SPOIL(m, m->growths->level[0], 64, "no table size");
	SPOIL(m, m->losses->reason[0], none, "no string");
	SPOIL(m, m->losses->text[0], none, "no string");
	SPOIL(m, m->tool_version, none, "no string");
	SPOIL(m, m->mode, none, "no string");
	alloctap__recording__free_unpacked(m, NULL);
}

static void collections_are_checked(void **state)
{
	Alloctap__Recording *m = message_of(fixture_gc_small());
	Alloctap__GcCycles *c = m->gc_cycles;
	Alloctap__GcPauses *pauses = m->gc_pauses;
	Alloctap__Bins *bins = m->bins;
	uint32_t none = UINT32_MAX;
	struct bytes b;
	struct profile *p;

	(void)state;
	SPOIL(m, c->target[0], 1, "no target 1: there are 1");
	SPOIL(m, c->stack[0], (uint32_t)m->stacks->n_flags, "no stack");
	SPOIL(m, c->name[0], none, "no string");
	SPOIL(m, c->trigger[0], PROFILE_GC_TRIGGER_MAX, "no GC trigger");
	SPOIL(m, c->epoch[1], 0, "GC cycles out of order");
	SPOIL(m, c->start_ns[0], UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, c->end_ns[0], (uint64_t)1 << 63, "times beyond 64 bits");
	SPOIL(m, c->end_ns[2], 1, "GC cycle 2 ends before it starts");
	SPOIL(m, c->heap_live[1], UINT64_MAX, "the heap of GC cycle 1 is larger than memory");
	SPOIL(m, c->heap_goal[1], UINT64_MAX, "is larger than memory");
	SPOIL(m, c->memory_limit[1], UINT64_MAX, "is larger than memory");
	SPOIL(m, c->n_end_ns, 1, "a column of 1 rows in a table of 6 GC cycles");
	SPOIL(m, pauses->target[0], 1, "no target");
	SPOIL(m, pauses->stack[0], none, "no stack");
	SPOIL(m, pauses->reason[0], none, "no string");
	SPOIL(m, pauses->start_ns[1], 0, "pauses out of order");
	SPOIL(m, pauses->start_ns[12], UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, pauses->stopping_ns[0], UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, pauses->stopped_ns[3], (uint64_t)INT64_MAX, "times beyond 64 bits");
	SPOIL(m, pauses->n_epoch, 1, "in a table of 13 pauses");
	SPOIL(m, bins->target[0], 1, "no target");
	SPOIL(m, bins->number[1], 0, "bins out of order");
	SPOIL(m, bins->number[69], UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, bins->bytes[0], UINT64_MAX, "counts beyond 64 bits");
	SPOIL(m, bins->objects[5], (uint64_t)INT64_MAX, "counts beyond 64 bits");
	SPOIL(m, bins->n_bytes, 1, "in a table of 70 bins");
	SPOIL(m, m->samples->ns[0], UINT64_MAX, "counts beyond 64 bits");

	/* Recordings from before have none of it. */
	m->gc_cycles = NULL;
	m->gc_pauses = NULL;
	m->bins = NULL;
	b = wrap(&m->base);
	p = recording_parse("x.atap", b.data, b.len);
	assert_non_null(p);
	assert_int_equal(p->n_gc_cycles + p->n_gc_pauses + p->n_bins, 0);
	m->gc_cycles = c;
	m->gc_pauses = pauses;
	m->bins = bins;
	profile_free(p);
	free(b.data);
	alloctap__recording__free_unpacked(m, NULL);
}

static void odd_tables_are_refused(void **state)
{
	Alloctap__Recording *m = message();

	(void)state;
	SPOIL(m, m->functions->n_file, 1, "a column of 1 rows in a table of");
	SPOIL(m, m->samples->n_bytes, 3, "a column of 3 rows in a table of");
	SPOIL(m, m->targets->n_pid, 0, "in a table of 0 targets");
	SPOIL(m, m->functions, NULL, "no function");
	SPOIL(m, m->lines->n_function, m->lines->n_function - 1, "in a table of");
	SPOIL(m, m->strings.len, 0, "no string table");
	SPOIL(m, m->strings.len, m->strings.len - 1, "no string table");
	SPOIL(m, m->strings.data[0], 'x', "no string table");
	SPOIL(m, m->samples->bytes[0], UINT64_MAX, "counts beyond 64 bits");
	SPOIL(m, m->samples->objects[1], (uint64_t)INT64_MAX, "counts beyond 64 bits");
	SPOIL(m, m->samples->requested[0], (uint64_t)1 << 63, "counts beyond 64 bits");
	SPOIL(m, m->losses->count[0], UINT64_MAX, "counts beyond 64 bits");
	SPOIL(m, m->growths->count[0], UINT64_MAX, "counts beyond 64 bits");
	SPOIL(m, m->duration_ns, (uint64_t)1 << 63, "times beyond 64 bits");
	SPOIL(m, m->start_unix_ns, UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, m->cost->trap_ns, NAN, "a cost that is no number");
	SPOIL(m, m->cost->program_ns, -1, "a cost that is no number");
	SPOIL(m, m->cost->target_cpu_share, HUGE_VAL, "a cost that is no number");
	alloctap__recording__free_unpacked(m, NULL);
}

static void missing_columns_read_as_zeros(void **state)
{
	Alloctap__Recording *m = message();
	size_t n_epoch = m->samples->n_epoch, n_flags = m->stacks->n_flags;
	Alloctap__Cost *cost = m->cost;
	struct bytes b;
	struct profile *p;

	(void)state;
	m->samples->n_epoch = 0;
	m->stacks->n_flags = 0;
	m->cost = NULL;
	b = wrap(&m->base);
	p = recording_parse("x.atap", b.data, b.len);
	assert_non_null(p);
	assert_int_equal(profile_totals(p).alloc_bytes, FIXTURE_BYTES);
	for (size_t i = 0; i < p->n_stacks; i++)
		assert_int_equal(p->stacks[i].flags, 0);
	assert_int_equal(p->cost.hits, 0);
	m->samples->n_epoch = n_epoch;
	m->stacks->n_flags = n_flags;
	m->cost = cost;
	profile_free(p);
	free(b.data);
	alloctap__recording__free_unpacked(m, NULL);
}

/* A recording with a good header, of @n bytes that repeat a pattern. */
static struct bytes bomb(size_t n, const char *pattern, size_t len)
{
	struct recording_header header = {.magic = RECORDING_MAGIC, .version = htole32(1)};
	struct bytes b = {.len = sizeof(header) + n / 100 + 1000};
	z_stream z = {0};
	uint8_t block[3 << 10];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)pattern[i % len];
	b.data = malloc(b.len);
	memcpy(b.data, &header, sizeof(header));
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = (Bytef *)b.data + sizeof(header);
	z.avail_out = (uInt)(b.len - sizeof(header));
	for (size_t left = n; left; left -= sizeof(block)) {
		z.next_in = block;
		z.avail_in = sizeof(block);
		deflate(&z, left == sizeof(block) ? Z_FINISH : Z_NO_FLUSH);
	}
	b.len -= z.avail_out;
	deflateEnd(&z);
	return b;
}

static void bombs_do_not_go_off(void **state)
{
	/*
	 * 300 MiB of nothing in some 300 KiB; then 12 MiB of unknown fields, which
	 * protobuf-c would keep, in some 300 MiB, and accept.
	 */
	struct bytes large = bomb((size_t)300 << 20, "\0", 1);
	struct bytes dense = bomb((size_t)12 << 20, "\xa0\x01\x00", 3);

	(void)state;
	assert_in_range(large.len, 100 << 10, 800 << 10);
	check_refused(large.data, large.len, EBADMSG, "it unpacks to far more than a profile");
	check_refused(dense.data, dense.len, EBADMSG, "not the message it should hold");
	free(large.data);
	free(dense.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(old_recordings_stay_readable),
		cmocka_unit_test(a_cut_recording_is_refused_wherever_cut),
		cmocka_unit_test(endless_inlining_is_refused),
		cmocka_unit_test(a_flipped_bit_changes_nothing_unseen),
		cmocka_unit_test(headers_are_told_apart),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
		cmocka_unit_test(every_index_is_checked),
		cmocka_unit_test(collections_are_checked),
		cmocka_unit_test(odd_tables_are_refused),
		cmocka_unit_test(missing_columns_read_as_zeros),
		cmocka_unit_test(bombs_do_not_go_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
