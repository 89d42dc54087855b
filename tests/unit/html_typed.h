/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A profile with types and a map, as a recording of a Go 1.26 program has them:
 * what the page's tables of types and maps are tried on.
 */
#ifndef ALLOCTAP_TESTS_HTML_TYPED_H
#define ALLOCTAP_TESTS_HTML_TYPED_H

#include "html_pages.h"

/* binary/go_kind.h */
enum { TYPED_BOOL = 1, TYPED_UINT64 = 11, TYPED_MAP = 21, TYPED_STRING = 24, TYPED_STRUCT = 25 };

struct typed {
	uint32_t word, flag, text, order, session, orders, sessions, bytes;
};

static uint32_t typed_plain(struct profile_builder *b, const char *name, uint32_t kind,
			    uint64_t size, uint64_t ptr_bytes)
{
	struct profile_type t = {.size = size,
				 .ptr_bytes = ptr_bytes,
				 .name = profile_builder_str(b, name),
				 .kind = kind,
				 .align = size < 8 ? (uint32_t)size : 8};

	return profile_builder_type(b, &t, NULL, 0);
}

/* Paid and Open cost 14 bytes of padding where they stand. */
static uint32_t typed_order(struct profile_builder *b, const struct typed *t, const char *name,
			    const char *field)
{
	struct profile_field fields[] = {
		{0, profile_builder_str(b, "Paid"), t->flag, false},
		{8, profile_builder_str(b, field), t->text, false},
		{24, profile_builder_str(b, "Open"), t->flag, false},
		{32, profile_builder_str(b, "ID"), t->word, false},
	};
	struct profile_type order = {.size = 40,
				     .ptr_bytes = 16,
				     .name = profile_builder_str(b, name),
				     .package =
					     profile_builder_str(b, "github.com/acme/shop/orders"),
				     .kind = TYPED_STRUCT,
				     .hash = 7,
				     .align = 8};

	return profile_builder_type(b, &order, fields, 4);
}

/* 200 bytes: a map keeps each in an object of its own. */
static uint32_t typed_session(struct profile_builder *b, const struct typed *t)
{
	struct profile_field fields[25];
	struct profile_type session = {
		.size = 200,
		.ptr_bytes = 0,
		.name = profile_builder_str(b, "orders.Session"),
		.package = profile_builder_str(b, "github.com/acme/shop/orders"),
		.kind = TYPED_STRUCT,
		.hash = 8,
		.align = 8};

	for (uint32_t i = 0; i < 25; i++) {
		char name[8];

		snprintf(name, sizeof(name), "Slot%u", i);
		fields[i] = (struct profile_field){8ull * i, profile_builder_str(b, name), t->word,
						   false};
	}
	return profile_builder_type(b, &session, fields, 25);
}

static uint32_t typed_map(struct profile_builder *b, const char *name, uint32_t key, uint32_t elem,
			  uint64_t slot, uint32_t flags)
{
	struct profile_type map = {.size = 8,
				   .ptr_bytes = 8,
				   .group_size = 8 + 8 * slot,
				   .slot_size = slot,
				   .name = profile_builder_str(b, name),
				   .kind = TYPED_MAP,
				   .hash = (uint32_t)slot,
				   .align = 8,
				   .flags = PROFILE_TYPE_SWISS | flags,
				   .key = key,
				   .elem = elem};

	return profile_builder_type(b, &map, NULL, 0);
}

/* Names that a target may make up. */
struct typed_names {
	const char *order, *field, *orders;
};

static const struct typed_names typed_plain_names = {"orders.Order", "Customer",
						     "map[string]orders.Order"};

static struct typed typed_types(struct profile_builder *b, const struct typed_names *names)
{
	struct typed t = {.word = typed_plain(b, "uint64", TYPED_UINT64, 8, 0),
			  .flag = typed_plain(b, "bool", TYPED_BOOL, 1, 0),
			  .text = typed_plain(b, "string", TYPED_STRING, 16, 8),
			  .bytes = typed_plain(b, "[string bytes]", 0, 0, 0)};

	t.order = typed_order(b, &t, names->order, names->field);
	t.session = typed_session(b, &t);
	t.orders = typed_map(b, names->orders, t.text, t.order, 56, 0);
	t.sessions = typed_map(b, "map[uint64]orders.Session", t.word, t.session, 16,
			       PROFILE_TYPE_ELEM_BOXED);
	return t;
}

struct typed_row {
	const char *stack;
	uint32_t type;
	enum profile_kind kind;
	uint64_t objects, bytes, requested, entries;
};

