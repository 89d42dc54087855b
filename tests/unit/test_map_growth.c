// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The sizes of maps, and what make(map, n) would have spared. */
#include "map_lab.h"
#include "report/map_sizes.h"

#define USER "main.load:12 < main.main:40"
#define SLOW "runtime.mapassign < " USER
#define OBJ  "runtime.mallocgc < runtime.newobject < "
#define SM   "internal|runtime|maps."

static const struct map_part n2 = {2, 2, false}, n4 = {4, 4, false}, n8 = {8, 8, false},
			     n16 = {16, 1, false}, n1 = {1, 1, false}, n100 = {100, 4, false},
			     p16 = {16, 8, true}, p24 = {24, 8, true};

/*
 * What MemStats.TotalAlloc rose by in make(map[K]V, n), without the map's header
 * (and what a classic map remembers spare buckets with: 24 bytes).
 */
static const struct {
	const char *version;
	const struct map_part *key, *elem;
	uint64_t n, bytes;
} measured[] = {
	{"go1.19.8", &n4, &n2, 60, 1152},        {"go1.19.8", &n4, &n2, 1000, 18432},
	{"go1.19.8", &n8, &p24, 30, 2304},       {"go1.19.8", &n8, &p24, 113, 9472},
	{"go1.19.8", &n8, &p24, 7000, 598016},   {"go1.19.8", &p16, &n100, 20, 4096},
	{"go1.19.8", &p16, &n100, 500, 131072},  {"go1.19.8", &n16, &n1, 200, 5376},
	{"go1.19.8", &n8, &n8, 1793, 81920},     {"go1.19.8", &n8, &n8, 20000, 630784},
	{"go1.21.13", &n4, &n2, 60, 1152},       {"go1.21.13", &n4, &n2, 1000, 18432},
	{"go1.21.13", &n8, &p24, 30, 2304},      {"go1.21.13", &n8, &p24, 113, 9472},
	{"go1.21.13", &n8, &p24, 7000, 598016},  {"go1.21.13", &p16, &n100, 20, 4096},
	{"go1.21.13", &p16, &n100, 500, 131072}, {"go1.21.13", &n16, &n1, 200, 10880},
	{"go1.21.13", &n8, &n8, 1793, 81920},    {"go1.21.13", &n8, &n8, 20000, 630784},
	{"go1.23.12", &n4, &n2, 60, 1152},       {"go1.23.12", &n4, &n2, 1000, 18432},
	{"go1.23.12", &n8, &p24, 30, 2304},      {"go1.23.12", &n8, &p24, 113, 9472},
	{"go1.23.12", &n8, &p24, 7000, 598016},  {"go1.23.12", &p16, &n100, 20, 4096},
	{"go1.23.12", &p16, &n100, 500, 131072}, {"go1.23.12", &n16, &n1, 200, 5376},
	{"go1.23.12", &n8, &n8, 1793, 81920},    {"go1.23.12", &n8, &n8, 20000, 630784},
	{"go1.26.5", &n4, &n2, 60, 1192},        {"go1.26.5", &n4, &n2, 1000, 19024},
	{"go1.26.5", &n8, &p24, 30, 2344},       {"go1.26.5", &n8, &p24, 113, 9512},
	{"go1.26.5", &n8, &p24, 7000, 328000},   {"go1.26.5", &p16, &n100, 20, 4136},
	{"go1.26.5", &p16, &n100, 500, 131112},  {"go1.26.5", &n16, &n1, 200, 4904},
	{"go1.26.5", &n8, &n8, 1793, 38048},     {"go1.26.5", &n8, &n8, 20000, 591104},
};

static void sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(measured); i++) {
		struct map_lab lab = lab_new(measured[i].version);
		struct lab_map plain = lab_plain_map(&lab, 8);
		struct lab_report report = lab_finish(&lab);
		struct map_shape shape = map_shape_of(report.p, plain.map);
		struct go_heap heap = go_heap_of(report.p, 0);
		uint64_t bytes;

		shape = map_shape_with(&shape, *measured[i].key, *measured[i].elem);
		bytes = map_presized_bytes(&shape, &heap, measured[i].n);
		if (bytes != measured[i].bytes)
			fail_msg("%s, n = %lu: %lu, not %lu", measured[i].version, measured[i].n,
				 bytes, measured[i].bytes);
		lab_report_free(&report);
	}
}

