// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Containers of C++ and Rust in the map report. UPDATE_GOLDEN=1 writes
 * tests/golden/containers.txt anew instead of comparing with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "exported.h"
#include "golden.h"
#include "fixture_containers.h"
#include "profile/native_container.h"
#include "report/maps.h"

static const struct map_row *row_of(const struct profile *p, const struct map_table *t,
				    const char *function)
{
	for (size_t i = 0; i < t->n; i++) {
		if (!strcmp(profile_str(p, p->functions[t->rows[i].site.function].name), function))
			return &t->rows[i];
	}
	fail_msg("no row of %s", function);
	return NULL;
}

static const char *type_of(const struct profile *p, const struct map_row *r)
{
	return profile_str(p, p->types[r->type].name);
}

static void nodes_belong_to_their_container(void **state)
{
	struct profile *p = fixture_containers();
	struct map_table *t = map_table_new(p);
	const struct map_row *r;

	(void)state;
	assert_non_null(t);
	assert_int_equal(t->n, 3);
	assert_int_equal(t->inserts, 10070);
	r = row_of(p, t, "index::add(int)");
	assert_string_equal(type_of(p, r), "std::map");
	assert_int_equal(r->inserts, 1000);
	assert_int_equal(r->bytes, 48000);
	assert_int_equal(r->objects, 1000);
	assert_int_equal(r->causes[MAP_CAUSE_BOX].bytes, 48000);
	assert_int_equal(r->largest, 999);
	assert_int_equal(r->growths, 0);
	assert_false(r->by_site);
	/* There is nothing to reserve. */
	assert_int_equal(r->n_advice, 0);
	map_table_free(t);
	profile_free(p);
}

/*
 * Of growths from 256, 512, 2048 (two tables) and 4096 buckets (one of them):
 * 1 - (2048 + 4096) / (512 + 1024 + 4096 + 4096) of 180000 bytes are spared.
 */
static void rehashes_are_spared(void **state)
{
	struct profile *p = fixture_containers();
	struct map_table *t = map_table_new(p);
	const struct map_row *r = row_of(p, t, "index::put(int)");

	(void)state;
	assert_string_equal(type_of(p, r), "std::unordered_map");
	assert_int_equal(r->inserts, 9000);
	assert_int_equal(r->growths, 7);
	assert_int_equal(r->bytes, 396000);
	assert_int_equal(r->causes[MAP_CAUSE_GROWTH].bytes, 180000);
	assert_int_equal(r->causes[MAP_CAUSE_BOX].bytes, 216000);
	assert_int_equal(r->presize_saving_bytes, 66315);
	assert_int_equal(r->n_advice, 1);
	assert_int_equal(r->advice[0].kind, MAP_ADVICE_PRESIZE);
	assert_int_equal(r->advice[0].saving_bytes, 66315);
	assert_non_null(strstr(r->advice[0].text, "filled at index.cc:33 were"));
	assert_non_null(strstr(r->advice[0].text, "7 times"));
	assert_non_null(strstr(r->advice[0].text, "8999 entries"));
	map_table_free(t);
	profile_free(p);
}

static void inlined_containers_take_what_their_site_has(void **state)
{
	struct profile *p = fixture_containers();
	struct map_table *t = map_table_new(p);
	const struct map_row *r = row_of(p, t, "raw::fill(int)");

	(void)state;
	assert_true(r->by_site);
	assert_int_equal(r->inserts, 70);
	assert_int_equal(r->objects, 71);
	assert_int_equal(r->causes[MAP_CAUSE_OTHER].bytes, 2900);
	map_table_free(t);
	profile_free(p);
}

static void names_are_numbers(void **state)
{
	struct profile *p = fixture_containers();
	size_t found = 0;

	(void)state;
	assert_string_equal(container_name(CONTAINER_TREE), "std::map");
	assert_string_equal(container_name(CONTAINER_HASHBROWN), "hashbrown");
	assert_string_equal(container_name(CONTAINER_NONE), "");
	assert_string_equal(container_name(CONTAINER_MAX), "");
	assert_int_equal(container_of_type(p, 0), CONTAINER_NONE);
	for (uint32_t i = 0; i < p->n_types; i++) {
		enum container c = container_of_type(p, i);

		found += c != CONTAINER_NONE;
		if (c)
			assert_string_equal(profile_str(p, p->types[i].name), container_name(c));
	}
	assert_int_equal(found, 2);
	profile_free(p);
}

static void golden_holds(void **state)
{
	struct profile *p = fixture_containers();
	size_t len;
	__auto_free char *all =
		export_text(p, &exporter_text, (struct export_options){.view = VIEW_MAPS}, &len);
	char *text = strstr(all, " inserts into maps ");

	(void)state;
	assert_non_null(text);
	len -= (size_t)(text - all);
	golden_check("containers.txt", text, len);
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_belong_to_their_container),
		cmocka_unit_test(rehashes_are_spared),
		cmocka_unit_test(inlined_containers_take_what_their_site_has),
		cmocka_unit_test(names_are_numbers),
		cmocka_unit_test(golden_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
