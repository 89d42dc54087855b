// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Structs by hand, sound and hostile; those of real programs are tests/e2e/test_types.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "base/cleanup.h"
#include "binary/go_kind.h"
#include "fixture.h"
#include "report/go_heap.h"
#include "report/type_layout.h"

#define FIELDS_MAX 6

/* A field's type as it matters for a layout, and where it is said to be. */
struct piece {
	uint64_t size;
	uint32_t align;
	uint64_t offset;
	bool pointers;
};

static uint32_t add_piece(struct profile_builder *b, const struct piece *piece)
{
	char name[64];
	struct profile_type t = {.size = piece->size,
				 .align = piece->align,
				 .ptr_bytes = piece->pointers ? 8 : 0,
				 .kind = GO_KIND_ARRAY};

	snprintf(name, sizeof(name), "t%llu_%u", (unsigned long long)piece->size, piece->align);
	t.name = profile_builder_str(b, name);
	return profile_builder_type(b, &t, NULL, 0);
}

static uint32_t add_struct(struct profile_builder *b, uint64_t size, uint32_t align,
			   const struct piece *pieces, size_t n)
{
	struct profile_field fields[FIELDS_MAX];
	struct profile_type t = {.size = size,
				 .align = align,
				 .name = profile_builder_str(b, "main.T"),
				 .kind = GO_KIND_STRUCT};

	assert_true(n <= FIELDS_MAX);
	for (size_t i = 0; i < n; i++) {
		char name[2] = {(char)('a' + i), 0};

		t.ptr_bytes |= pieces[i].pointers ? 8 : 0;
		fields[i] = (struct profile_field){.offset = pieces[i].offset,
						   .name = profile_builder_str(b, name),
						   .type = add_piece(b, &pieces[i])};
	}
	return profile_builder_type(b, &t, fields, n);
}

/* The layout of a struct with these fields; NULL with errno. */
static struct type_layout *lay_out(uint64_t size, uint32_t align, const struct piece *pieces,
				   size_t n)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "x"), type = add_struct(b, size, align, pieces, n);
	struct profile *p = fixture_finish(b);
	struct type_layout *l = type_layout_new(p, target, type);
	int err = errno;

	profile_free(p);
	errno = err;
	return l;
}

static void assert_refused(uint64_t size, uint32_t align, const struct piece *pieces, size_t n,
			   int err)
{
	assert_null(lay_out(size, align, pieces, n));
	assert_int_equal(errno, err);
}

static void it_finds_padding_and_the_best_order(void **state)
{
	static const struct piece pieces[] = {
		{1, 1, 0, false}, {8, 8, 8, true}, {1, 1, 16, false}, {4, 4, 20, false}};
	static const unsigned int padding[] = {7, 0, 3, 0}, order[] = {1, 3, 0, 2};
	struct type_layout *l = lay_out(24, 8, pieces, 4);

	(void)state;
	assert_non_null(l);
	assert_int_equal(l->n_fields, 4);
	assert_int_equal(l->size, 24);
	assert_int_equal(l->padding, 10);
	assert_int_equal(l->pointer_fields, 1);
	assert_int_equal(l->optimal_size, 16);
	assert_int_equal(l->heap_bytes, 24);
	assert_int_equal(l->optimal_heap_bytes, 16);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(l->fields[i].offset, pieces[i].offset);
		assert_int_equal(l->fields[i].size, pieces[i].size);
		assert_int_equal(l->fields[i].align, pieces[i].align);
		assert_int_equal(l->fields[i].pointers, pieces[i].pointers);
		assert_int_equal(l->fields[i].padding, padding[i]);
		assert_int_equal(l->order[i], order[i]);
	}
	type_layout_free(l);
	type_layout_free(NULL);
}

static void a_trailing_field_without_size_costs(void **state)
{
	static const struct piece last[] = {{8, 8, 0, false}, {0, 1, 8, false}};
	static const struct piece none[] = {{0, 1, 0, false}, {0, 8, 0, false}};
	struct type_layout *l = lay_out(16, 8, last, 2);

	(void)state;
	assert_non_null(l);
	assert_int_equal(l->optimal_size, 8);
	assert_int_equal(l->order[0], 1);
	type_layout_free(l);
	l = lay_out(0, 8, none, 2);
	assert_non_null(l);
	assert_int_equal(l->optimal_size, 0);
	type_layout_free(l);
	l = lay_out(0, 1, NULL, 0);
	assert_non_null(l);
	assert_int_equal(l->n_fields, 0);
	type_layout_free(l);
}

