/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Profiles that the flame graph page is tried on, here and, written out as pages
 * by test_html, in a browser (tests/e2e/test_viewer.py). They are the same on
 * every run.
 *
 * A stack is written as text, root first: "main.main:20;~main.parse:44", a '~'
 * marking a frame inlined into the one before it. What a function is follows
 * from its name.
 */
#ifndef ALLOCTAP_TESTS_HTML_PAGES_H
#define ALLOCTAP_TESTS_HTML_PAGES_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/builder.h"

struct page_row {
	const char *stack;
	enum profile_kind kind;
	uint64_t objects, bytes;
};

#define PAGE_SERVE  "runtime.goexit:1700;net/http.(*conn).serve:2092;"
#define PAGE_HANDLE PAGE_SERVE "github.com/acme/shop/api.(*Server).ServeHTTP:57;"

static const struct page_row shop_rows[] = {
	{PAGE_HANDLE "github.com/acme/shop/orders.(*Store).Load:118;encoding/json.Unmarshal:112;"
		     "encoding/json.(*decodeState).object:690;reflect.New:3172;"
		     "runtime.mallocgc:1055",
	 PROFILE_ALLOC, 912000, 58368000},
	{PAGE_HANDLE "github.com/acme/shop/orders.(*Store).Load:118;encoding/json.Unmarshal:112;"
		     "encoding/json.(*decodeState).literalStore:1001;runtime.growslice:178;"
		     "runtime.mallocgc:1055",
	 PROFILE_ALLOC, 410000, 41984000},
	{PAGE_HANDLE "github.com/acme/shop/orders.(*Store).Load:131;"
		     "~github.com/acme/shop/orders.newOrder:40;runtime.newobject:1355;"
		     "runtime.mallocgc:1055",
	 PROFILE_ALLOC, 120000, 15360000},
	{PAGE_HANDLE "github.com/acme/shop/orders.(*Store).Load:140;"
		     "~github.com/acme/shop/orders.newOrder:41;runtime.newobject:1355;"
		     "runtime.mallocgc:1055",
	 PROFILE_ALLOC, 30000, 3840000},
	{PAGE_HANDLE "github.com/acme/shop/orders.(*Index[go.shape.string]).Add:66;"
		     "runtime.mapassign_faststr:263;runtime.growWork_faststr:402;"
		     "runtime.newarray:1380;runtime.mallocgc:1055",
	 PROFILE_ALLOC, 5200, 27262976},
	{PAGE_HANDLE "github.com/acme/shop/orders.(*Index[go.shape.string]).Add:66;"
		     "runtime.mapassign_faststr:203",
	 PROFILE_MAP_INSERT, 640000, 0},
	{PAGE_HANDLE "github.com/acme/shop/orders.(*Index[go.shape.string]).Add:71;"
		     "runtime.mapassign:580",
	 PROFILE_MAP_INSERT, 160000, 0},
	{PAGE_HANDLE "github.com/acme/shop/render.Page:22;~strings.(*Builder).WriteString:112;"
		     "runtime.growslice:178;runtime.mallocgc:1055",
	 PROFILE_ALLOC, 240000, 30720000},
	{PAGE_HANDLE "github.com/acme/shop/render.Page:31;fmt.Sprintf:239;runtime.convTstring:397;"
		     "runtime.mallocgc:1055",
	 PROFILE_ALLOC, 310000, 4960000},
	{PAGE_HANDLE "github.com/acme/shop/render.Page:31;fmt.Sprintf:240;"
		     "runtime.slicebytetostring:157;runtime.mallocgc:1055",
	 PROFILE_ALLOC, 155000, 9920000},
	{PAGE_HANDLE "github.com/acme/shop/thumb.Scale:88;"
		     "github.com/acme/shop/thumb._Cfunc_resize:51;runtime.cgocall:157;"
		     "resize_rgba:214;std::vector<unsigned char>::reserve:70;operator new:50;"
		     "malloc:0",
	 PROFILE_ALLOC, 640, 18350080},
	{PAGE_SERVE "net/http.(*conn).readRequest:1020;net/http.newBufioReader:848;"
		    "runtime.makeslice:103;runtime.mallocgc:1055",
	 PROFILE_ALLOC, 2600, 10649600},
	{"runtime.goexit:1700;main.main:41;github.com/acme/shop/orders.(*Store).Warm:30;"
	 "runtime.mapassign_fast64:120",
	 PROFILE_MAP_INSERT, 90000, 0},
	{"runtime.goexit:1700;main.main:41;github.com/acme/shop/orders.(*Store).Warm:30;"
	 "runtime.mapassign_fast64:150;runtime.mallocgc:1055",
	 PROFILE_ALLOC, 900, 7372800},
	{"runtime.goexit:1700;runtime.main:283;main.init:9;runtime.mallocgc:1055", PROFILE_ALLOC,
	 12, 49152},
	{"[lost stack]:0", PROFILE_ALLOC, 700, 1433600},
};

