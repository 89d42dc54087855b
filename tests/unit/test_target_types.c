// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Types written here by hand, as Go 1.26 has them: those "in the file" have names,
 * those in "memory" (a file that stands for /proc/PID/mem) are what reflection
 * made. Real programs are tests/e2e/test_typed.py's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/types.h"

#define FILE_AT    0x100000u
#define FILE_LEN   0x4000u
#define MEMORY_AT  0x200000u
#define MEMORY_LEN (1l << 33)
#define BIAS       0x7000000u
#define NAMES      0x10u /* in the file; offset 0 means none */

struct type_bytes {
	uint64_t size, ptr_bytes;
	uint32_t hash;
	uint8_t flags, align, field_align, kind;
	uint64_t equal, gc;
	int32_t name, ptr_to_this;
	uint64_t tail[8];
};

struct field_bytes {
	uint64_t name, type, offset;
};

struct world {
	uint8_t file[FILE_LEN];
	uint32_t names; /* next free byte */
	uint32_t next;  /* next free type */
	int memory;
	struct profile_builder *b;
	struct target_types *types;
};

static void world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->names = NAMES;
	w->next = 0x800;
	w->memory = memfd_create("memory", 0);
	assert_true(w->memory >= 0);
	assert_int_equal(ftruncate(w->memory, MEMORY_LEN), 0);
	w->b = profile_builder_new();
}

static void world_start(struct world *w, uint64_t bias)
{
	struct go_types_source source = {
		.bytes = w->file, .len = FILE_LEN, .vaddr = FILE_AT, .minor = 26};

	w->types = target_types_new(go_types_new_mem(&source, bias), w->memory, w->b);
	assert_non_null(w->types);
}

static void world_close(struct world *w)
{
	target_types_free(w->types);
	profile_builder_free(w->b);
	close(w->memory);
}

/* Offset of a name in the file. */
static uint32_t put_name(struct world *w, const char *name)
{
	uint32_t at = w->names;

	w->file[at + 1] = (uint8_t)strlen(name);
	memcpy(w->file + at + 2, name, strlen(name));
	w->names += 2 + (uint32_t)strlen(name);
	assert_true(w->names < 0x800);
	return at;
}

static struct type_bytes plain(struct world *w, const char *name, uint8_t kind, uint64_t size)
{
	return (struct type_bytes){
		.size = size,
		.align = size % 8 ? 1 : 8,
		.kind = kind,
		.hash = (uint32_t)strlen(name),
		.name = (int32_t)put_name(w, name),
	};
}

/* Link-time address of a type put into the file. */
static uint64_t put(struct world *w, const struct type_bytes *t)
{
	uint32_t at = w->next;

	memcpy(w->file + at, t, sizeof(*t));
	w->next += sizeof(*t);
	assert_true(w->next < FILE_LEN);
	return FILE_AT + at;
}

static uint64_t put_struct(struct world *w, struct type_bytes t, const struct field_bytes *fields,
			   uint64_t n)
{
	t.tail[1] = FILE_AT + w->next;
	t.tail[2] = t.tail[3] = n;
	if (n)
		memcpy(w->file + w->next, fields, n * sizeof(*fields));
	w->next += (uint32_t)(n * sizeof(*fields));
	return put(w, &t);
}

static struct profile *finish(struct world *w)
{
	struct profile *p = profile_builder_finish(w->b);

	assert_non_null(p);
	return p;
}

static const char *name_of(const struct profile *p, uint32_t type)
{
	return profile_str(p, p->types[type].name);
}

