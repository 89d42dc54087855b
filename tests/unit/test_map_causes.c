// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which map an allocation was for, and why it was made. */
#include "map_lab.h"

#define USER "main.load:12 < main.main:40"
#define SLOW "runtime.mapassign < " USER
#define FAST "runtime.mapassign_faststr < " USER
#define OBJ  "runtime.mallocgc < runtime.newobject < "
#define SM   "internal|runtime|maps."

/* What the allocated type is to the map. */
enum part { NOTHING, KEY, ELEM, GROUP };

static const struct {
	const char *version;
	const char *frames;
	enum part part;
	enum map_cause cause;
} cases[] = {
	{"go1.19.8", OBJ SLOW, GROUP, MAP_CAUSE_FIRST},
	{"go1.19.8", OBJ SLOW, KEY, MAP_CAUSE_BOX},
	{"go1.19.8", OBJ SLOW, ELEM, MAP_CAUSE_BOX},
	{"go1.19.8", OBJ FAST, GROUP, MAP_CAUSE_FIRST},
	{"go1.19.8", OBJ FAST, NOTHING, MAP_CAUSE_FIRST},
	{"go1.19.8", OBJ SLOW, NOTHING, MAP_CAUSE_OTHER},
	{"go1.23.5",
	 "runtime.mallocgc < runtime.newarray < runtime.makeBucketArray < runtime.hashGrow < " FAST,
	 GROUP, MAP_CAUSE_GROWTH},
	{"go1.23.5", OBJ "runtime.hashGrow < " SLOW, NOTHING, MAP_CAUSE_GROWTH},
	{"go1.23.5", OBJ "runtime.(*hmap).newoverflow < " SLOW, GROUP, MAP_CAUSE_OVERFLOW},
	{"go1.23.5", OBJ "runtime.(*hmap).createOverflow / runtime.(*hmap).newoverflow < " FAST,
	 NOTHING, MAP_CAUSE_OVERFLOW},
	{"go1.23.5", "runtime.mallocgc < runtime.growslice < runtime.(*hmap).newoverflow < " FAST,
	 NOTHING, MAP_CAUSE_OVERFLOW},
	{"go1.23.5",
	 OBJ "runtime.(*hmap).newoverflow < runtime.evacuate_faststr < runtime.growWork_faststr "
	     "< " FAST,
	 GROUP, MAP_CAUSE_OVERFLOW},

	{"go1.26.8",
	 "runtime.mallocgc < runtime.newarray < " SM "newGroups / " SM "(*Map).growToSmall < " FAST,
	 GROUP, MAP_CAUSE_FIRST},
	{"go1.26.8", OBJ SM "(*Map).putSlotSmall < " SLOW, ELEM, MAP_CAUSE_BOX},
	{"go1.26.8", OBJ SLOW, KEY, MAP_CAUSE_BOX},
	{"go1.26.8",
	 "runtime.mallocgc < runtime.newarray < " SM "newGroups / " SM "(*table).reset < " SM
	 "newTable < " SM "(*Map).growToTable < " FAST,
	 GROUP, MAP_CAUSE_GROWTH},
	{"go1.26.8", OBJ SM "newTable < " SM "(*Map).growToTable < " FAST, NOTHING,
	 MAP_CAUSE_GROWTH},
	{"go1.26.8", OBJ SM "(*Map).growToTable < " FAST, NOTHING, MAP_CAUSE_DIRECTORY},
	{"go1.26.8", OBJ SM "newTable < " SM "(*table).grow < " SM "(*table).rehash < " SLOW,
	 NOTHING, MAP_CAUSE_GROWTH},
	{"go1.26.8", OBJ SM "newTable < " SM "(*table).split < " SM "(*table).rehash < " SLOW,
	 NOTHING, MAP_CAUSE_DIRECTORY},
	{"go1.26.8",
	 "runtime.mallocgc < runtime.makeslice < " SM "(*Map).installTableSplit < " SM
	 "(*table).split < " SLOW,
	 NOTHING, MAP_CAUSE_DIRECTORY},
	{"go1.27.4", "runtime.mallocgcSmallScanNoHeaderSC1 < " SM "(*Map).growToTable < " FAST,
	 NOTHING, MAP_CAUSE_DIRECTORY},
	{"go1.27.4",
	 "runtime.mallocgcSmallScanNoHeaderSC9 < runtime.mallocgc < runtime.newobject < " SLOW,
	 ELEM, MAP_CAUSE_BOX},

	/* An allocation starts a collection, which allocates. */
	{"go1.26.8",
	 OBJ "runtime.malg < runtime.newproc1 < runtime.systemstack < "
	     "runtime.gcBgMarkStartWorkers < runtime.gcStart < runtime.mallocgc < runtime.newarray "
	     "< " SM "newTable < " SM "(*table).grow < " SLOW,
	 NOTHING, MAP_CAUSE_OTHER},
	{"go1.26.8",
	 OBJ "runtime.acquireSudog < runtime.semacquire1 < runtime.gcMarkDone < "
	     "runtime.mallocgc < runtime.newobject < " SLOW,
	 NOTHING, MAP_CAUSE_OTHER},
};

