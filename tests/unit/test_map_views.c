// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The map report as people see it.
 *
 * UPDATE_GOLDEN=1 writes tests/golden/maps.txt anew instead of comparing with it.
 */
#include "map_lab.h"

#include "base/utf8.h"
#include "exported.h"
#include "golden.h"
#include "export/text_views.h"

#define OBJ  "runtime.mallocgc < runtime.newobject < "
#define SM   "internal|runtime|maps."
#define FAST "runtime.mapassign_fast64 < main.index:12 < main.main:40"
#define SLOW "runtime.mapassign < main.open:33 < main.main:41"
#define IDLE "runtime.mapassign < main.idle:1"

/* A map that grows, one with boxes and a name from a hostile program, one that is fine. */
static struct profile *three_maps(void)
{
	struct map_lab lab = lab_new("go1.26.5");
	struct lab_map small = lab_plain_map(&lab, 16), idle = lab_plain_map(&lab, 24);
	uint32_t key = lab_type(&lab, "string", KIND_STRING, 16, 8);
	uint32_t elem = lab_type(&lab, "main.\x1b[31mS\xff", KIND_STRUCT, 256, 128);
	struct lab_map boxed =
		lab_map(&lab, "map[string]main.\x1b[31mS\xff", key, 16, true, elem, 256, true);

	lab_insert(&lab, FAST, small.map, 6000, 19);
	lab_alloc(&lab, OBJ SM "(*Map).growToSmall < " FAST, small.group, 300, 300 * 208);
	lab_growth(&lab, SM "(*Map).growToTable < " FAST, small.map, PROFILE_GROWTH_DOUBLE, 3, 0,
		   300, 8);
	lab_growth(&lab, SM "(*table).grow < " FAST, small.map, PROFILE_GROWTH_DOUBLE, 4, 0, 300,
		   14);
	lab_alloc(&lab, OBJ SM "newTable < " SM "(*Map).growToTable < " FAST, 0, 600, 300 * 448);
	lab_alloc(&lab, OBJ SM "(*Map).growToTable < " FAST, 0, 300, 300 * 8);
	lab_alloc(&lab, OBJ SM "newTable < " SM "(*table).grow < " FAST, 0, 600, 300 * 928);
	lab_insert(&lab, SLOW, boxed.map, 4000, 3999);
	lab_alloc(&lab, OBJ SLOW, boxed.elem, 4000, 4000 * 256);
	lab_insert(&lab, IDLE, idle.map, 1000000, 9);
	return fixture_finish(lab.b);
}

static char *view(const struct profile *p, size_t width, unsigned int top)
{
	struct export_options opts = {.top = top};
	struct text t = {.p = p, .width = width};
	char *text;
	size_t len;

	t.out = open_memstream(&text, &len);
	assert_non_null(t.out);
	assert_int_equal(text_maps_print(&t, &opts), 0);
	assert_int_equal(fclose(t.out), 0);
	assert_true(utf8_valid(text));
	assert_null(strchr(text, '\x1b'));
	return text;
}

static void golden(void **state)
{
	struct profile *p = three_maps();
	__auto_free char *text = view(p, SIZE_MAX, 0);

	(void)state;
	golden_check("maps.txt", text, strlen(text));
	profile_free(p);
}

static void fits(void **state)
{
	static const size_t widths[] = {60, 70, 80, 100, 132};
	struct profile *p = three_maps();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		__auto_free char *text = view(p, widths[i], 2);
		char *rest = text, *line;

		while ((line = strsep(&rest, "\n"))) {
			if (utf8_length(line) > widths[i])
				fail_msg("%zu columns of %zu: %s", utf8_length(line), widths[i],
					 line);
		}
	}
	profile_free(p);
}

/* Words without a blank, as the names of types in advice may be, are broken. */
static void long_names(void **state)
{
	struct map_lab lab = lab_new("go1.26.5");
	uint32_t key = lab_type(&lab, "uint64", KIND_UINT64, 8, 0);
	char name[600] = "main.";
	struct lab_report r;
	uint32_t elem;
	struct lab_map m;

	(void)state;
	for (int i = 0; i < 50; i++)
		strcat(name, "\u00e9lement");
	elem = lab_type(&lab, name, KIND_STRUCT, 200, 0);
	m = lab_map(&lab, "map", key, 8, false, elem, 200, false);
	lab_insert(&lab, SLOW, m.map, 4000, 3999);
	lab_alloc(&lab, OBJ SLOW, elem, 4000, 4000 * 208);
	r = lab_finish(&lab);
	assert_int_equal(lab_row(&r, "main.open")->n_advice, 1);
	for (size_t width = 40; width < 120; width += 13) {
		__auto_free char *text = view(r.p, width, 0);
		char *rest = text, *line;
		size_t seen = 0;

		while ((line = strsep(&rest, "\n"))) {
			assert_true(utf8_length(line) <= width || strstr(line, " into maps "));
			for (const char *c = line; (c = strstr(c, "\u00e9")); c++)
				seen++;
		}
		/* Once of the value, once in the advice; none is lost. */
		assert_int_equal(seen, 100);
	}
	lab_report_free(&r);
}

static void nothing(void **state)
{
	struct map_lab lab = lab_new("go1.26.5");
	struct profile *p = fixture_finish(lab.b);
	__auto_free char *text = view(p, SIZE_MAX, 0);

	(void)state;
	assert_string_equal(text, "\nNo map was inserted into while this was recorded.\n");
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(fits),
		cmocka_unit_test(long_names),
		cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