static uint32_t page_type(struct profile_builder *b, str_id name)
{
	return profile_builder_type(b, &(struct profile_type){.name = name}, NULL, 0);
}

static enum function_category page_category(const char *name)
{
	static const char *const native[] = {"resize", "std::", "operator"};

	if (name[0] == '[')
		return FUNCTION_SPECIAL;
	if (!strncmp(name, "runtime.", 8) || !strncmp(name, "reflect.", 8) ||
	    !strncmp(name, "internal/runtime/", 17))
		return FUNCTION_GO_RUNTIME;
	if (!strcmp(name, "malloc"))
		return FUNCTION_NATIVE_ALLOCATOR;
	for (size_t i = 0; i < 3; i++) {
		if (!strncmp(name, native[i], strlen(native[i])))
			return FUNCTION_NATIVE;
	}
	return FUNCTION_GO;
}

/* "github.com/acme/shop/orders.(*Store).Load" lies in ".../shop/orders/orders.go". */
static void page_file(const char *name, char *file, size_t size)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash && slash < strchr(slash, '.') ? slash + 1 : name;
	int package = (int)strcspn(base, ".:[(");

	if (page_category(name) == FUNCTION_SPECIAL)
		snprintf(file, size, "%s", "");
	else if (page_category(name) == FUNCTION_GO)
		snprintf(file, size, "/src/%.*s/%.*s.go", (int)(base - name) + package, name,
			 package, base);
	else
		snprintf(file, size, "/usr/src/%.*s/%.*s.c", package, base, package, base);
}

static uint32_t page_function(struct profile_builder *b, const char *name)
{
	char file[512];
	struct profile_function f = {.name = profile_builder_str(b, name),
				     .category = page_category(name)};

	page_file(name, file, sizeof(file));
	f.system_name = f.name;
	f.file = profile_builder_str(b, file);
	return profile_builder_function(b, &f);
}

/* One location of the frames "a:1;~b:2", which are cut up in place. */
static uint32_t page_location(struct profile_builder *b, char **frames, size_t n)
{
	struct profile_line lines[16];

	for (size_t i = 0; i < n; i++) {
		char *colon = strrchr(frames[i], ':');
		struct profile_line *line = &lines[n - 1 - i];

		*colon = 0;
		line->line = (uint32_t)atoi(colon + 1);
		line->function = page_function(b, frames[i] + (*frames[i] == '~'));
	}
	return profile_builder_location(b, 0x401000, PROFILE_NONE, lines, n);
}

static uint32_t page_stack(struct profile_builder *b, const char *text, uint32_t flags)
{
	char *copy = strdup(text), *frames[64], *rest = copy;
	uint32_t locations[64], stack;
	size_t n = 0, n_locations = 0;

	for (char *f; n < 64 && (f = strsep(&rest, ";"));)
		frames[n++] = f;
	for (size_t end = n; end;) {
		size_t start = end - 1;

		while (start && *frames[start] == '~')
			start--;
		locations[n_locations++] = page_location(b, frames + start, end - start);
		end = start;
	}
	stack = profile_builder_stack(b, locations, n_locations, flags);
	free(copy);
	return stack;
}

static void page_target(struct profile_builder *b, const char *comm, uint32_t pid)
{
	struct profile_target t = {
		.pid = pid,
		.comm = profile_builder_str(b, comm),
		.exe = profile_builder_str(b, "/srv/shop/bin/server"),
		.runtime = profile_builder_str(b, "go"),
		.version = profile_builder_str(b, "go1.26.8"),
	};

	profile_builder_target(b, &t);
}

/* What every page has besides its samples. */
static inline struct profile *page_finish(struct profile_builder *b)
{
	str_id version = profile_builder_str(b, "1.0-test"), mode = profile_builder_str(b, "exact");
	struct profile *p = profile_builder_finish(b);

	profile_builder_free(b);
	if (!p)
		return NULL;
	p->tool_version = version;
	p->mode = mode;
	p->start_unix_ns = 1795359903ull * 1000000000;
	p->duration_ns = 10000000000ull;
	p->cost = (struct profile_cost){.hits = 2986912,
					.trap_ns = 603.5,
					.program_ns = 212.25,
					.target_cpu_share = 0.0243};
	return p;
}