static void describes_a_struct_by_value(void **state)
{
	struct world w;
	struct profile *p;
	const struct profile_type *t;
	const struct profile_field *f;
	struct type_bytes array, pointer, map;
	uint64_t number, pair, user;
	uint32_t id;

	(void)state;
	world_open(&w);
	number = put(&w, &(struct type_bytes){.size = 8,
					      .align = 8,
					      .kind = GO_KIND_UINT64,
					      .name = (int32_t)put_name(&w, "uint64")});
	array = plain(&w, "[2]uint64", GO_KIND_ARRAY, 16);
	array.tail[0] = number;
	array.tail[2] = 2;
	pair = put(&w, &array);
	pointer = plain(&w, "*main.User", GO_KIND_POINTER, 8);
	pointer.ptr_bytes = 8;
	map = plain(&w, "map[uint64]uint64", GO_KIND_MAP, 8);
	map.tail[0] = map.tail[1] = number;
	/* A user points to itself: to be followed no further than by name. */
	user = FILE_AT + w.next + 2 * sizeof(pointer) + 3 * sizeof(struct field_bytes);
	pointer.tail[0] = user;
	{
		uint64_t next = put(&w, &pointer), index = put(&w, &map);
		struct field_bytes fields[] = {
			{FILE_AT + put_name(&w, "Pair"), pair, 0},
			{FILE_AT + put_name(&w, "next"), next, 16},
			{FILE_AT + put_name(&w, "index"), index, 24},
		};

		assert_int_equal(put_struct(&w, plain(&w, "main.User", GO_KIND_STRUCT, 32), fields,
					    ARRAY_SIZE(fields)),
				 user);
	}
	world_start(&w, 0);
	id = target_types_get(w.types, user);
	assert_int_equal(target_types_get(w.types, user), id);
	assert_int_equal(target_types_get(w.types, 0), 0);
	p = finish(&w);
	t = &p->types[id];
	assert_string_equal(name_of(p, id), "main.User");
	assert_int_equal(t->kind, GO_KIND_STRUCT);
	assert_int_equal(t->size, 32);
	assert_int_equal(t->n_fields, 3);
	f = &p->fields[t->first_field];
	assert_string_equal(profile_str(p, f[0].name), "Pair");
	assert_string_equal(name_of(p, f[0].type), "[2]uint64");
	assert_int_equal(p->types[f[0].type].length, 2);
	assert_string_equal(name_of(p, p->types[f[0].type].elem), "uint64");
	assert_int_equal(f[1].offset, 16);
	assert_string_equal(name_of(p, f[1].type), "*main.User");
	assert_int_equal(p->types[f[1].type].ptr_bytes, 8);
	assert_int_equal(p->types[f[1].type].elem, 0);
	assert_int_equal(p->types[f[2].type].kind, GO_KIND_MAP);
	assert_int_equal(p->types[f[2].type].key, 0);
	/* Parts come first: what a recording demands. */
	for (uint32_t i = 0; i < t->n_fields; i++)
		assert_true(f[i].type < id);
	profile_free(p);
	world_close(&w);
}

static void names_slices(void **state)
{
	struct world w;
	struct profile *p;
	uint64_t user;
	uint32_t id;

	(void)state;
	world_open(&w);
	user = put_struct(&w, plain(&w, "main.Empty", GO_KIND_STRUCT, 0), NULL, 0);
	world_start(&w, BIAS);
	id = target_types_slice(w.types, user + BIAS);
	assert_int_equal(target_types_slice(w.types, user + BIAS), id);
	p = finish(&w);
	assert_string_equal(name_of(p, id), "[]main.Empty");
	assert_int_equal(p->types[id].kind, GO_KIND_SLICE);
	assert_int_equal(p->types[id].size, 0);
	assert_int_equal(p->types[id].hash, strlen("main.Empty"));
	assert_string_equal(name_of(p, p->types[id].elem), "main.Empty");
	profile_free(p);
	world_close(&w);
}

/* Writes a type of no name to where reflection puts its own. */
static uint64_t put_memory(struct world *w, uint64_t at, struct type_bytes t)
{
	assert_int_equal(pwrite(w->memory, &t, sizeof(t), (off_t)at), sizeof(t));
	return at;
}

static void expect_name(struct world *w, uint64_t address, const char *expected)
{
	uint32_t id = target_types_get(w->types, address);

	assert_string_equal(profile_builder_type_name(w->b, id), expected);
	/* A slice of what is no type is none either. */
	if (!strcmp(expected, GO_TYPE_BAD))
		assert_int_equal(target_types_slice(w->types, address), id);
}