/* tests/targets/maps: 1400 entries in 256 buckets of 1104 bytes chain 26.4, 18 are spare. */
static void chained(void **state)
{
	struct map_lab lab = lab_new("go1.23.12");
	struct lab_map m = lab_plain_map(&lab, 128);
	struct lab_report report = lab_finish(&lab);
	struct map_shape shape = map_shape_of(report.p, m.map);
	struct go_heap heap = go_heap_of(report.p, 0);
	double bytes = map_filled_bytes(&shape, &heap, 1400);

	(void)state;
	bytes -= (double)map_presized_bytes(&shape, &heap, 1400);
	assert_true(bytes > 8 * 1152 && bytes < 9 * 1152);
	lab_report_free(&report);
}

/*
 * A lab with map[uint64]main.value, inserted into by main.load, whose tables took
 * more than any saving.
 */
static struct map_lab begin(const char *version, uint64_t size, uint64_t inserts, uint64_t largest,
			    struct lab_map *m)
{
	struct map_lab lab = lab_new(version);

	*m = lab_plain_map(&lab, size);
	lab_insert(&lab, SLOW, m->map, inserts, largest);
	lab_alloc(&lab, OBJ SM "newTable < " SM "(*table).grow < " SLOW, 0, 1, 1 << 30);
	return lab;
}

/* @count maps that doubled at all levels from @from to @to. */
static void doubled(struct map_lab *lab, const struct lab_map *m, uint32_t from, uint32_t to,
		    uint64_t count)
{
	for (uint32_t level = from; level <= to; level++)
		lab_growth(lab, SM "(*table).grow < " SLOW, m->map, PROFILE_GROWTH_DOUBLE, level, 0,
			   count, 8ull << (level - 3));
}

static void split(struct map_lab *lab, const struct lab_map *m, uint32_t map, uint64_t count,
		  uint64_t entries)
{
	lab_growth(lab, SM "(*table).split < " SLOW, m->map, PROFILE_GROWTH_SPLIT, 10, map, count,
		   entries);
}

static void first(struct map_lab *lab, const struct lab_map *m, const char *frames, uint64_t count)
{
	__auto_free char *stack = NULL;

	assert_true(asprintf(&stack, OBJ SM "(*Map).growToSmall < %s", frames) > 0);
	lab_alloc(lab, stack, m->group, count, count * 208);
}

struct expected {
	uint64_t growths, grown_maps, saving;
};

static void expect(struct map_lab *lab, struct expected e)
{
	struct lab_report report = lab_finish(lab);
	const struct map_row *r = lab_row(&report, "main.load");

	assert_int_equal(r->growths, e.growths);
	assert_int_equal(r->grown_maps, e.grown_maps);
	assert_int_equal(r->presize_saving_bytes, e.saving);
	lab_report_free(&report);
}

/* What MemStats said of 300 maps of 20 entries (tests/targets/maps, Go 1.26.5). */
static void small_maps(void **state)
{
	struct lab_map m;
	struct map_lab lab = begin("go1.26.5", 16, 6000, 19, &m);

	(void)state;
	doubled(&lab, &m, 3, 4, 300);
	first(&lab, &m, SLOW, 300);
	expect(&lab, (struct expected){600, 300, 196800});

	/* Not so where the compiler kept the first group on the stack ... */
	lab = begin("go1.26.5", 16, 6000, 19, &m);
	doubled(&lab, &m, 3, 4, 300);
	expect(&lab, (struct expected){600, 300, 196800 - 300 * 208});

	/* ... but so where another line of the function put in the first key. */
	lab = begin("go1.26.5", 16, 6000, 19, &m);
	doubled(&lab, &m, 3, 4, 300);
	lab_insert(&lab, "runtime.mapassign < main.other:9 / main.load:9", m.map, 300, 0);
	first(&lab, &m, "runtime.mapassign < main.other:9 / main.load:9", 300);
	lab_insert(&lab, "runtime.mapassign < main.load:11 < main.main:40", m.map, 300, 0);
	first(&lab, &m, "runtime.mapassign < main.load:11 < main.main:40", 200);
	{
		struct lab_report report = lab_finish(&lab);
		uint64_t saving = 0;

		for (size_t i = 0; i < report.table->n; i++)
			saving += report.table->rows[i].presize_saving_bytes;
		assert_int_equal(saving, 196800 - 100 * 208);
		lab_report_free(&report);
	}
}

/* map[uint64]uint64 of 30 entries: 1, 2, 4 buckets of 144 bytes on the way to 8. */
static void classic(void **state)
{
	struct lab_map m;
	struct map_lab lab = begin("go1.23.5", 8, 30, 29, &m);

	(void)state;
	doubled(&lab, &m, 3, 5, 1);
	first(&lab, &m, SLOW, 1);
	expect(&lab, (struct expected){3, 1, 144 + 288 + 576});

	/* One that deletes made grow to the same size would do so again. */
	lab = begin("go1.23.5", 8, 30, 29, &m);
	lab_growth(&lab, "runtime.hashGrow < " SLOW, m.map, PROFILE_GROWTH_SAME_SIZE, 6, 0, 4, 29);
	expect(&lab, (struct expected){4, 0, 0});
}