static void page_add_rows(struct profile_builder *b, uint32_t target, const struct page_row *rows,
			  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct profile_sample s = {
			.target = target,
			.stack = page_stack(b, rows[i].stack, 0),
			.kind = rows[i].kind,
			/* Two cycles and two types: the page has to add them up. */
			.epoch = (uint32_t)(i & 1),
			.type = page_type(b, profile_builder_str(b, i & 2 ? "orders.Order" : "")),
			.objects = rows[i].objects,
			.bytes = rows[i].bytes,
			.requested = rows[i].bytes,
		};

		profile_builder_sample(b, &s);
	}
}

#define SHOP_ROWS (sizeof(shop_rows) / sizeof(shop_rows[0]))

static inline struct profile *page_shop(void)
{
	struct profile_builder *b = profile_builder_new();

	page_target(b, "server", 4711);
	page_add_rows(b, 0, shop_rows, SHOP_ROWS);
	return page_finish(b);
}

/* Two processes, cut stacks, losses. */
static inline struct profile *page_lossy(void)
{
	struct profile_builder *b = profile_builder_new();
	struct profile_sample s = {.target = 1, .objects = 1000, .bytes = 24000000};
	struct profile *p;

	page_target(b, "server", 4711);
	page_target(b, "worker", 4712);
	page_add_rows(b, 0, shop_rows, SHOP_ROWS);
	page_add_rows(b, 1, shop_rows, 5);
	s.stack = page_stack(b, "main.deep:7;runtime.mallocgc:1055", PROFILE_STACK_TRUNCATED);
	profile_builder_sample(b, &s);
	s.stack = page_stack(b, "main.odd:9;runtime.mallocgc:1055", PROFILE_STACK_BROKEN);
	profile_builder_sample(b, &s);
	profile_builder_loss(b, "stack_map_full",
			     "stacks did not fit: they are counted under [lost stack]; "
			     "raise --max-stacks",
			     700);
	profile_builder_loss(b, "recursion", "hits skipped by the kernel while another was handled",
			     3);
	p = page_finish(b);
	if (p) {
		p->stacks_truncated = 1000;
		p->stacks_broken = 1000;
	}
	return p;
}

static inline struct profile *page_empty(void)
{
	struct profile_builder *b = profile_builder_new();
	struct profile *p;

	page_target(b, "idle", 12);
	p = page_finish(b);
	if (p)
		p->cost.hits = 0;
	return p;
}

static inline struct profile *page_inserts(void)
{
	struct profile_builder *b = profile_builder_new();

	page_target(b, "server", 4711);
	page_add_rows(b, 0, &shop_rows[5], 2);
	return page_finish(b);
}

static inline struct profile *page_one(void)
{
	static const struct page_row row = {"main.main:3", PROFILE_ALLOC, 1, 16};
	struct profile_builder *b = profile_builder_new();

	page_target(b, "one", 1);
	page_add_rows(b, 0, &row, 1);
	return page_finish(b);
}

/* Names nobody means well with; the first is also what all of them hang below. */
static const char *const hostile_names[] = {
	"</script><script>window.hacked=1</script>",
	"<img src=x onerror=window.hacked=2>",
	"<!--<script>",
	"\"'`&amp;&lt;${window.hacked=3}",
	"\\u003cb\\\\\"",
	"]]>\x01\x02\x1b[31m\t\n\r",
	"\xff\xfe\xc3(\xed\xa0\x80\xf0\x28\x8c\xbc",
	"line\xe2\x80\xa8separator\xe2\x80\xa9s",
	"\xe2\x80\xae"
	"evil.exe\xe2\x80\xac",
	"\xf0\x9f\xa6\x80\xe6\xbc\xa2\xe5\xad\x97\xd7\xa9",
	"__proto__",
	"constructor",
	"[a-(*",
	"",
};

#define HOSTILE_NAMES (sizeof(hostile_names) / sizeof(hostile_names[0]))

static inline struct profile *page_hostile(void)
{
	struct profile_builder *b = profile_builder_new();
	char *longest = malloc(20001);

	memset(longest, '<', 20000);
	longest[20000] = 0;
	page_target(b, hostile_names[0], 666);
	for (size_t i = 0; i <= HOSTILE_NAMES; i++) {
		const char *name = i < HOSTILE_NAMES ? hostile_names[i] : longest;
		struct profile_function leaf = {
			.name = profile_builder_str(b, name),
			.file = profile_builder_str(b, name),
			.category = (enum function_category)(i % FUNCTION_CATEGORY_MAX)};
		struct profile_function root = {.name = profile_builder_str(b, hostile_names[0]),
						.category = FUNCTION_GO};
		struct profile_line lines[] = {{profile_builder_function(b, &leaf), 7},
					       {profile_builder_function(b, &root), 1}};
		uint32_t at[] = {profile_builder_location(b, 1, PROFILE_NONE, &lines[0], 1),
				 profile_builder_location(b, 2, PROFILE_NONE, &lines[1], 1)};
		struct profile_sample s = {.stack = profile_builder_stack(b, at, 2, 0),
					   .type = page_type(b, leaf.name),
					   .objects = 1,
					   .bytes = 1000 + i};

		profile_builder_sample(b, &s);
	}
	profile_builder_loss(b, hostile_names[1], hostile_names[1], 1);
	free(longest);
	return page_finish(b);
}

