// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Advice on maps: each kind where it is due, with its saving, and none where not. */
#include "map_lab.h"

#define USER "main.load:12 < main.main:40"
#define SLOW "runtime.mapassign < " USER
#define FAST "runtime.mapassign_faststr < " USER
#define OBJ  "runtime.mallocgc < runtime.newobject < "
#define STR  "runtime.mallocgc < runtime.rawstring < "
#define SM   "internal|runtime|maps."

/* Kinds of the advice on main.load, "presize,reorder", by saving. */
static void expect_kinds(const struct lab_report *report, const char *expected)
{
	const struct map_row *r = lab_row(report, "main.load");
	char kinds[200] = "";

	for (size_t i = 0; i < r->n_advice; i++) {
		const struct map_advice *a = &r->advice[i];

		sprintf(kinds + strlen(kinds), "%s%s", i ? "," : "", map_advice_name(a->kind));
		assert_non_null(strstr(a->text, "main.go:12"));
		assert_true(a->saving_bytes > 0);
		assert_true(!i || r->advice[i - 1].saving_bytes >= a->saving_bytes);
	}
	assert_string_equal(kinds, expected);
}

static void expect_saving(const struct lab_report *report, enum map_advice_kind kind,
			  uint64_t saving, const char *words)
{
	const struct map_advice *a = lab_advice(lab_row(report, "main.load"), kind);

	assert_non_null(a);
	assert_int_equal(a->saving_bytes, saving);
	if (!strstr(a->text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, a->text);
}

static void grow(struct map_lab *lab, uint32_t map, uint32_t level, uint64_t count, uint64_t bytes)
{
	lab_growth(lab, SM "(*table).grow < " SLOW, map, PROFILE_GROWTH_DOUBLE, level, 0, count,
		   8ull << (level - 3));
	lab_alloc(lab, OBJ SM "newTable < " SM "(*table).grow < " SLOW, 0, 2 * count, bytes);
}

static void fine(void **state)
{
	struct map_lab lab = lab_new("go1.26.8");
	struct lab_map m = lab_plain_map(&lab, 16);
	struct lab_report report;

	(void)state;
	/* Made with room: inserts do not allocate at all. */
	lab_insert(&lab, SLOW, m.map, 100000, 9999);
	report = lab_finish(&lab);
	expect_kinds(&report, "");
	lab_report_free(&report);

	/* Many small ones that stay small. */
	lab = lab_new("go1.26.8");
	m = lab_plain_map(&lab, 16);
	lab_insert(&lab, SLOW, m.map, 30000, 2);
	lab_alloc(&lab, OBJ SM "(*Map).growToSmall < " SLOW, m.group, 10000, 2080000);
	report = lab_finish(&lab);
	expect_kinds(&report, "");
	lab_report_free(&report);
}

static void presize(void **state)
{
	struct map_lab lab = lab_new("go1.26.8");
	struct lab_map m = lab_plain_map(&lab, 16);
	struct lab_report report;

	(void)state;
	lab_insert(&lab, SLOW, m.map, 6000, 19);
	lab_alloc(&lab, OBJ SM "(*Map).growToSmall < " SLOW, m.group, 300, 300 * 208);
	grow(&lab, m.map, 3, 300, 300 * 448);
	grow(&lab, m.map, 4, 300, 300 * 928);
	report = lab_finish(&lab);
	expect_kinds(&report, "presize");
	expect_saving(&report, MAP_ADVICE_PRESIZE, 196800, "300 maps");
	expect_saving(&report, MAP_ADVICE_PRESIZE, 196800, "to 20 entries");
	lab_report_free(&report);

	/* One map; and one so small that it is not worth a word. */
	for (uint64_t count = 1; count <= 20; count += 19) {
		lab = lab_new("go1.26.8");
		m = lab_plain_map(&lab, 16);
		lab_insert(&lab, SLOW, m.map, 56 * count, 55);
		grow(&lab, m.map, 3, count, 448 * count);
		grow(&lab, m.map, 4, count, 928 * count);
		grow(&lab, m.map, 5, count, 1824 * count);
		report = lab_finish(&lab);
		expect_kinds(&report, count == 1 ? "" : "presize");
		lab_report_free(&report);
	}
}

/* 1400 values of 248 bytes: the numbers of tests/targets/maps, Go 1.26.5. */
static void boxes(void **state)
{
	struct map_lab lab = lab_new("go1.26.5");
	struct lab_map m = lab_plain_map(&lab, 248);
	struct lab_report report;

	(void)state;
	lab_insert(&lab, SLOW, m.map, 1400, 1399);
	lab_alloc(&lab, OBJ SLOW, m.elem, 1400, 1400 * 256);
	report = lab_finish(&lab);
	expect_kinds(&report, "pointers,shrink_value");
	expect_saving(&report, MAP_ADVICE_POINTERS, 1400 * 256, "248 bytes");
	expect_saving(&report, MAP_ADVICE_SHRINK_VALUE, 100352, "252.0kB more");
	assert_null(strstr(lab_row(&report, "main.load")->advice[0].text, "sync.Pool"));
	lab_report_free(&report);

	/* 136 bytes cost less as objects than 128 do in the table. */
	lab = lab_new("go1.26.5");
	m = lab_plain_map(&lab, 136);
	lab_insert(&lab, SLOW, m.map, 1400, 1399);
	lab_alloc(&lab, OBJ SLOW, m.elem, 1400, 1400 * 144);
	report = lab_finish(&lab);
	expect_kinds(&report, "pointers");
	lab_report_free(&report);

	/* A hundred values each for 60 keys that come and go. */
	lab = lab_new("go1.26.5");
	m = lab_plain_map(&lab, 200);
	lab_insert(&lab, SLOW, m.map, 6000, 59);
	lab_alloc(&lab, OBJ SLOW, m.elem, 6000, 6000 * 208);
	report = lab_finish(&lab);
	expect_kinds(&report, "pointers");
	expect_saving(&report, MAP_ADVICE_POINTERS, 6000 * 208, "no more than 60 at a time");
	expect_saving(&report, MAP_ADVICE_POINTERS, 6000 * 208, "sync.Pool");
	lab_report_free(&report);
}

/* Keys over 128 bytes are boxed too; pointers to keys would be other keys. */
static void boxed_keys(void **state)
{
	struct map_lab lab = lab_new("go1.26.5");
	uint32_t key = lab_type(&lab, "main.key", KIND_STRUCT, 160, 0);
	uint32_t elem = lab_type(&lab, "uint64", KIND_UINT64, 8, 0);
	struct lab_map m = lab_map(&lab, "map[main.key]uint64", key, 160, false, elem, 8, false);
	struct lab_report report;

	(void)state;
	lab_insert(&lab, SLOW, m.map, 2000, 1999);
	lab_alloc(&lab, OBJ SLOW, m.key, 2000, 2000 * 160);
	report = lab_finish(&lab);
	expect_kinds(&report, "");
	lab_report_free(&report);
}

/* map[uint64]*main.value; a new object for each insert, a thousand times each key. */
static void pool(void **state)
{
	const char *makers[] = {OBJ "main.load:11 < main.main:40",
				OBJ "main.newValue:3 < main.load:11 < main.main:40",
				OBJ "main.newValue:3 / main.load:11 < main.main:40",
				OBJ "main.elsewhere:3 < main.main:41"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct map_lab lab = lab_new("go1.26.5");
		uint32_t key = lab_type(&lab, "uint64", KIND_UINT64, 8, 0);
		uint32_t pointer = lab_type(&lab, "*main.value", KIND_POINTER, 8, 8);
		uint32_t value = lab_type(&lab, "main.value", KIND_STRUCT, 64, 8);
		struct lab_map m =
			lab_map(&lab, "map[uint64]*main.value", key, 8, false, pointer, 8, true);
		struct lab_report report;

		lab_insert(&lab, SLOW, m.map, 8000, 8);
		lab_alloc(&lab, makers[i], value, 8000, 8000 * 64);
		lab_alloc(&lab, OBJ SM "(*Map).growToSmall < " SLOW, m.group, 1, 144);
		report = lab_finish(&lab);
		expect_kinds(&report, i < 3 ? "pointers" : "");
		if (i < 3)
			expect_saving(&report, MAP_ADVICE_POINTERS, (8000 - 8) * 64,
				      "no more than 8 are held");
		lab_report_free(&report);
	}
}

/* Values made on the heap and copied into the table, which grows with them. */
static void copies(void **state)
{
	for (int made = 0; made < 2; made++) {
		struct map_lab lab = lab_new("go1.26.5");
		struct lab_map m = lab_plain_map(&lab, 120);
		struct lab_report report;

		(void)state;
		lab_insert(&lab, SLOW, m.map, 1000, 999);
		lab_alloc(&lab, OBJ SM "(*table).split < " SLOW, m.group, 2, 600000);
		lab_growth(&lab, SM "(*table).split < " SLOW, m.map, PROFILE_GROWTH_SPLIT, 10, 5, 1,
			   999);
		lab_alloc(&lab, OBJ USER, made ? m.elem : m.key, 1000, 1000 * 128);
		report = lab_finish(&lab);
		if (made)
			assert_non_null(strstr(
				lab_advice(lab_row(&report, "main.load"), MAP_ADVICE_POINTERS)
					->text,
				"copies them"));
		else
			assert_null(lab_advice(lab_row(&report, "main.load"), MAP_ADVICE_POINTERS));
		lab_report_free(&report);
	}
}

/* Numbers between flags: 320 bytes where 184 would do, and so on. */
static uint32_t padded(struct map_lab *lab, unsigned int n)
{
	uint32_t flag = lab_type(lab, "bool", 1, 1, 0);
	uint32_t number = lab_type(lab, "uint64", KIND_UINT64, 8, 0);
	struct profile_field fields[64];
	struct profile_type t = {.name = profile_builder_str(lab->b, "main.padded"),
				 .kind = KIND_STRUCT,
				 .size = 16ull * n,
				 .align = 8,
				 .hash = 7};

	for (unsigned int i = 0; i < n; i++) {
		char name[16];

		sprintf(name, "f%u", i);
		fields[2 * i] = (struct profile_field){16ull * i, profile_builder_str(lab->b, name),
						       flag, false};
		sprintf(name, "n%u", i);
		fields[2 * i + 1] = (struct profile_field){
			16ull * i + 8, profile_builder_str(lab->b, name), number, false};
	}
	return profile_builder_type(lab->b, &t, fields, 2 * n);
}

static void reorder(void **state)
{
	struct map_lab lab = lab_new("go1.26.5");
	uint32_t key = lab_type(&lab, "uint64", KIND_UINT64, 8, 0), elem = padded(&lab, 20);
	struct lab_map m = lab_map(&lab, "map[uint64]main.padded", key, 8, false, elem, 320, false);
	struct lab_report report;

	(void)state;
	/* 20 * 9 bytes fit 184, of the class of 192. */
	lab_insert(&lab, SLOW, m.map, 2000, 1999);
	lab_alloc(&lab, OBJ SLOW, m.elem, 2000, 2000 * 320);
	report = lab_finish(&lab);
	assert_int_equal(lab_row(&report, "main.load")->elem_padding, 140);
	assert_int_equal(lab_row(&report, "main.load")->elem_pointer_fields, 0);
	expect_kinds(&report, "pointers,reorder");
	expect_saving(&report, MAP_ADVICE_REORDER, 2000 * 128, "140 are padding");
	lab_report_free(&report);

	/* 160 bytes, but 96 ordered: no boxes at all then. */
	lab = lab_new("go1.26.5");
	key = lab_type(&lab, "uint64", KIND_UINT64, 8, 0);
	elem = padded(&lab, 10);
	m = lab_map(&lab, "map[uint64]main.padded", key, 8, false, elem, 160, false);
	lab_insert(&lab, SLOW, m.map, 1700, 1699);
	lab_alloc(&lab, OBJ SLOW, m.elem, 1700, 1700 * 160);
	report = lab_finish(&lab);
	expect_kinds(&report, "pointers,shrink_value");
	/* Two tables of 128 groups of 840 bytes, not 136. */
	expect_saving(&report, MAP_ADVICE_SHRINK_VALUE, 1700 * 160 - 2 * (114688 - 18432),
		      "96 with fields ordered");
	lab_report_free(&report);

	/* In the table: 48 bytes, ordered 32. */
	lab = lab_new("go1.26.5");
	key = lab_type(&lab, "uint64", KIND_UINT64, 8, 0);
	elem = padded(&lab, 3);
	m = lab_map(&lab, "map[uint64]main.padded", key, 8, false, elem, 48, false);
	lab_insert(&lab, SLOW, m.map, 20000, 19);
	lab_alloc(&lab, OBJ SM "(*Map).growToSmall < " SLOW, m.group, 1000, 1000 * 480);
	report = lab_finish(&lab);
	expect_kinds(&report, "reorder");
	/* Groups of 8 + 8 * 56 bytes, 480 on the heap, or 8 + 8 * 40, 352. */
	expect_saving(&report, MAP_ADVICE_REORDER, 1000 * (480 - 352), "takes 32");
	lab_report_free(&report);
}

static void integer_key(void **state)
{
	static const struct {
		const char *frames;
		uint64_t strings;
		const char *kinds;
	} cases[] = {
		{STR "runtime.slicebytetostring < main.load:11 < main.main:40", 3000,
		 "integer_key"},
		{STR "runtime.slicebytetostring < strconv.FormatInt:9 < strconv.Itoa:8 < "
		     "main.load:11 < main.main:40",
		 3000, "integer_key"},
		/* Now and then only; far too many; in another function. */
		{STR "main.load:11 < main.main:40", 300, ""},
		{STR "main.load:11 < main.main:40", 30000, ""},
		{STR "main.main:39", 3000, ""},
		{STR "main.other:5 < main.load:11 < main.main:40", 3000, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct map_lab lab = lab_new("go1.26.5");
		uint32_t string = lab_type(&lab, "string", KIND_STRING, 16, 8);
		uint32_t word = lab_type(&lab, "uint64", KIND_UINT64, 8, 0);
		uint32_t bytes = lab_type(&lab, "[string bytes]", 0, 0, 0);
		struct lab_map m =
			lab_map(&lab, "map[string]uint64", string, 16, true, word, 8, false);
		struct lab_report report;

		lab_insert(&lab, FAST, m.map, 3000, 2999);
		/* A function with strings of its own for a map of its own. */
		lab_insert(&lab, "runtime.mapassign_faststr < main.other:6", m.map, 3000, 2999);
		lab_alloc(&lab, cases[i].frames, bytes, cases[i].strings, cases[i].strings * 24);
		report = lab_finish(&lab);
		expect_kinds(&report, cases[i].kinds);
		if (*cases[i].kinds)
			expect_saving(&report, MAP_ADVICE_INTEGER_KEY, 72000,
				      "3.00k of them, 70.3kB");
		lab_report_free(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fine),    cmocka_unit_test(presize),
		cmocka_unit_test(boxes),   cmocka_unit_test(boxed_keys),
		cmocka_unit_test(pool),    cmocka_unit_test(copies),
		cmocka_unit_test(reorder), cmocka_unit_test(integer_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
