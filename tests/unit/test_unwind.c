// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The unwinder (bpf/unwind_step.h, the very code that runs in the kernel) against
 * backtrace(), in this process, by the tables of whatever it has mapped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "binary/eh_frame.h"
#include "target/maps.h"

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#include "unwind_step.h"

#define MAX_FRAMES 512

/* All tables of this process in one, as the kernel side has them. */
struct tables {
	VEC(struct unwind_row) rows;
	VEC(struct unwind_page) pages;
	VEC(struct unwind_rule) rules;
	VEC(struct unwind_mapping) mappings;
	size_t searched_rows; /* by the last search */
	/* Of the stack that is walked. */
	unsigned char copy[1024];
	size_t copied;
	size_t steps_in_copy;
};

static struct tables tables;

static long unwind_read(void *ctx, __u64 *to, __u64 from)
{
	struct iovec local = {to, sizeof(*to)}, remote = {(void *)from, sizeof(*to)};

	(void)ctx;
	/* No read of our own: of addresses that are not there, or not for us. */
	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != sizeof(*to);
}

static __u64 unwind_copied(void *ctx, __u64 off)
{
	const struct tables *t = ctx;
	__u64 word;

	assert_in_range(off, 0, t->copied - sizeof(word));
	memcpy(&word, t->copy + off, sizeof(word));
	return word;
}

static bool unwind_get_row(void *ctx, __u32 i, struct unwind_row *row)
{
	struct tables *t = ctx;

	t->searched_rows++;
	if (i < t->rows.n)
		*row = t->rows.data[i];
	return i < t->rows.n;
}

static bool unwind_get_page(void *ctx, __u32 i, struct unwind_page *page)
{
	const struct tables *t = ctx;

	if (i < t->pages.n)
		*page = t->pages.data[i];
	return i < t->pages.n;
}

static bool unwind_get_mapping(void *ctx, __u32 i, struct unwind_mapping *mapping)
{
	const struct tables *t = ctx;

	if (i < t->mappings.n)
		*mapping = t->mappings.data[i];
	return i < t->mappings.n;
}

/* --- tables of this process ------------------------------------------------------- */

static void add_table(const struct unwind_table *t, struct unwind_mapping m)
{
	size_t first_row = tables.rows.n, first_rule = tables.rules.n;

	m.page = (uint32_t)tables.pages.n;
	m.pages = (uint32_t)t->n_pages;
	for (size_t i = 1; i < t->n_rules; i++)
		vec_push(&tables.rules, t->rules[i]);
	for (size_t i = 0; i < t->n_rows; i++) {
		struct unwind_row row = t->rows[i];

		if (row.rule)
			row.rule += first_rule - 1;
		vec_push(&tables.rows, row);
	}
	for (size_t i = 0; i < t->n_pages; i++)
		vec_push(&tables.pages,
			 ((struct unwind_page){t->pages[i].first + (uint32_t)first_row,
					       t->pages[i].n}));
	vec_push(&tables.mappings, m);
}

static struct elf_file *open_map(const struct memory_map *map)
{
	__auto_close int fd = -1;