/* Overflow buckets of levels outgrown: two maps of three went on from level 5. */
static void overflow(void **state)
{
	struct lab_map m;
	struct map_lab lab = begin("go1.23.5", 8, 90, 29, &m);
	const char *chain = "runtime.(*hmap).newoverflow < " SLOW;
	__auto_free char *object = NULL;

	(void)state;
	assert_true(asprintf(&object, OBJ "%s", chain) > 0);
	doubled(&lab, &m, 4, 4, 3);
	doubled(&lab, &m, 5, 5, 2);
	lab_growth(&lab, chain, m.map, PROFILE_GROWTH_OVERFLOW, 5, 0, 6, 20);
	lab_growth(&lab, chain, m.map, PROFILE_GROWTH_OVERFLOW, 6, 0, 4, 29);
	lab_alloc(&lab, object, m.group, 10, 1440);
	/* Arrays of 2 buckets and of 4; 4 of the 10 overflow buckets. */
	expect(&lab, (struct expected){5, 3, 3 * 288 + 2 * 576 + 576});
}

/* Bytes of a table of 1024 slots of map[uint64]uint64, and what was outgrown before it. */
#define TABLE (18432 + 32)
#define CHAIN \
	(144 + (288 + 32) + (576 + 32) + (1152 + 32) + (2304 + 32) + (4864 + 32) + (9472 + 32))

static void splits(void **state)
{
	struct lab_map m;
	struct map_lab lab = begin("go1.26.5", 8, 1500, 1499, &m);

	(void)state;
	/* 1500 entries: two tables, one split. The directory had one place. */
	doubled(&lab, &m, 3, 9, 1);
	first(&lab, &m, SLOW, 1);
	split(&lab, &m, 77, 1, 896);
	expect(&lab, (struct expected){8, 1, CHAIN + TABLE + 8});

	/* 1800 in three tables: make() takes four, three were outgrown. */
	lab = begin("go1.26.5", 8, 1800, 1799, &m);
	doubled(&lab, &m, 3, 9, 1);
	first(&lab, &m, SLOW, 1);
	split(&lab, &m, 77, 2, 1795);
	expect(&lab, (struct expected){9, 1, CHAIN + TABLE});

	/* 1790 in three tables: make() takes two, one of which is full as well. */
	lab = begin("go1.26.5", 8, 1790, 1789, &m);
	doubled(&lab, &m, 3, 9, 1);
	first(&lab, &m, SLOW, 1);
	split(&lab, &m, 77, 2, 1780);
	expect(&lab, (struct expected){9, 1, CHAIN + TABLE + 8});
}

/* Maps of which the beginning was not seen. */
static void splits_only(void **state)
{
	struct lab_map m;
	struct map_lab lab = begin("go1.26.5", 8, 9000, 13999, &m);

	(void)state;
	/* From 8 tables to 16: 8 of them were outgrown, and the directory. */
	split(&lab, &m, 77, 8, 7300);
	expect(&lab, (struct expected){8, 1, 8 * TABLE + 64});

	/* Half way from 8 to 16: 12 tables; 4 were outgrown, but make() takes 4 more. */
	lab = begin("go1.26.5", 8, 1000, 7299, &m);
	split(&lab, &m, 77, 4, 7200);
	expect(&lab, (struct expected){4, 1, 0});

	/* Ten maps made for 14000 entries, nearly full: each splits some of 16 tables. */
	lab = begin("go1.26.5", 8, 140000, 13999, &m);
	for (uint32_t i = 1; i <= 10; i++)
		split(&lab, &m, i, 2 + i % 4, 13900);
	expect(&lab, (struct expected){35, 10, 0});

	/* Two that came to 14000 from 8 tables, and then some. */
	lab = begin("go1.26.5", 8, 140000, 13999, &m);
	split(&lab, &m, 1, 12, 13900);
	split(&lab, &m, 2, 11, 13900);
	expect(&lab, (struct expected){23, 2, 2 * (8 * TABLE + 64)});
}