static uint32_t part_type(const struct lab_map *m, enum part part)
{
	const uint32_t types[] = {0, m->key, m->elem, m->group};

	return types[part];
}

static void causes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct map_lab lab = lab_new(cases[i].version);
		uint32_t key = lab_type(&lab, "main.key", KIND_STRUCT, 160, 0);
		uint32_t elem = lab_type(&lab, "main.value", KIND_STRUCT, 200, 8);
		struct lab_map m =
			lab_map(&lab, "map[main.key]main.value", key, 160, false, elem, 200, true);
		const struct map_row *r;
		struct lab_report report;

		lab_insert(&lab, strstr(cases[i].frames, "runtime.mapassign"), m.map, 10, 9);
		lab_alloc(&lab, cases[i].frames, part_type(&m, cases[i].part), 3, 480);
		report = lab_finish(&lab);
		assert_int_equal(report.table->n, 1);
		r = lab_row(&report, "main.load");
		for (int cause = 0; cause < MAP_CAUSE_MAX; cause++) {
			bool is = cause == (int)cases[i].cause;

			if (r->causes[cause].objects != (is ? 3 : 0))
				fail_msg("%s: %s", cases[i].frames,
					 map_cause_name((enum map_cause)cause));
			assert_int_equal(r->causes[cause].bytes, is ? 480 : 0);
		}
		assert_int_equal(r->type, m.map);
		assert_int_equal(r->site.line, 12);
		assert_int_equal(r->objects, 3);
		assert_int_equal(r->bytes, 480);
		lab_report_free(&report);
	}
}

/* What is allocated next to an insert, or while deleting, is none of its doing. */
static void outside(void **state)
{
	struct map_lab lab = lab_new("go1.23.5");
	struct lab_map m = lab_plain_map(&lab, 16);
	struct lab_report report;
	const struct map_row *r;

	(void)state;
	lab_insert(&lab, FAST, m.map, 10, 9);
	lab_alloc(&lab, OBJ USER, m.elem, 5, 80);
	lab_alloc(&lab, OBJ "main.hash:3 < " FAST, m.elem, 5, 80);
	lab_alloc(&lab, OBJ "runtime.makemap < " USER, m.group, 5, 80);
	lab_alloc(&lab,
		  OBJ "runtime.(*hmap).newoverflow < runtime.evacuate < runtime.growWork < "
		      "runtime.mapdelete < " USER,
		  m.group, 5, 80);
	lab_growth(&lab,
		   "runtime.(*hmap).newoverflow < runtime.evacuate < runtime.mapdelete < " USER,
		   m.map, PROFILE_GROWTH_OVERFLOW, 5, 0, 5, 20);
	report = lab_finish(&lab);
	assert_int_equal(report.table->n, 1);
	r = lab_row(&report, "main.load");
	assert_int_equal(r->objects, 0);
	assert_int_equal(r->bytes, 0);
	assert_int_equal(r->largest, 9);
	assert_true(r->amplification == 0);
	lab_report_free(&report);
}