	if (!strcmp(map->path, "[vdso]"))
		return elf_file_open_mem((void *)getauxval(AT_SYSINFO_EHDR), map->end - map->start,
					 map->path);
	fd = open(map->path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? NULL : elf_file_open_fd(fd, map->path);
}

static int make_tables(void **state)
{
	struct memory_maps maps;

	(void)state;
	for (int i = 0; i < UNWIND_RULE_FIRST; i++)
		vec_push(&tables.rules, ((struct unwind_rule){0}));
	assert_int_equal(memory_maps_read(getpid(), &maps), 0);
	for (size_t i = 0; i < maps.n; i++) {
		const struct memory_map *map = &maps.maps[i];
		struct elf_file *f = map->executable ? open_map(map) : NULL;
		struct unwind_table *t = f ? eh_frame_read(f, NULL) : NULL;
		uint64_t vaddr;

		if (t && !elf_file_offset_to_vaddr(f, map->offset, &vaddr))
			add_table(t, (struct unwind_mapping){
					     .start = map->start,
					     .end = map->end,
					     .bias = map->start - vaddr + t->first,
				     });
		unwind_table_free(t);
		elf_file_free(f);
	}
	memory_maps_free(&maps);
	assert_true(tables.mappings.n >= 5);
	return 0;
}

static int free_tables(void **state)
{
	(void)state;
	vec_free(&tables.rows);
	vec_free(&tables.pages);
	vec_free(&tables.rules);
	vec_free(&tables.mappings);
	return 0;
}

/* --- walks ------------------------------------------------------------------------ */

struct walked {
	uint64_t pcs[MAX_FRAMES];
	size_t n;
	size_t by_fp;
	enum unwind_result end;
};

/* A step in a copy is the same step, for those rules that have one. */
static void compare_step(struct unwind_frame f, const struct unwind_rule *rule)
{
	uint32_t packed = unwind_pack(rule);
	struct unwind_rule unpacked = unwind_unpack(packed);
	uint64_t base = f.sp - f.sp % 100;
	__u64 pc = f.pc;
	struct iovec local = {tables.copy, sizeof(tables.copy)};
	struct iovec remote = {(void *)base, sizeof(tables.copy)};
	ssize_t n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	struct unwind_window w = {.base = base, .sp = f.sp - base, .fp = f.fp};

	if (!packed)
		return;
	assert_true(packed >= UNWIND_PACKED && packed < UNWIND_CACHE_VALUES);
	assert_int_equal(unpacked.cfa, rule->cfa);
	assert_int_equal(unpacked.cfa_off, rule->cfa_off);
	assert_int_equal(unpacked.fp, rule->fp);
	if (rule->fp == UNWIND_FP_AT_CFA)
		assert_int_equal(unpacked.fp_off, rule->fp_off);
	tables.copied = n < 0 ? 0 : (size_t)n;
	w.last = tables.copied - sizeof(uint64_t);
	if (tables.copied < sizeof(uint64_t) || w.sp > w.last ||
	    !unwind_step_in_copy(&tables, &w, packed, &pc))
		return;
	assert_int_equal(unwind_step(&tables, &f, rule), UNWIND_STEPPED);
	assert_int_equal(pc, f.pc);
	assert_int_equal(w.base + w.sp, f.sp);
	assert_int_equal(w.fp, f.fp);
	tables.steps_in_copy++;
}

static struct walked walk(struct unwind_frame f)
{
	struct unwind_process p = {.n = (uint32_t)tables.mappings.n};
	struct walked w = {.end = UNWIND_STEPPED};

