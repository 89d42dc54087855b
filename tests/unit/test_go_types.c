// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Against the types that tests/fuzz/make_type_seeds.py writes, good and hostile.
 * The comparison with real programs is tests/e2e/test_types.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "base/cleanup.h"
#include "described.h"
#include "report/type_layout.h"
#include "seeds.h"

#define FILE_VADDR 0x10000u
#define MEMORY     0xc000000000u
#define BIAS       0x555555550000u
#define SLOT       192u
#define HEADER     4

/* Places in a seed. */
enum { INT, STR, BYTE, USER, POINTER, SLICES, ARRAYS, MAPS, GROUP, BIG, CHANS, N_TYPES };

struct blob {
	struct seed seed;
	struct go_types *types;
	const uint8_t *memory;
	size_t memory_len;
	uint64_t base, bias;
	size_t reads;
};

static int read_memory(void *ctx, uint64_t address, void *buf, size_t len)
{
	struct blob *b = ctx;
	uint64_t at = address - MEMORY;

	b->reads++;
	if (at > b->memory_len || b->memory_len - at < len)
		return -EIO;
	memcpy(buf, b->memory + at, len);
	return 0;
}

static struct go_types_source source_of(const struct seed *seed)
{
	const uint8_t *data = seed->data;
	struct go_types_source source = {.minor = data[0],
					 .classic_maps = data[1] & 1,
					 .bytes = data + HEADER,
					 .vaddr = FILE_VADDR,
					 .len = (size_t)data[2] | (size_t)data[3] << 8};

	if (source.len > seed->len - HEADER)
		source.len = seed->len - HEADER;
	return source;
}

static void open_blob(struct blob *b, const char *name)
{
	struct go_types_source source;
	const uint8_t *data;

	*b = (struct blob){.seed = seed_load("go_types", name)};
	assert_true(b->seed.len >= HEADER);
	data = b->seed.data;
	source = source_of(&b->seed);
	b->bias = data[1] & 2 ? BIAS : 0;
	b->memory = data + HEADER + source.len;
	b->memory_len = b->seed.len - HEADER - source.len;
	b->base = source.len ? FILE_VADDR + b->bias : MEMORY;
	b->types = go_types_new_mem(&source, b->bias);
	assert_non_null(b->types);
	go_types_set_reader(b->types, read_memory, b);
}

static void close_blob(struct blob *b)
{
	go_types_free(b->types);
	free(b->seed.data);
}

static uint64_t at(const struct blob *b, unsigned int place)
{
	return b->base + (place + 1) * SLOT;
}

static void assert_name(const struct blob *b, unsigned int place, const char *expected)
{
	char name[GO_TYPE_NAME_SIZE];

	assert_int_equal(go_type_name(b->types, at(b, place), name, sizeof(name)), 0);
	assert_string_equal(name, expected);
}

static void assert_package(const struct blob *b, unsigned int place, const char *expected)
{
	char package[GO_TYPE_NAME_SIZE];

	assert_int_equal(go_type_package(b->types, at(b, place), package, sizeof(package)), 0);
	assert_string_equal(package, expected);
}

static const char *const good[] = {"go1.18", "go1.19",     "go1.23-pie",
				   "go1.26", "go1.27-pie", "go1.28-split"};

static void names_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct blob b;

		open_blob(&b, good[i]);
		assert_true(go_types_holds(b.types, at(&b, USER)));
		assert_false(go_types_holds(b.types, at(&b, USER) + (1 << 20)));
		assert_false(go_types_holds(b.types, b.base - 1));
		assert_name(&b, INT, "int64");
		assert_name(&b, USER, "main.User");
		assert_name(&b, POINTER, "*main.User");
		assert_name(&b, MAPS, "map[int64]int8");
		assert_name(&b, BIG, "[1125899906842623]int8");
		assert_package(&b, USER, "main");
		assert_package(&b, SLICES, "main"); /* []*main.User */
		assert_package(&b, CHANS, "main");
		assert_package(&b, MAPS, "");
		assert_package(&b, GROUP, "");
		assert_int_equal(b.reads, 0);
		close_blob(&b);
	}
}