/* One place, several types of map: reflection, and generic functions that share code. */
static void shared_place(void **state)
{
	struct map_lab lab = lab_new("go1.26.8");
	uint32_t string = lab_type(&lab, "string", KIND_STRING, 16, 8);
	uint32_t word = lab_type(&lab, "uint64", KIND_UINT64, 8, 0);
	uint32_t table = lab_type(&lab, "maps.table", KIND_STRUCT, 32, 24);
	struct lab_map a = lab_map(&lab, "map[string]uint64", string, 16, true, word, 8, false);
	struct lab_map b = lab_map(&lab, "map[string]string", string, 16, true, string, 16, true);
	struct lab_report report;
	uint64_t objects[2] = {0};

	(void)state;
	lab_insert(&lab, FAST, a.map, 1000, 99);
	lab_insert(&lab, FAST, b.map, 10, 9);
	lab_insert(&lab, FAST, b.map, 10, 7);
	lab_growth(&lab, SM "(*Map).growToTable < " FAST, b.map, PROFILE_GROWTH_DOUBLE, 3, 0, 1, 8);
	/* Its group: b. A table: which is not said, but b grew. A string: that of either. */
	lab_alloc(&lab, OBJ SM "(*table).grow < " FAST, b.group, 1, 1000);
	lab_alloc(&lab, OBJ SM "newTable < " SM "(*table).grow < " FAST, table, 2, 64);
	lab_alloc(&lab, OBJ SM "(*Map).growToSmall < " FAST, a.group, 4, 4000);
	report = lab_finish(&lab);
	assert_int_equal(report.table->n, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct map_row *r = &report.table->rows[i];

		objects[r->type == b.map] = r->objects;
		assert_int_equal(r->inserts, r->type == b.map ? 20 : 1000);
		assert_int_equal(r->largest, r->type == b.map ? 9 : 99);
		assert_int_equal(r->growths, r->type == b.map);
	}
	assert_int_equal(objects[0], 4);
	assert_int_equal(objects[1], 3);
	assert_int_equal(report.table->inserts, 1020);
	assert_int_equal(report.table->bytes, 5064);
	lab_report_free(&report);
}

/* Not grown, not told by its type: to the map inserted into most. */
static void most_inserts(void **state)
{
	struct map_lab lab = lab_new("go1.26.8");
	struct lab_map a = lab_plain_map(&lab, 16), b = lab_plain_map(&lab, 24);
	struct lab_report report;

	(void)state;
	lab_insert(&lab, SLOW, a.map, 10, 9);
	lab_insert(&lab, SLOW, b.map, 11, 9);
	lab_alloc(&lab, OBJ SM "(*Map).growToSmall < " SLOW, 0, 1, 208);
	report = lab_finish(&lab);
	assert_int_equal(report.table->rows[0].type, b.map);
	assert_int_equal(report.table->rows[0].objects, 1);
	assert_int_equal(report.table->rows[1].objects, 0);
	lab_report_free(&report);
}

/* The same functions called from elsewhere are another place, however deep below. */
static void places(void **state)
{
	struct map_lab lab = lab_new("go1.26.8");
	struct lab_map a = lab_plain_map(&lab, 16), b = lab_plain_map(&lab, 24);
	struct lab_report report;

	(void)state;
#define PUT "runtime.mapassign < main.put:5 < "
	lab_insert(&lab, PUT "main.one:1 < main.main:1", a.map, 10, 9);
	lab_insert(&lab, PUT "main.two:2 < main.main:2", b.map, 10, 9);
	lab_alloc(&lab, OBJ SM "(*Map).growToSmall < " PUT "main.one:1 < main.main:1", 0, 1, 100);
	lab_alloc(&lab, OBJ SM "(*Map).growToSmall < " PUT "main.two:2 < main.main:2", 0, 2, 300);
	report = lab_finish(&lab);
	assert_int_equal(report.table->n, 2);
	assert_int_equal(report.table->rows[0].type, b.map);
	assert_int_equal(report.table->rows[0].objects, 2);
	assert_int_equal(report.table->rows[1].type, a.map);
	assert_int_equal(report.table->rows[1].objects, 1);
	lab_report_free(&report);
}

