// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Recordings that nobody here wrote. */
#include "recording_lab.h"

#include <math.h>
#include <zlib.h>

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

	SPOIL(m, c->sweep_end_ns[0], 1, "the sweep of GC cycle 0 ends before it starts");
	SPOIL(m, c->sweep_start_ns[0], UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, c->sweep_end_ns[1], UINT64_MAX, "times beyond 64 bits");

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

static void live_heaps_are_checked(void **state)
{
	Alloctap__Recording *m = message_of(fixture_native());
	Alloctap__Live *live = m->live;
	Alloctap__Heap *heap = m->heap;
	uint32_t none = UINT32_MAX;
	uint64_t many[PROFILE_SNAPSHOTS_MAX + 1] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	uint64_t *snapshots = heap->snapshot_ns;
	struct bytes b;
	struct profile *p;

	(void)state;
	SPOIL(m, m->targets->container[0], none, "no string");
	SPOIL(m, m->targets->allocator[1], none, "no string");
	SPOIL(m, m->targets->start_ns[0], UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, m->targets->end_ns[0], UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, m->targets->end_ns[1], 1, "process 1 ends before it starts");
	SPOIL(m, live->stack[0], (uint32_t)m->stacks->n_flags, "no stack");
	SPOIL(m, live->target[0], 2, "no target 2: there are 2");
	SPOIL(m, live->objects[0], UINT64_MAX, "counts beyond 64 bits");
	SPOIL(m, live->bytes[1], (uint64_t)INT64_MAX, "counts beyond 64 bits");
	SPOIL(m, live->peak_bytes[1], UINT64_MAX, "counts beyond 64 bits");
	SPOIL(m, live->oldest_ns[1], UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, live->snapshot_objects[15], UINT64_MAX, "counts beyond 64 bits");
	SPOIL(m, live->snapshot_bytes[3], (uint64_t)INT64_MAX, "counts beyond 64 bits");
	SPOIL(m, live->n_bytes, 0, "columns missing in a table of 4 live stacks");
	SPOIL(m, live->n_snapshot_bytes, 15, "columns missing in a table of 4 live stacks");
	SPOIL(m, heap->n_snapshot_ns, 3, "columns missing in a table of 4 live stacks");
	SPOIL(m, heap->snapshot_ns[1], 0, "looks at the live heap out of order");
	SPOIL(m, heap->snapshot_ns[3], UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, heap->partial_since_ns, UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, heap->peak_ns, UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, heap->peak_bytes, UINT64_MAX, "counts beyond 64 bits");
	SPOIL(m, heap->untracked_frees, UINT64_MAX, "counts beyond 64 bits");
	SPOIL(m, m->heap, NULL, "a live heap that was not recorded");
	heap->snapshot_ns = many;
	SPOIL(m, heap->n_snapshot_ns, PROFILE_SNAPSHOTS_MAX + 1, "9 looks at the live heap");
	heap->snapshot_ns = snapshots;

	/* Nothing lived, and nobody looked. */
	m->live = NULL;
	heap->n_snapshot_ns = 0;
	b = wrap(&m->base);
	p = recording_parse("x.atap", b.data, b.len);
	assert_non_null(p);
	assert_true(p->heap.recorded);
	assert_int_equal(p->n_live, 0);
	assert_int_equal(p->heap.n_snapshots, 0);
	m->live = live;
	heap->n_snapshot_ns = 4;
	profile_free(p);
	free(b.data);
	alloctap__recording__free_unpacked(m, NULL);
}

static void memory_is_checked(void **state)
{
	Alloctap__Recording *m = message_of(fixture_gc_hotspot());
	Alloctap__GcPools *pools = m->gc_pools;
	Alloctap__Memory *memory = m->memory;

	(void)state;
	SPOIL(m, pools->target[0], 1, "no target");
	SPOIL(m, pools->name[0], UINT32_MAX, "no string");
	SPOIL(m, pools->epoch[2], 0, "memory pools out of order");
	SPOIL(m, pools->before[1], UINT64_MAX, "memory pool 1 is larger than memory");
	SPOIL(m, pools->after[1], UINT64_MAX, "memory pool 1 is larger than memory");
	SPOIL(m, pools->n_after, 1, "in a table of 4 memory pools");
	SPOIL(m, memory->target[0], 1, "no target");
	SPOIL(m, memory->time_ns[1], UINT64_MAX, "times beyond 64 bits");
	SPOIL(m, memory->time_ns[2], 0, "memory out of order");
	SPOIL(m, memory->peak[0], UINT64_MAX, "a process is larger than memory");
	SPOIL(m, memory->bytes[0], UINT64_MAX, "more memory than at its peak");
	SPOIL(m, memory->n_bytes, 1, "in a table of 4 looks at memory");
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
		cmocka_unit_test(endless_inlining_is_refused),
		cmocka_unit_test(every_index_is_checked),
		cmocka_unit_test(collections_are_checked),
		cmocka_unit_test(live_heaps_are_checked),
		cmocka_unit_test(memory_is_checked),
		cmocka_unit_test(odd_tables_are_refused),
		cmocka_unit_test(missing_columns_read_as_zeros),
		cmocka_unit_test(bombs_do_not_go_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