	while (w.n < MAX_FRAMES && w.end == UNWIND_STEPPED) {
		uint32_t id = unwind_find_rule(&tables, &p, unwind_address(&f));
		const struct unwind_rule *rule = &tables.rules.data[id];

		w.pcs[w.n++] = f.pc;
		w.by_fp += rule->cfa == UNWIND_CFA_NONE;
		compare_step(f, rule);
		w.end = rule->cfa == UNWIND_CFA_NONE ? unwind_by_fp(&tables, &f, 0)
						     : unwind_step(&tables, &f, rule);
	}
	return w;
}

static volatile size_t compared; /* frames, by the deepest comparison of a test */

/* Here and now: both see the same callers of this function. */
static __attribute__((noinline)) void compare_here(void)
{
	struct unwind_frame f = {.interrupted = 1};
	struct walked w;
	void *expected[MAX_FRAMES];
	size_t skip;
	int n;

	__asm__ volatile("lea (%%rip), %0; mov %%rsp, %1; mov %%rbp, %2"
			 : "=r"(f.pc), "=r"(f.sp), "=r"(f.fp));
	n = backtrace(expected, MAX_FRAMES);
	w = walk(f);
	assert_int_equal(w.end, UNWIND_ENDED);
	assert_int_equal(w.by_fp, 0);
	/* Under the sanitizer there is a frame of its own between this one and backtrace(). */
	skip = (size_t)n - w.n;
	assert_in_range(skip, 0, 1);
	for (size_t i = 1; i < w.n; i++) {
		if (w.pcs[i] != (uintptr_t)expected[i + skip])
			fail_msg("frame %zu of %zu: %#lx, not %p", i, w.n, w.pcs[i],
				 expected[i + skip]);
	}
	if (w.n > compared)
		compared = w.n;
}

#define NO_FRAME_POINTER __attribute__((noinline, optimize("omit-frame-pointer")))

#define LEVELS 60

static int depth;

NO_FRAME_POINTER static int descend(const void *a, const void *b)
{
	volatile char frame[40];
	int pair[2] = {2, 1};

	frame[0] = *(const char *)a;
	if (depth-- > 0)
		qsort(pair, 2, sizeof(*pair), descend);
	else
		compare_here();
	return frame[0] - *(const char *)b;
}

static void equals_backtrace_through_callbacks(void **state)
{
	int pair[2] = {2, 1};
	size_t shallow = 0;

	(void)state;
	tables.steps_in_copy = 0;
	/* A sanitizer's qsort() asks once more, when the deepest has been reached. */
	for (int d = 0; d <= LEVELS; d++) {
		depth = d;
		compared = 0;
		qsort(pair, 2, sizeof(*pair), descend);
		if (!d)
			shallow = compared;
	}
	/* Each level is qsort() and what it calls, without any frame pointer. */
	assert_true(compared >= shallow + LEVELS * 2);
	assert_true(compared >= 110);
	assert_true(tables.steps_in_copy >= 110);
}

static void on_signal(int number)
{
	(void)number;
	compare_here();
}

NO_FRAME_POINTER static void raise_in(int levels)
{
	volatile char frame[24];

	frame[0] = (char)levels;
	if (levels)
		raise_in(levels - 1);
	else
		raise(SIGUSR1);
	(void)frame[levels];
}

static void crosses_signal_frames(void **state)
{
	struct sigaction action = {.sa_handler = on_signal}, before;

	(void)state;
	compared = 0;
	sigaction(SIGUSR1, &action, &before);
	raise_in(5);
	assert_true(compared >= 10);
	sigaction(SIGUSR1, &before, NULL);
}

/* Where no call is: the registers are those of an instruction in the middle. */
static void crosses_interruptions(void **state)
{
	struct sigaction action = {.sa_handler = on_signal}, before;

	(void)state;
	sigaction(SIGTRAP, &action, &before);
	compared = 0;
	__asm__ volatile("int3" : : : "memory");
	assert_true(compared > 0);
	sigaction(SIGTRAP, &before, NULL);
}

static void crosses_other_stacks(void **state)
{
	stack_t alternative = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16}, before;
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK}, old;

	(void)state;
	sigaltstack(&alternative, &before);
	sigaction(SIGUSR1, &action, &old);
	compared = 0;
	raise_in(3);
	assert_true(compared >= 8);
	sigaction(SIGUSR1, &old, NULL);
	sigaltstack(&before, NULL);
	free(alternative.ss_sp);
}

static void *allocate_for_zlib(void *opaque, unsigned int n, unsigned int size)
{
	(void)opaque;
	compare_here();
	return calloc(n, size);
}

static void free_for_zlib(void *opaque, void *p)
{
	(void)opaque;
	free(p);
}

static void crosses_libraries(void **state)
{
	z_stream stream = {.zalloc = allocate_for_zlib, .zfree = free_for_zlib};

	(void)state;
	compared = 0;
	assert_int_equal(deflateInit(&stream, 6), Z_OK);
	assert_true(compared > 0);
	deflateEnd(&stream);
}

static void *in_thread(void *arg)
{
	(void)arg;
	compare_here();
	return NULL;
}

static void ends_where_a_thread_began(void **state)
{
	pthread_t thread;

	(void)state;
	compared = 0;
	assert_int_equal(pthread_create(&thread, NULL, in_thread, NULL), 0);
	pthread_join(thread, NULL);
	assert_true(compared >= 3);
}

/* --- what no compiler makes -------------------------------------------------------- */

static void survives_any_state(void **state)
{
	uint64_t seed = 1, values[3];
	const struct unwind_mapping *m = tables.mappings.data;

	(void)state;
	tables.steps_in_copy = 0;
	for (int i = 0; i < 20000; i++) {
		for (int j = 0; j < 3; j++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			values[j] = seed;
		}
		/* Every other time it is code, and the stack is there. */
		if (i & 1) {
			const struct unwind_mapping *at = &m[values[0] % tables.mappings.n];

			values[0] = at->start + values[0] / 7 % (at->end - at->start);
			values[1] = (uintptr_t)&seed + values[1] % 256;
		}
		walk((struct unwind_frame){
			.pc = values[0], .sp = values[1], .fp = values[2], .interrupted = i & 2});
	}
	assert_true(tables.steps_in_copy > 0);
}