static void follows_elements(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct go_type type;
		struct blob b;

		open_blob(&b, good[i]);
		assert_int_equal(go_type_read(b.types, at(&b, SLICES), &type), 0);
		assert_int_equal(type.kind, GO_KIND_SLICE);
		assert_int_equal(type.elem, at(&b, POINTER));
		assert_int_equal(go_type_read(b.types, at(&b, ARRAYS), &type), 0);
		assert_int_equal(type.elem, at(&b, USER));
		assert_int_equal(type.len, 3);
		assert_int_equal(go_type_read(b.types, at(&b, MAPS), &type), 0);
		assert_int_equal(type.key, at(&b, INT));
		assert_int_equal(type.elem, at(&b, BYTE));
		assert_int_equal(go_type_read(b.types, at(&b, INT), &type), 0);
		assert_int_equal(type.elem, 0);
		assert_int_equal(type.hash, 0x1000 + INT);
		close_blob(&b);
	}
}

static void reads_maps_of_each_version(void **state)
{
	static const struct {
		const char *seed;
		bool swiss;
		unsigned int group_size, slot_size;
	} cases[] = {
		{"go1.18", false, 88, 9},      {"go1.23-pie", false, 88, 9},
		{"go1.26", true, 136, 16},     {"go1.27-pie", true, 136, 16},
		{"go1.28-split", true, 80, 9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct go_map_type map;
		struct go_type type;
		struct blob b;

		open_blob(&b, cases[i].seed);
		assert_int_equal(go_type_read(b.types, at(&b, MAPS), &type), 0);
		assert_int_equal(go_type_map(b.types, &type, &map), 0);
		assert_int_equal(map.swiss, cases[i].swiss);
		assert_int_equal(map.group_size, cases[i].group_size);
		assert_int_equal(map.slot_size, cases[i].slot_size);
		assert_int_equal(map.group, at(&b, GROUP));
		assert_int_equal(map.key_size, 8);
		assert_int_equal(map.elem_size, 1);
		assert_false(map.key_indirect || map.elem_indirect);
		assert_int_equal(go_type_read(b.types, at(&b, USER), &type), 0);
		assert_int_equal(go_type_map(b.types, &type, &map), -EINVAL);
		close_blob(&b);
	}
}

/* As a recording has it: the profile, and the layout or NULL with errno. */
static struct type_layout *lay_out(const struct blob *b, uint64_t address, struct profile **p)
{
	struct go_types_source source = source_of(&b->seed);
	struct go_types *go = go_types_new_mem(&source, b->bias);
	struct described_memory memory = {b->memory, b->memory_len, MEMORY};
	uint32_t type;

	assert_non_null(go);
	*p = described(go, &memory, &address, &type, 1);
	return type_layout_new(*p, 0, type);
}

static void assert_no_layout(const struct blob *b, uint64_t address)
{
	struct profile *p;
	struct type_layout *l = lay_out(b, address, &p);

	if (l || (errno != EBADMSG && errno != EINVAL))
		fail_msg("%s: %p %d", b->seed.name, (void *)l, errno);
	profile_free(p);
}

static void assert_field(const struct profile *p, const struct layout_field *f, const char *name,
			 const char *type, unsigned int offset, unsigned int size,
			 unsigned int padding)
{
	assert_string_equal(profile_str(p, f->name), name);
	assert_string_equal(profile_str(p, p->types[f->type].name), type);
	assert_int_equal(f->offset, offset);
	assert_int_equal(f->size, size);
	assert_int_equal(f->padding, padding);
	assert_int_equal(f->pointers, !strcmp(type, "string"));
	assert_int_equal(f->embedded, !strcmp(name, "Name"));
}

static void lays_out_structs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct type_layout *l;
		struct profile *p;
		struct blob b;

		open_blob(&b, good[i]);
		l = lay_out(&b, at(&b, USER), &p);
		assert_non_null(l);
		assert_int_equal(l->n_fields, 4);
		assert_field(p, &l->fields[0], "Age", "int8", 0, 1, 7);
		assert_field(p, &l->fields[1], "ID", "int64", 8, 8, 0);
		assert_field(p, &l->fields[2], "Name", "string", 16, 16, 0);
		assert_field(p, &l->fields[3], "Flag", "int8", 32, 1, 7);
		assert_int_equal(l->size, 40);
		assert_int_equal(l->padding, 14);
		assert_int_equal(l->optimal_size, 32);
		type_layout_free(l);
		profile_free(p);
		assert_no_layout(&b, at(&b, MAPS));
		close_blob(&b);
	}
	go_types_free(NULL);
}

