// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Against the records that tests/fuzz/make_eh_frame_seeds.py writes, good and
 * hostile. Real programs' are compared with readelf by tests/e2e/test_rows.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "binary/eh_frame.h"
#include "elf_seeds.h"

#define CODE 0x430000ull

struct expected {
	uint64_t at; /* from CODE on */
	struct unwind_rule rule;
};

#define NONE                    \
	{                       \
		UNWIND_CFA_NONE \
	}
#define RSP(off, fp, fp_off)                              \
	{                                                 \
		UNWIND_CFA_RSP, UNWIND_FP_##fp, {fp_off}, \
		{                                         \
			off                               \
		}                                         \
	}
#define RBP(off, fp, fp_off)                              \
	{                                                 \
		UNWIND_CFA_RBP, UNWIND_FP_##fp, {fp_off}, \
		{                                         \
			off                               \
		}                                         \
	}

static struct unwind_table *read_seed(const char *name, struct eh_frame_stats *stats)
{
	struct opened o = open_seed("eh_frame", name);
	struct unwind_table *t = eh_frame_read(o.file, stats);

	close_seed(&o);
	return t;
}

static void check(const char *seed, size_t damaged, const struct expected *all, size_t n)
{
	struct eh_frame_stats stats;
	struct unwind_table *t = read_seed(seed, &stats);

	assert_non_null(t);
	for (size_t i = 0; i < n; i++) {
		const struct unwind_rule *r = unwind_table_find(t, CODE + all[i].at);

		if (memcmp(r, &all[i].rule, sizeof(*r)))
			fail_msg("%s: at %#lx: cfa %d%+d fp %d%+d", seed, all[i].at, r->cfa,
				 r->cfa_off, r->fp, r->fp_off);
	}
	assert_int_equal(stats.damaged, damaged);
	unwind_table_free(t);
}

#define CHECK(seed, damaged, ...)                                   \
	do {                                                        \
		static const struct expected all[] = {__VA_ARGS__}; \
		check(seed, damaged, all, ARRAY_SIZE(all));         \
	} while (0)

static void reads_functions(void **state)
{
	(void)state;
	CHECK("plain", 0, {(uint64_t)-1, NONE}, {0, RSP(8, SAME, 0)}, {1, RSP(16, AT_CFA, -16)},
	      {3, RSP(16, AT_CFA, -16)}, {4, RBP(16, AT_CFA, -16)}, {0x33, RBP(16, AT_CFA, -16)},
	      {0x34, RSP(8, AT_CFA, -16)}, {0x3f, RSP(8, AT_CFA, -16)}, {0x40, RSP(8, SAME, 0)},
	      {0x60, NONE}, {0xff, NONE}, {0x100, RSP(8, SAME, 0)}, {0x104, RSP(64, SAME, 0)},
	      {0x11f, RSP(64, SAME, 0)}, {0x120, NONE}, {0x2ffff, NONE}, {0x30000, NONE},
	      {0x7fffffff, NONE});
	CHECK("no-sections", 0, {0, RSP(8, SAME, 0)}, {0x104, RSP(64, SAME, 0)}, {0x120, NONE});
	CHECK("augmented", 0, {0, RSP(8, SAME, 0)}, {4, RSP(32, SAME, 0)}, {0x20, NONE});
	CHECK("empty", 0, {0, NONE});
}

static void knows_the_expressions_there_are(void **state)
{
	(void)state;
	CHECK("expressions", 0, {0x00, {UNWIND_CFA_PLT, 0, {.plt_pushed = 11}, {.cfa_off = 8}}},
	      {0x10, {UNWIND_CFA_DEREF_RBP, 0, {0}, {.deref_off = -8}}},
	      {0x20, {UNWIND_CFA_DEREF_RSP, 0, {0}, {.deref_off = 16, .deref_add = 8}}},
	      {0x30, RSP(8, AT_FP, 0)}, {0x40, NONE}, {0x50, NONE});
}

static void carries_out_instructions(void **state)
{
	(void)state;
	CHECK("instructions", 0, {4, RBP(16, AT_CFA, -16)}, {8, RSP(8, AT_CFA, -16)},
	      {12, RBP(16, AT_CFA, -16)}, {16, RSP(16, AT_CFA, -16)}, {20, RSP(16, SAME, 0)},
	      {24, RSP(32, SAME, 0)}, {28, RBP(16, SAME, 0)},
	      {0x40, {UNWIND_CFA_STOP, 0, {0}, {0}}}, {0x80, NONE}, {0xa0, RSP(8, LOST, 0)},
	      {0xc0, NONE}, {0xe0, RSP(8, AT_CFA, -16)}, {0x100, RSP(8, AT_CFA, 16)});
}