/* xorshift: the same numbers everywhere, which rand() does not promise. */
static uint32_t page_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

#define BIG_FUNCTIONS 4000
#define BIG_DEPTH     60
#define BIG_FRAMES    101000

/* Above 100,000 boxes (a few of the frames fall together), with the few heavy and many light ones real profiles have. */
static inline struct profile *page_big(void)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t functions[BIG_FUNCTIONS], path[BIG_DEPTH], stack[BIG_DEPTH];
	uint64_t state = 88172645463325252ull;
	size_t depth = 0, frames = 0;

	page_target(b, "big", 100000);
	for (int i = 0; i < BIG_FUNCTIONS; i++) {
		char name[80];

		snprintf(name, sizeof(name),
			 i % 5 ? "example.com/team%d/service.(*Type%d).Do"
			       : "runtime.internal%d_%d",
			 i % 37, i);
		functions[i] = page_function(b, name);
	}
	while (frames < BIG_FRAMES) {
		size_t a = depth ? page_random(&state) % depth : 0;
		size_t c = depth ? page_random(&state) % depth : 0;
		struct profile_sample s = {.objects = 1 + page_random(&state) % 50};

		/* Programs branch more the further they are from main. */
		depth = a > c ? a : c;
		do {
			uint32_t function = page_random(&state) % BIG_FUNCTIONS;
			struct profile_line line = {functions[function],
						    function % 500 + page_random(&state) % 6};

			path[depth++] = profile_builder_location(b, 0x1000, PROFILE_NONE, &line, 1);
			frames++;
		} while (depth < BIG_DEPTH && page_random(&state) % 8);
		for (size_t i = 0; i < depth; i++)
			stack[i] = path[depth - 1 - i];
		s.stack = profile_builder_stack(b, stack, depth, 0);
		s.bytes = s.objects * (16u << (page_random(&state) % 12));
		profile_builder_sample(b, &s);
		s.kind = PROFILE_MAP_INSERT;
		s.bytes = 0;
		if (page_random(&state) % 4 == 0)
			profile_builder_sample(b, &s);
	}
	return page_finish(b);
}

#define WIDE_CALLERS 500
#define WIDE_CALLEES 400

/* 200,000 boxes in one row: far more than a screen has pixels. */
static inline struct profile *page_wide(void)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t location[WIDE_CALLERS];

	page_target(b, "wide", 77);
	for (uint32_t i = 0; i < WIDE_CALLERS; i++) {
		char name[32];
		struct profile_line line = {.line = i + 1};

		snprintf(name, sizeof(name), "main.f%u", i);
		line.function = page_function(b, name);
		location[i] = profile_builder_location(b, 0x1000 + i, PROFILE_NONE, &line, 1);
	}
	for (uint32_t i = 0; i < WIDE_CALLERS; i++) {
		for (uint32_t j = 0; j < WIDE_CALLEES; j++) {
			uint32_t stack[] = {location[j], location[i]};
			struct profile_sample s = {.objects = 1, .bytes = 16 * (1 + i * j % 7)};

			s.stack = profile_builder_stack(b, stack, 2, 0);
			profile_builder_sample(b, &s);
		}
	}
	return page_finish(b);
}

#define DEEP_FRAMES 3000

/* Higher, at 20 px per row, than any canvas can be. */
static inline struct profile *page_deep(void)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t *stack = calloc(DEEP_FRAMES, sizeof(*stack));
	struct profile_sample s = {.objects = 3, .bytes = 3000};

	page_target(b, "deep", 9);
	for (uint32_t i = 0; i < DEEP_FRAMES; i++) {
		char name[32];
		struct profile_line line;

		snprintf(name, sizeof(name), "main.level%u", DEEP_FRAMES - i);
		line = (struct profile_line){page_function(b, name), i + 1};
		stack[i] = profile_builder_location(b, 0x1000 + i, PROFILE_NONE, &line, 1);
	}
	s.stack = profile_builder_stack(b, stack, DEEP_FRAMES, 0);
	profile_builder_sample(b, &s);
	/* A second, short one beside it. */
	s.stack = profile_builder_stack(b, stack + DEEP_FRAMES - 2, 2, 0);
	s.bytes = 1000;
	profile_builder_sample(b, &s);
	free(stack);
	return page_finish(b);
}

/* How often @what stands in a page, or in what is written instead. */
static inline size_t page_count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

#endif