static void reads_what_reflection_made(void **state)
{
	static const char *const seeds[] = {"memory", "memory-go1.18"};
	char name[GO_TYPE_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		struct type_layout *l;
		struct profile *p;
		struct blob b;

		open_blob(&b, seeds[i]);
		assert_false(go_types_holds(b.types, at(&b, USER)));
		assert_name(&b, USER, "[reflect struct, 40 bytes]");
		assert_name(&b, POINTER, "[reflect ptr, 8 bytes]");
		assert_package(&b, USER, "");
		l = lay_out(&b, at(&b, USER), &p);
		assert_non_null(l);
		assert_field(p, &l->fields[1], "ID", "[reflect int64, 8 bytes]", 8, 8, 0);
		assert_int_equal(l->optimal_size, 32);
		type_layout_free(l);
		profile_free(p);

		go_types_set_reader(b.types, NULL, NULL);
		assert_int_equal(go_type_name(b.types, at(&b, USER), name, sizeof(name)), -ENOENT);
		assert_string_equal(name, GO_TYPE_BAD);
		close_blob(&b);
	}
}

static void names_call_frames_on_the_heap_only(void **state)
{
	struct go_type type;
	struct blob b;

	(void)state;
	open_blob(&b, "memory-frame");
	assert_name(&b, USER, "[reflect frame, 40 bytes]");
	close_blob(&b);
	open_blob(&b, "bad-kind-0");
	assert_int_equal(go_type_read(b.types, at(&b, USER), &type), -EBADMSG);
	close_blob(&b);
}

static void bad_types_are_called_so(void **state)
{
	static const char *const seeds[] = {
		"bad-size",       "bad-unaligned-size", "bad-pointers",  "bad-odd-pointers",
		"bad-align-0",    "bad-align-3",        "bad-align-128", "bad-kind-0",
		"bad-kind-31",    "bad-kind-string",    "bad-name-0",    "bad-name-below",
		"bad-name-above", "name-gigabyte",      "name-endless",  "name-latin",
		"name-control",   "name-nul",           "name-empty",    "name-starless",
		"name-star",
	};
	char name[GO_TYPE_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		struct blob b;

		open_blob(&b, seeds[i]);
		if (go_type_name(b.types, at(&b, USER), name, sizeof(name)) != -EBADMSG ||
		    strcmp(name, GO_TYPE_BAD) != 0)
			fail_msg("%s: \"%s\"", seeds[i], name);
		/* Those around it are none the worse. */
		assert_name(&b, INT, "int64");
		close_blob(&b);
	}
}

static void no_types_where_there_are_none(void **state)
{
	static const uint64_t addresses[] = {0,
					     8,
					     UINT64_MAX,
					     UINT64_MAX - 7,
					     FILE_VADDR + SLOT + 4,
					     MEMORY,
					     FILE_VADDR + 0xfff8};
	char name[GO_TYPE_NAME_SIZE];
	struct go_type type;
	struct blob b;

	(void)state;
	open_blob(&b, "go1.26");
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		assert_true(go_type_name(b.types, addresses[i], name, sizeof(name)) < 0);
		assert_string_equal(name, GO_TYPE_BAD);
		assert_true(go_type_read(b.types, addresses[i], &type) < 0);
		assert_true(go_type_package(b.types, addresses[i], name, sizeof(name)) < 0);
		assert_string_equal(name, "");
		if (addresses[i])
			assert_no_layout(&b, addresses[i]);
	}
	close_blob(&b);
}

/* Their heads are sound, so they have names; what follows is not used. */
static void bad_structs_have_no_layout(void **state)
{
	static const char *const seeds[] = {
		"bad-fields-pointer", "bad-fields-end",      "bad-fields-nil",
		"bad-fields-many",    "bad-fields-all",      "bad-fields-more",
		"bad-field-type",     "bad-field-type-odd",  "bad-field-offset",
		"bad-field-overlap",  "bad-field-unaligned", "bad-field-name",
		"bad-field-first",    "bad-field-self",      "bad-field-past",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		struct blob b;

		open_blob(&b, seeds[i]);
		assert_name(&b, USER, "main.User");
		assert_no_layout(&b, at(&b, USER));
		close_blob(&b);
	}
}