/* Growths that make(map, n) would have seen as well. */
static void not_avoidable(void **state)
{
	struct lab_map m;
	struct map_lab lab = begin("go1.26.5", 8, 60 * 1793, 1792, &m);

	(void)state;
	/* make(map, 1793) takes four tables of 512 slots, which are full at once. */
	doubled(&lab, &m, 9, 9, 118);
	expect(&lab, (struct expected){118, 30, 0});

	/* 700 entries at a time, but ever new ones: what deletes leave fills a table. */
	lab = begin("go1.26.5", 8, 30000, 699, &m);
	split(&lab, &m, 5, 1, 640);
	expect(&lab, (struct expected){1, 1, 0});

	/* A full group makes way for a table, even for a key it has. */
	lab = begin("go1.26.5", 8, 20000, 8, &m);
	first(&lab, &m, SLOW, 1);
	doubled(&lab, &m, 3, 3, 1);
	expect(&lab, (struct expected){1, 1, 0});

	/* For a ninth key it need not have been. */
	lab = begin("go1.26.5", 8, 9, 8, &m);
	first(&lab, &m, SLOW, 1);
	doubled(&lab, &m, 3, 3, 1);
	expect(&lab, (struct expected){1, 1, 144});
}

/* What was not allocated there cannot be spared there. */
static void no_more_than_there_was(void **state)
{
	struct map_lab lab = lab_new("go1.26.5");
	struct lab_map m = lab_plain_map(&lab, 8);
	struct lab_report report;

	(void)state;
	lab_insert(&lab, SLOW, m.map, 1500, 1499);
	lab_alloc(&lab, OBJ SM "newTable < " SM "(*table).grow < " SLOW, 0, 1, 500);
	doubled(&lab, &m, 3, 9, 1);
	report = lab_finish(&lab);
	assert_int_equal(lab_row(&report, "main.load")->presize_saving_bytes, 500);
	lab_report_free(&report);
}

/* One type, made well in one function and badly in another. */
static void functions_apart(void **state)
{
	struct lab_map m;
	struct map_lab lab = begin("go1.26.5", 8, 1500, 1499, &m);
	struct lab_report report;

	(void)state;
	doubled(&lab, &m, 3, 9, 1);
	first(&lab, &m, SLOW, 1);
	split(&lab, &m, 77, 1, 896);
	lab_insert(&lab, "runtime.mapassign < main.good:1", m.map, 1790, 1789);
	lab_growth(&lab, SM "(*table).split < runtime.mapassign < main.good:1", m.map,
		   PROFILE_GROWTH_SPLIT, 10, 78, 1, 1788);
	report = lab_finish(&lab);
	assert_int_equal(lab_row(&report, "main.load")->presize_saving_bytes, CHAIN + TABLE + 8);
	assert_int_equal(lab_row(&report, "main.good")->presize_saving_bytes, 0);
	assert_int_equal(lab_row(&report, "main.good")->growths, 1);
	lab_report_free(&report);
}

static void copied(void **state)
{
	static const struct {
		const char *version;
		uint64_t moved; /* at 1, 2, 4 buckets or 8, 16, 32 slots */
	} cases[] = {
		{"go1.20.14", 8 + 13 + 26},
		{"go1.21.13", 8 + 12 + 24},
		{"go1.22.12", 8 + 13 + 26},
		{"go1.26.5", 8 + 14 + 28},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct lab_map m;
		struct map_lab lab = begin(cases[i].version, 200, 30, 29, &m);
		struct lab_report report;

		doubled(&lab, &m, 3, 5, 1);
		report = lab_finish(&lab);
		/* Key and value of each insert; key and pointer to a box of what moves. */
		assert_int_equal(lab_row(&report, "main.load")->copied_bytes,
				 30 * (8 + 200) + cases[i].moved * (8 + 8));
		lab_report_free(&report);
	}
}

/* Whatever a recording says, sums end and stay at the top. */
static void absurd(void **state)
{
	const uint64_t large[] = {1, UINT64_MAX / 4, UINT64_MAX / 2};

	(void)state;
	for (uint32_t level = 0; level < 64; level += 3) {
		for (size_t i = 0; i < 3; i++) {
			struct lab_map m;
			struct map_lab lab = begin(i & 1 ? "go1.26.5" : "go1.23.5", UINT64_MAX / 64,
						   large[i], UINT64_MAX, &m);
			struct lab_report report;

			for (int how = 0; how < PROFILE_GROWTH_MAX; how++)
				lab_growth(&lab, SM "(*table).split < " SLOW, m.map,
					   (enum profile_growth_how)how, level, 3, large[i] / 4,
					   UINT64_MAX);
			first(&lab, &m, SLOW, large[i] / 512);
			report = lab_finish(&lab);
			assert_int_equal(report.table->n, 1);
			assert_int_equal(report.table->inserts, large[i]);
			lab_report_free(&report);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),           cmocka_unit_test(chained),
		cmocka_unit_test(small_maps),      cmocka_unit_test(classic),
		cmocka_unit_test(overflow),        cmocka_unit_test(splits),
		cmocka_unit_test(splits_only),     cmocka_unit_test(not_avoidable),
		cmocka_unit_test(functions_apart), cmocka_unit_test(copied),
		cmocka_unit_test(absurd),          cmocka_unit_test(no_more_than_there_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