/* Any rule: it steps in a copy as it does anywhere, or not at all. */
static void any_rule_steps_alike(void **state)
{
	uint64_t seed = 7, stack[64], fp;
	struct unwind_rule rule;

	(void)state;
	tables.steps_in_copy = 0;
	for (size_t i = 0; i < 64; i++)
		stack[i] = (uintptr_t)&stack[i * 37 % 64];
	for (int i = 0; i < 100000; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		rule = (struct unwind_rule){
			.cfa = seed >> 60 & 1 ? UNWIND_CFA_RBP : UNWIND_CFA_RSP,
			.fp = (seed >> 56) % UNWIND_FP_MAX,
			.fp_off = (int16_t) - (seed >> 40 & 127),
			.cfa_off = (int32_t)(seed >> 20 & 511) - 16,
		};
		if (i & 1) {
			rule.fp_off &= ~7;
			rule.cfa_off &= ~7;
		}
		fp = i & 2 ? (uintptr_t)&stack[seed >> 10 & 63] : seed;
		compare_step((struct unwind_frame){.pc = seed,
						   .sp = (uintptr_t)&stack[seed >> 4 & 31],
						   .fp = fp},
			     &rule);
	}
	assert_true(tables.steps_in_copy > 10000);
}

static void searches_are_bounded(void **state)
{
	struct unwind_process p = {.n = UINT32_MAX};
	struct unwind_page lying = {.first = 0, .n = UINT32_MAX};
	struct unwind_mapping everything = {.end = UINT64_MAX, .pages = UINT32_MAX};
	struct tables t = {0};

	(void)state;
	vec_push(&t.mappings, everything);
	vec_push(&t.pages, lying);
	for (int i = 0; i < 70000; i++)
		vec_push(&t.rows, ((struct unwind_row){.pc = (uint16_t)i, .rule = 1}));
	p.n = 1;
	unwind_find_rule(&t, &p, 0x1234);
	assert_true(t.searched_rows <= UNWIND_SEARCH_STEPS);
	/* Tables that are not there at all. */
	p.first = 7;
	assert_int_equal(unwind_find_rule(&t, &p, 0x1234), UNWIND_RULE_NO_TABLE);
	vec_free(&t.mappings);
	vec_free(&t.pages);
	vec_free(&t.rows);
}

/* The longest run of rows there can be is searched to its last one. */
static void finds_every_row_of_a_full_page(void **state)
{
	struct unwind_process p = {.n = 1};
	struct tables t = {0};

	(void)state;
	vec_push(&t.mappings, ((struct unwind_mapping){.end = UNWIND_PAGE_ROWS, .pages = 1}));
	vec_push(&t.pages, ((struct unwind_page){.n = UNWIND_PAGE_ROWS}));
	for (uint32_t i = 0; i < UNWIND_PAGE_ROWS; i++)
		vec_push(&t.rows,
			 ((struct unwind_row){.pc = (uint16_t)i, .rule = (uint16_t)(i * 7)}));
	for (uint32_t i = 0; i < UNWIND_PAGE_ROWS; i++)
		assert_int_equal(unwind_find_rule(&t, &p, i), (uint16_t)(i * 7));
	vec_free(&t.mappings);
	vec_free(&t.pages);
	vec_free(&t.rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_backtrace_through_callbacks),
		cmocka_unit_test(crosses_signal_frames),
		cmocka_unit_test(crosses_interruptions),
		cmocka_unit_test(crosses_other_stacks),
		cmocka_unit_test(crosses_libraries),
		cmocka_unit_test(ends_where_a_thread_began),
		cmocka_unit_test(survives_any_state),
		cmocka_unit_test(any_rule_steps_alike),
		cmocka_unit_test(searches_are_bounded),
		cmocka_unit_test(finds_every_row_of_a_full_page),
	};

	return cmocka_run_group_tests_name("unwind", tests, make_tables, free_tables);
}