static void bad_maps_and_elements_are_refused(void **state)
{
	static const char *const seeds[] = {"bad-map-key", "bad-map-group-size", "bad-map-slot"};
	struct go_map_type map;
	struct go_type type;
	struct blob b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		open_blob(&b, seeds[i]);
		assert_int_equal(go_type_read(b.types, at(&b, MAPS), &type), 0);
		if (go_type_map(b.types, &type, &map) >= 0)
			fail_msg("%s", seeds[i]);
		close_blob(&b);
	}
	open_blob(&b, "bad-elem");
	assert_int_equal(go_type_read(b.types, at(&b, POINTER), &type), -EBADMSG);
	close_blob(&b);
	open_blob(&b, "bad-array-length");
	assert_int_equal(go_type_read(b.types, at(&b, ARRAYS), &type), -EBADMSG);
	close_blob(&b);
}

static void cycles_end(void **state)
{
	static const char *const seeds[] = {"cyclic-pointer", "cyclic-slices"};
	struct blob b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		open_blob(&b, seeds[i]);
		assert_name(&b, POINTER, "*main.User");
		assert_package(&b, POINTER, "");
		assert_package(&b, SLICES, "");
		close_blob(&b);
	}
	open_blob(&b, "bad-package");
	{
		char package[64];

		assert_int_equal(go_type_package(b.types, at(&b, USER), package, sizeof(package)),
				 -EBADMSG);
		assert_string_equal(package, "");
	}
	close_blob(&b);
}

static void long_names_are_cut_between_characters(void **state)
{
	char name[GO_TYPE_NAME_SIZE], small[32];
	struct blob b;

	(void)state;
	open_blob(&b, "name-long");
	assert_int_equal(go_type_name(b.types, at(&b, USER), name, sizeof(name)), 0);
	assert_true(strlen(name) > GO_TYPE_NAME_SIZE - 8);
	assert_string_equal(name + strlen(name) - 5, "ü...");
	assert_int_equal(go_type_name(b.types, at(&b, USER), small, sizeof(small)), 0);
	assert_string_equal(small, "üüüüüüüüüüüüü...");
	close_blob(&b);
}

static void a_lying_name_in_memory_costs_little(void **state)
{
	struct go_type_field field;
	struct go_type type;
	struct blob b;
	int err = 0;

	(void)state;
	open_blob(&b, "memory-name-gigabyte");
	assert_int_equal(go_type_read(b.types, at(&b, USER), &type), 0);
	for (uint32_t i = 0; !err && i < type.n_fields; i++)
		err = go_type_field(b.types, &type, i, &field);
	assert_int_equal(err, -EBADMSG);
	assert_true(b.reads < 20);
	assert_no_layout(&b, at(&b, USER));
	close_blob(&b);
}

static void ask_everything(const struct seed *s)
{
	char name[GO_TYPE_NAME_SIZE];
	struct type_layout *l;
	struct go_map_type map;
	struct go_type type;
	struct profile *p;
	struct blob b;

	if (s->len < HEADER)
		return;
	open_blob(&b, s->name);
	for (unsigned int i = 0; i < N_TYPES; i++) {
		go_type_name(b.types, at(&b, i), name, sizeof(name));
		go_type_package(b.types, at(&b, i), name, sizeof(name));
		if (!go_type_read(b.types, at(&b, i), &type))
			go_type_map(b.types, &type, &map);
		l = lay_out(&b, at(&b, i), &p);
		type_layout_free(l);
		profile_free(p);
	}
	close_blob(&b);
}

/* The sanitizer watches: each seed is in a block of its size. */
static void no_seed_is_read_beyond_its_end(void **state)
{
	(void)state;
	assert_true(seed_for_each("go_types", ask_everything) > 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_types),
		cmocka_unit_test(follows_elements),
		cmocka_unit_test(reads_maps_of_each_version),
		cmocka_unit_test(lays_out_structs),
		cmocka_unit_test(reads_what_reflection_made),
		cmocka_unit_test(names_call_frames_on_the_heap_only),
		cmocka_unit_test(bad_types_are_called_so),
		cmocka_unit_test(no_types_where_there_are_none),
		cmocka_unit_test(bad_structs_have_no_layout),
		cmocka_unit_test(bad_maps_and_elements_are_refused),
		cmocka_unit_test(cycles_end),
		cmocka_unit_test(long_names_are_cut_between_characters),
		cmocka_unit_test(a_lying_name_in_memory_costs_little),
		cmocka_unit_test(no_seed_is_read_beyond_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