static void hostile_types_are_bad(void **state)
{
	struct world w;
	struct type_bytes t = {.size = 64, .align = 8, .kind = GO_KIND_STRUCT, .hash = 1};
	struct field_bytes field = {.offset = 0};
	uint64_t at = MEMORY_AT, field_at = 0x300000;

	(void)state;
	world_open(&w);
	field.name = FILE_AT + put_name(&w, "again");
	world_start(&w, BIAS);
	field.name += BIAS;

	expect_name(&w, at + 1, GO_TYPE_BAD);     /* not aligned */
	expect_name(&w, 0x10000000, GO_TYPE_BAD); /* zeros */
	expect_name(&w, UINT64_MAX - 7, GO_TYPE_BAD);
	expect_name(&w, put_memory(&w, at, t), "[reflect struct, 64 bytes]");

	/* No hash, and something else behind it: reflection's way of making a bucket. */
	t.hash = 0;
	t.tail[2] = UINT64_MAX;
	expect_name(&w, put_memory(&w, at += 0x100, t), "[reflect struct, 64 bytes]");
	t.hash = 1;
	expect_name(&w, put_memory(&w, at += 0x100, t), GO_TYPE_BAD);

	/* A struct that lies in itself, directly ... */
	t.tail[1] = field_at;
	t.tail[2] = 1;
	field.type = at += 0x100;
	assert_int_equal(pwrite(w.memory, &field, sizeof(field), (off_t)field_at), sizeof(field));
	expect_name(&w, put_memory(&w, at, t), GO_TYPE_BAD);

	/* ... and by way of an array. */
	field_at += 0x100;
	t.tail[1] = field_at;
	field.type = at + 0x200;
	assert_int_equal(pwrite(w.memory, &field, sizeof(field), (off_t)field_at), sizeof(field));
	at = put_memory(&w, at + 0x100, t);
	put_memory(&w, at + 0x100,
		   (struct type_bytes){
			   .size = 64, .align = 8, .kind = GO_KIND_ARRAY, .tail = {at, 0, 1}});
	expect_name(&w, at, GO_TYPE_BAD);
	expect_name(&w, at + 0x100, GO_TYPE_BAD);

	/* Lengths that do not add up, or that no recording takes. */
	at += 0x200;
	t.tail[2] = 1ull << 60;
	expect_name(&w, put_memory(&w, at, t), GO_TYPE_BAD);
	at += 0x100;
	put_memory(&w, at, (struct type_bytes){.size = 8, .align = 8, .kind = GO_KIND_UINT64});
	put_memory(&w, at + 0x100,
		   (struct type_bytes){
			   .size = 64, .align = 8, .kind = GO_KIND_ARRAY, .tail = {at, 0, 4}});
	expect_name(&w, at + 0x100, GO_TYPE_BAD);
	at += 0x200;
	put_memory(&w, at,
		   (struct type_bytes){.size = 1ull << 49, .align = 8, .kind = GO_KIND_STRUCT});
	expect_name(&w, at, GO_TYPE_BAD);
	world_close(&w);
}

static void what_was_read_outlives_the_process(void **state)
{
	struct type_bytes t = {.size = 24, .align = 8, .kind = GO_KIND_STRUCT};
	struct world w;

	(void)state;
	world_open(&w);
	world_start(&w, BIAS);
	put_memory(&w, MEMORY_AT, t);
	put_memory(&w, MEMORY_AT + 0x100, t);
	expect_name(&w, MEMORY_AT, "[reflect struct, 24 bytes]");
	/* Reading at the end of a file gives nothing, as from a process that has ended. */
	assert_int_equal(ftruncate(w.memory, 0), 0);
	expect_name(&w, MEMORY_AT, "[reflect struct, 24 bytes]");
	expect_name(&w, MEMORY_AT + 0x100, TYPE_GONE);
	assert_string_equal(profile_builder_type_name(w.b, target_types_slice(w.types, MEMORY_AT)),
			    "[][reflect struct, 24 bytes]");
	world_close(&w);
}

/* Wide structs, then many: first they are kept in brief, then no more. */
static void endless_types_end(void **state)
{
	enum { WIDE = GO_TYPE_MAX_FIELDS, N_WIDE = 1000, N = 400000 };
	const uint64_t number_at = 0x1000, types_at = 0x1000000, fields_at = 0x10000000;
	struct type_bytes t = {.size = 64, .align = 8, .kind = GO_KIND_STRUCT};
	__auto_free struct field_bytes *fields = calloc(WIDE, sizeof(*fields));
	struct timespec start, end;
	struct profile *p;
	struct world w;
	uint64_t name;
	uint32_t id = 0;

	(void)state;
	world_open(&w);
	assert_non_null(fields);
	name = FILE_AT + put_name(&w, "field");
	for (uint64_t i = 0; i < WIDE; i++)
		fields[i] = (struct field_bytes){name, number_at, 0};
	world_start(&w, 0);
	put_memory(&w, number_at,
		   (struct type_bytes){.size = 8, .align = 8, .kind = GO_KIND_UINT64});
	assert_int_equal(pwrite(w.memory, fields, WIDE * sizeof(*fields), (off_t)fields_at),
			 WIDE * sizeof(*fields));
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (uint64_t i = 0; i < N; i++) {
		t.hash = (uint32_t)i;
		t.tail[1] = fields_at;
		t.tail[2] = i < N_WIDE ? WIDE : 0;
		id = target_types_get(w.types, put_memory(&w, types_at + i * 0x100, t));
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - start.tv_sec < 30); /* sanitizers are slow */
	assert_string_equal(profile_builder_type_name(w.b, id), TYPE_TOO_MANY);
	p = finish(&w);
	assert_true(p->n_fields > WIDE && p->n_fields < N_WIDE * WIDE / 2);
	assert_true(p->n_types > N_WIDE && p->n_types < N);
	profile_free(p);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes_a_struct_by_value),
		cmocka_unit_test(names_slices),
		cmocka_unit_test(hostile_types_are_bad),
		cmocka_unit_test(what_was_read_outlives_the_process),
		cmocka_unit_test(endless_types_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