/* As cmd/compile lays fields out (internal/types/size.go); their offsets go to @pieces. */
static uint64_t go_size(struct piece *pieces, const uint32_t *order, size_t n, uint32_t *align)
{
	uint64_t at = 0;

	*align = 1;
	for (size_t i = 0; i < n; i++) {
		struct piece *piece = &pieces[order[i]];

		*align = piece->align > *align ? piece->align : *align;
		at = (at + piece->align - 1) / piece->align * piece->align;
		piece->offset = at;
		at += piece->size;
	}
	if (n && at && !pieces[order[n - 1]].size)
		at++;
	return (at + *align - 1) / *align * *align;
}

/* The least size over all orders of @order[@at] and after. */
static uint64_t least_size(struct piece *pieces, uint32_t *order, size_t n, size_t at)
{
	uint64_t least = UINT64_MAX;
	uint32_t align;

	if (at == n)
		return go_size(pieces, order, n, &align);
	for (size_t i = at; i < n; i++) {
		uint32_t first = order[at];
		uint64_t size;

		order[at] = order[i];
		order[i] = first;
		size = least_size(pieces, order, n, at + 1);
		least = size < least ? size : least;
		order[i] = order[at];
		order[at] = first;
	}
	return least;
}

static void no_order_is_better_than_the_best(void **state)
{
	uint32_t random = 1, align, improved = 0;

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct piece pieces[FIELDS_MAX] = {0};
		uint32_t order[FIELDS_MAX] = {0, 1, 2, 3, 4, 5};
		size_t n = 1 + fixture_random(&random) % FIELDS_MAX;
		struct type_layout *l;
		uint64_t size, least;

		for (size_t i = 0; i < n; i++) {
			pieces[i].align = 1u << fixture_random(&random) % 4;
			pieces[i].size = pieces[i].align * (fixture_random(&random) % 4);
		}
		least = least_size(pieces, order, n, 0);
		size = go_size(pieces, order, n, &align);
		l = lay_out(size, align, pieces, n);
		assert_non_null(l);
		assert_int_equal(l->size, size);
		assert_int_equal(l->optimal_size, least);
		/* The order that it names has that size. */
		assert_int_equal(go_size(pieces, l->order, n, &align), least);
		improved += least < size;
		type_layout_free(l);
	}
	assert_true(improved > 100);
}

static void fields_that_do_not_fit_are_refused(void **state)
{
	static const struct piece byte = {1, 1, 0, false};
	const struct {
		uint64_t size;
		uint32_t align;
		struct piece second;
	} cases[] = {
		{16, 8, {8, 8, 16, false}},                 /* past the end */
		{16, 8, {8, 8, UINT64_MAX - 7, false}},     /* far past it */
		{16, 8, {8, 8, 0, false}},                  /* on the first */
		{16, 8, {8, 8, 4, false}},                  /* not aligned */
		{16, 8, {12, 8, 8, false}},                 /* not whole multiples */
		{16, 8, {8, 0, 8, false}},                  /* no alignment at all */
		{16, 8, {6, 3, 8, false}},                  /* of a size there is not */
		{16, 4, {8, 8, 8, false}},                  /* more than the struct's */
		{12, 8, {4, 4, 8, false}},                  /* struct no multiple of its own */
		{16, 0, {8, 8, 8, false}},                  /* struct without one */
		{16, 8, {(uint64_t)1 << 47, 8, 8, false}},  /* larger than memory */
		{1ull << 47, 8, {1ull << 47, 8, 8, false}}, /* both are */
		{16, 8, {UINT64_MAX & ~7ull, 8, 8, false}}, /* sums overflow */
		{16, 8, {8, 1u << 31, 8, false}},           /* a huge alignment */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct piece pieces[] = {byte, cases[i].second};

		assert_refused(cases[i].size, cases[i].align, pieces, 2, EBADMSG);
	}
	/* The first field is at the beginning. */
	assert_refused(16, 8, (const struct piece[]){{8, 8, 8, false}}, 1, EBADMSG);
}