/* A deep stack is cut at its outer end: that of the object is, that of the insert not. */
static void cut_stacks(void **state)
{
	struct map_lab lab = lab_new("go1.26.8");
	struct lab_map m = lab_plain_map(&lab, 16);
	struct lab_report report;
	char whole[1024] = "runtime.mapassign", cut[1024] = OBJ SM "(*Map).growToSmall < "
								   "runtime.mapassign";

	(void)state;
	for (int i = 0; i < 30; i++) {
		sprintf(whole + strlen(whole), " < main.f%d:%d", i, i);
		if (i < 28)
			sprintf(cut + strlen(cut), " < main.f%d:%d", i, i);
	}
	lab_insert(&lab, whole, m.map, 10, 9);
	lab_alloc(&lab, cut, 0, 1, 208);
	report = lab_finish(&lab);
	assert_int_equal(report.table->n, 1);
	assert_int_equal(report.table->rows[0].objects, 1);
	assert_int_equal(report.table->rows[0].type, m.map);
	lab_report_free(&report);
}

/* No insert was seen there, types are not known, stacks are lost: it still adds up. */
static void unknown(void **state)
{
	struct map_lab lab = lab_new("go1.26.8");
	struct lab_report report;

	(void)state;
	lab_insert(&lab, "[lost stack]", 0, 7, 0);
	lab_insert(&lab, FAST, 0, 5, 0);
	lab_alloc(&lab, OBJ SM "(*table).grow < " FAST, 0, 2, 640);
	lab_alloc(&lab, OBJ "runtime.mapassign < main.late:1", 0, 1, 64);
	lab_growth(&lab, SM "(*table).grow < " FAST, 0, PROFILE_GROWTH_DOUBLE, 5, 0, 2, 20);
	report = lab_finish(&lab);
	assert_int_equal(report.table->n, 3);
	assert_int_equal(report.table->inserts, 12);
	assert_int_equal(report.table->bytes, 704);
	assert_int_equal(lab_row(&report, "main.load")->growths, 2);
	assert_int_equal(lab_row(&report, "main.load")->presize_saving_bytes, 0);
	assert_int_equal(lab_row(&report, "main.late")->causes[MAP_CAUSE_OTHER].objects, 1);
	assert_int_equal(lab_row(&report, "main.load")->n_advice, 0);
	lab_report_free(&report);
}

static void order(void **state)
{
	struct map_lab lab = lab_new("go1.26.8");
	struct lab_map m = lab_plain_map(&lab, 16);
	struct lab_report report;

	(void)state;
	lab_insert(&lab, "runtime.mapassign < main.idle:1", m.map, 10, 1);
	lab_insert(&lab, "runtime.mapassign < main.busy:1", m.map, 20, 1);
	lab_insert(&lab, "runtime.mapassign < main.worst:1", m.map, 1, 1);
	lab_alloc(&lab, OBJ SM "(*Map).growToSmall < runtime.mapassign < main.worst:1", m.group, 1,
		  208);
	report = lab_finish(&lab);
	assert_ptr_equal(lab_row(&report, "main.worst"), &report.table->rows[0]);
	assert_ptr_equal(lab_row(&report, "main.busy"), &report.table->rows[1]);
	assert_ptr_equal(lab_row(&report, "main.idle"), &report.table->rows[2]);
	/* 208 bytes for one insert of 8 + 16. */
	assert_true(report.table->rows[0].amplification == 208.0 / 24);
	lab_report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causes),       cmocka_unit_test(outside),
		cmocka_unit_test(shared_place), cmocka_unit_test(most_inserts),
		cmocka_unit_test(places),       cmocka_unit_test(cut_stacks),
		cmocka_unit_test(unknown),      cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