static void typed_add(struct profile_builder *b, const struct typed_row *r)
{
	struct profile_sample s = {.stack = page_stack(b, r->stack, 0),
				   .kind = r->kind,
				   .type = r->type,
				   .objects = r->objects,
				   .bytes = r->bytes,
				   .requested = r->requested,
				   .entries = r->entries};

	profile_builder_sample(b, &s);
}

#define TYPED_INDEX "runtime.goexit:1700;main.main:41;main.indexOrders:83;"
#define TYPED_OPEN  "runtime.goexit:1700;main.main:42;main.openSessions:94;"
#define TYPED_GROW                                                                    \
	"runtime.mapassign_faststr:263;internal/runtime/maps.(*Map).growToTable:680;" \
	"internal/runtime/maps.newTable:98;runtime.newarray:1380;runtime.mallocgc:1055"
#define TYPED_GREW "runtime.mapassign_faststr:263;internal/runtime/maps.(*Map).growToTable:680"
#define TYPED_GROW_MORE                                                               \
	"runtime.mapassign_faststr:263;internal/runtime/maps.(*table).rehash:1200;"   \
	"internal/runtime/maps.(*table).grow:1300;internal/runtime/maps.newTable:98;" \
	"runtime.newarray:1380;runtime.mallocgc:1055"

/* 100 maps went from 8 to 64 slots; each step is one of theirs. */
static void typed_grow(struct profile_builder *b, const struct typed *t, uint64_t scale)
{
	/* Groups of 456 bytes, in their size classes (Go 1.26, internal/runtime/gc). */
	static const uint64_t bytes[] = {1024, 2048, 4096};

	for (uint32_t i = 0; i < 3; i++) {
		struct typed_row table = {i ? TYPED_INDEX TYPED_GROW_MORE : TYPED_INDEX TYPED_GROW,
					  t->orders,
					  PROFILE_ALLOC,
					  100 * scale,
					  100 * scale * bytes[i],
					  100 * scale * (912u << i),
					  0};
		struct profile_growth growth = {.stack = page_stack(b, TYPED_INDEX TYPED_GREW, 0),
						.type = t->orders,
						.how = PROFILE_GROWTH_DOUBLE,
						.level = 3 + i,
						.count = 100 * scale,
						.entries = 7u << i};

		typed_add(b, &table);
		profile_builder_growth(b, &growth);
	}
}

/* @scale times as much of everything; @line is where orders are made. */
static struct profile *typed_profile(uint64_t scale, unsigned int line,
				     const struct typed_names *names)
{
	struct profile_builder *b = profile_builder_new();
	struct typed t = typed_types(b, names);
	char load[96], text[96];
	struct typed_row rows[] = {
		{load, t.order, PROFILE_ALLOC, 5000, 240000, 200000, 0},
		{text, t.bytes, PROFILE_ALLOC, 9000, 144000, 120000, 0},
		{"runtime.goexit:1700;main.main:44;main.idle:9;runtime.mallocgc:1055", 0,
		 PROFILE_ALLOC, 3, 96, 90, 0},
		{TYPED_INDEX "runtime.mapassign_faststr:203", t.orders, PROFILE_MAP_INSERT, 5600, 0,
		 0, 56},
		{TYPED_OPEN "runtime.mapassign:203", t.sessions, PROFILE_MAP_INSERT, 900, 0, 0, 8},
		{TYPED_OPEN "runtime.mapassign:300;runtime.newobject:1355;runtime.mallocgc:1055",
		 t.session, PROFILE_ALLOC, 900, 187200, 180000, 0},
		{TYPED_OPEN "runtime.gcWriteBarrier2:1711;runtime.wbBufFlush:182", 0,
		 PROFILE_WB_FLUSH, 40, 0, 0, 0},
	};

	snprintf(load, sizeof(load),
		 "runtime.goexit:1700;main.main:40;main.load:%u;"
		 "runtime.newobject:1355;runtime.mallocgc:1055",
		 line);
	snprintf(text, sizeof(text),
		 "runtime.goexit:1700;main.main:40;main.load:%u;runtime.mallocgc:1055", line + 2);
	page_target(b, "server", 4711);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rows[i].objects *= scale;
		rows[i].bytes *= scale;
		rows[i].requested *= scale;
		typed_add(b, &rows[i]);
	}
	typed_grow(b, &t, scale);
	return page_finish(b);
}

static inline struct profile *page_typed(void)
{
	return typed_profile(1, 118, &typed_plain_names);
}

static inline struct profile *page_typed_hostile(void)
{
	static const struct typed_names names = {hostile_names[0], hostile_names[1],
						 hostile_names[2]};

	return typed_profile(1, 118, &names);
}

#endif