static void what_is_not_known_has_no_layout(void **state)
{
	struct profile_builder *b = profile_builder_new();
	struct profile_type in_brief = {.size = 8, .align = 8, .kind = GO_KIND_STRUCT};
	struct profile_field unknown = {0};
	uint32_t brief = profile_builder_type(b, &in_brief, NULL, 0);
	uint32_t half = profile_builder_type(b, &in_brief, &unknown, 1);
	uint32_t item = fixture_item_type(b), map = fixture_map_type(b);
	struct profile *p = fixture_finish(b);
	struct type_layout *l;

	(void)state;
	assert_null(type_layout_new(p, 0, 0));
	assert_int_equal(errno, EINVAL);
	assert_null(type_layout_new(p, 0, brief));
	assert_int_equal(errno, EINVAL);
	assert_null(type_layout_new(p, 0, half));
	assert_int_equal(errno, EINVAL);
	assert_null(type_layout_new(p, 0, map));
	assert_int_equal(errno, EINVAL);
	/* No such target: nothing is known of its heap. */
	l = type_layout_new(p, 0, item);
	assert_non_null(l);
	assert_int_equal(l->heap_bytes, 32);
	assert_int_equal(l->optimal_heap_bytes, 24);
	type_layout_free(l);
	profile_free(p);
}

static struct go_heap heap_of(const char *version)
{
	struct profile_builder *b = profile_builder_new();
	struct profile_target t = {.version = profile_builder_str(b, version)};
	uint32_t target = profile_builder_target(b, &t);
	struct profile *p = fixture_finish(b);
	struct go_heap h = go_heap_of(p, target);

	profile_free(p);
	return h;
}

/* runtime/sizeclasses.go, and malloc headers and their limit since 1.22. */
static void the_heap_gives_size_classes(void **state)
{
	static const struct {
		const char *version;
		uint64_t size;
		bool pointers;
		uint64_t bytes;
	} cases[] = {
		{"go1.26.8", 0, false, 0},
		{"go1.26.8", 1, false, 16},
		{"go1.26.8", 15, false, 16},
		{"go1.26.8", 8, true, 8},
		{"go1.26.8", 17, false, 24},
		{"go1.26.8", 33, true, 48},
		{"go1.26.8", 512, true, 512},
		{"go1.26.8", 513, true, 576},
		{"go1.26.8", 576, true, 640},
		{"go1.26.8", 576, false, 576},
		{"go1.21.13", 576, true, 576},
		{"go1.22.12", 576, true, 640},
		{"go1.26.8", 32760, true, 32768},
		{"go1.26.8", 32761, true, 32768},
		{"go1.26.8", 32769, false, 40960},
		{"go1.19.8", 32768, true, 32768},
		{"go1.19.8", 32769, false, 40960},
		{"go1.26.8", 1 << 20, true, 1 << 20},
		{"go1.24.1 X:noswissmap", 33, true, 48},
		{"go1.99", 33, true, 33},
		{"", 33, true, 33},
		{"go1.26.8", UINT64_MAX, false, UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct go_heap h = heap_of(cases[i].version);

		if (go_heap_bytes(&h, cases[i].size, cases[i].pointers) != cases[i].bytes)
			fail_msg("%s: %llu for %llu", cases[i].version,
				 (unsigned long long)go_heap_bytes(&h, cases[i].size,
								   cases[i].pointers),
				 (unsigned long long)cases[i].size);
	}
	assert_int_equal(heap_of("go1.26.8").minor, 26);
	assert_int_equal(heap_of("go1.99").minor, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_finds_padding_and_the_best_order),
		cmocka_unit_test(a_trailing_field_without_size_costs),
		cmocka_unit_test(no_order_is_better_than_the_best),
		cmocka_unit_test(fields_that_do_not_fit_are_refused),
		cmocka_unit_test(what_is_not_known_has_no_layout),
		cmocka_unit_test(the_heap_gives_size_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