static void knows_signal_frames(void **state)
{
	(void)state;
	CHECK("signal-frame", 0, {0, {UNWIND_CFA_SIGNAL, 0, {0}, {0}}}, {0x10, NONE});
}

/* What holds at the end of a page holds at the beginning of the next. */
static void turns_pages(void **state)
{
	(void)state;
	CHECK("far", 0, {7, RSP(8, SAME, 0)}, {8, RSP(48, SAME, 0)}, {0xffff, RSP(48, SAME, 0)},
	      {0x10000, RSP(48, SAME, 0)}, {0x17fff, RSP(48, SAME, 0)}, {0x18000, RSP(8, SAME, 0)},
	      {0x1ffff, RSP(8, SAME, 0)}, {0x20000, RSP(24, SAME, 0)}, {0x27fff, RSP(24, SAME, 0)},
	      {0x28000, NONE});
}

static void functions_that_overlap_do_no_harm(void **state)
{
	(void)state;
	CHECK("overlapping", 0, {0, RSP(16, SAME, 0)}, {0x10, RSP(16, SAME, 0)},
	      {0x3f, RSP(16, SAME, 0)}, {0x40, RSP(24, SAME, 0)}, {0x7f, RSP(24, SAME, 0)},
	      {0x80, NONE});
}

static void survives_damage(void **state)
{
	(void)state;
	/* Up to the damage, and behind it: functions do not spoil each other. */
	CHECK("damaged", 11, {0, RSP(8, SAME, 0)}, {4, RSP(16, SAME, 0)}, {8, NONE}, {0x20, NONE},
	      {0x40, NONE}, {0x60, NONE}, {0x80, RSP(16, SAME, 0)}, {0xa0, NONE}, {0xc0, NONE},
	      {0xe0, NONE}, {0x100, NONE}, {0x120, RSP(48, SAME, 0)});
}

static void expect_errno(const char *seed, int expected)
{
	struct unwind_table *t;

	errno = 0;
	t = read_seed(seed, NULL);
	assert_null(t);
	assert_int_equal(errno, expected);
}

static void refuses(void **state)
{
	(void)state;
	expect_errno("no-frames", ENOENT);
	expect_errno("lying-header", ENOENT);
	expect_errno("huge", EFBIG);
}

/* It would take 18 million instructions; what fits into the budget is kept. */
static void time_is_bounded(void **state)
{
	struct eh_frame_stats stats;
	struct unwind_table *t = read_seed("costly", &stats);

	(void)state;
	assert_non_null(t);
	assert_in_range(stats.functions, 10, 100);
	assert_int_equal(unwind_table_find(t, CODE)->cfa, UNWIND_CFA_RSP);
	assert_int_equal(unwind_table_find(t, CODE + 800 * 16)->cfa, UNWIND_CFA_NONE);
	unwind_table_free(t);
}

static size_t tables_made;

static void read_any(const struct seed *s)
{
	struct elf_file *f = elf_file_open_mem(s->data, s->len, s->name);
	struct unwind_table *t = f ? eh_frame_read(f, NULL) : NULL;

	tables_made += t != NULL;
	unwind_table_free(t);
	elf_file_free(f);
}

static void survives_every_seed(void **state)
{
	(void)state;
	assert_true(seed_for_each("eh_frame", read_any) >= 15);
	assert_true(tables_made >= 11);
	/* Other ELF files: with all that may be wrong with those. */
	assert_true(seed_for_each("elf", read_any) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_functions),
		cmocka_unit_test(knows_the_expressions_there_are),
		cmocka_unit_test(carries_out_instructions),
		cmocka_unit_test(knows_signal_frames),
		cmocka_unit_test(turns_pages),
		cmocka_unit_test(functions_that_overlap_do_no_harm),
		cmocka_unit_test(survives_damage),
		cmocka_unit_test(refuses),
		cmocka_unit_test(time_is_bounded),
		cmocka_unit_test(survives_every_seed),
	};

	return cmocka_run_group_tests_name("eh_frame", tests, NULL, NULL);
}
