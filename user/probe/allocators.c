// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The rows name what may be called from outside. Which of them a file's probes
 * go to is not in the table: that follows from which calls which, and differs
 * between versions and ways of building (native_calls.h).
 *
 * What is left out on purpose:
 *	- ld.so's own malloc: it serves the loader before libc is there, and no
 *	  other allocator tells of it either.
 *	- xallocx, mi_expand: resize in place or not at all, allocate nothing.
 *	- mi_strdup and its kin: their size is no argument.
 *	- _M_rehash of std::unordered_map: _M_need_rehash tells when it will be called.
 *	- Rust's __rdl_alloc: it calls malloc. What a program has set as
 *	  #[global_allocator] is __rg_alloc or, with later compilers, __rust_alloc
 *	  itself: tapped where no other function of ours does its work.
 */
#include <string.h>

#include "base/cleanup.h"
#include "probe/allocators.h"

#define MAX_ROW_NAME 96
/* Names of templates are long; this bounds the time a hostile file takes. */
#define MAX_NAME 8192

enum { MIMALLOC, TCMALLOC, JEMALLOC, GLIBC, MUSL, LIBCXX, RUST, ABSL };

/* The allocators that replace libc's come first: some define libc's names too. */
static const struct native_family families[] = {
	[MIMALLOC] = {"mimalloc",
		      {"mi_malloc", "mi_malloc_aligned", "mi_zalloc_aligned"},
		      "libmimalloc"},
	[TCMALLOC] = {"tcmalloc", {"tc_malloc", "TCMallocInternalMalloc"}, "libtcmalloc"},
	[JEMALLOC] = {"jemalloc", {"mallocx", "je_mallocx", "_rjem_mallocx"}, "libjemalloc"},
	[GLIBC] = {"glibc", {"__libc_pvalloc"}, "libc.so."},
	[MUSL] = {"musl", {"__dls2b", "__libc_malloc_impl", "__malloc_alloc_meta"}, NULL},
	[LIBCXX] = {"libc++", {NULL}, NULL},
	[RUST] = {"Rust", {NULL}, NULL},
	[ABSL] = {"absl", {NULL}, NULL},
};

#define MALLOC(name, size)                                \
	{                                                 \
		name, NATIVE_MALLOC, size, 0, 0, 0, false \
	}
#define CALLOC(name, n, size)                             \
	{                                                 \
		name, NATIVE_CALLOC, n, size, 0, 0, false \
	}
#define REALLOC(name, old, size)                             \
	{                                                    \
		name, NATIVE_REALLOC, size, 0, old, 0, false \
	}
#define REALLOCN(name, old, n, size)                         \
	{                                                    \
		name, NATIVE_REALLOC, n, size, old, 0, false \
	}
#define MEMALIGN(name, align, size)                             \
	{                                                       \
		name, NATIVE_MEMALIGN, size, align, 0, 0, false \
	}
#define POSIX(name, where, align, size)                                   \
	{                                                                 \
		name, NATIVE_POSIX_MEMALIGN, size, align, where, 0, false \
	}
#define FREE(name, old)                                \
	{                                              \
		name, NATIVE_FREE, 0, 0, old, 0, false \
	}

/* The names of ISO C, POSIX and of old, with a prefix. */
#define STANDARD(prefix)                                                                   \
	MALLOC(prefix "malloc", 1), CALLOC(prefix "calloc", 1, 2),                         \
		REALLOC(prefix "realloc", 1, 2), REALLOCN(prefix "reallocarray", 1, 2, 3), \
		MEMALIGN(prefix "memalign", 1, 2), MEMALIGN(prefix "aligned_alloc", 1, 2), \
		POSIX(prefix "posix_memalign", 1, 2, 3), MALLOC(prefix "valloc", 1),       \
		MALLOC(prefix "pvalloc", 1), FREE(prefix "free", 1), FREE(prefix "cfree", 1)

/* jemalloc's own; mallocx and rallocx take flags last, among them the alignment. */
#define JEMALLOC_OWN(prefix)                                                                     \
	MALLOC(prefix "mallocx", 1), REALLOC(prefix "rallocx", 1, 2), FREE(prefix "dallocx", 1), \
		FREE(prefix "sdallocx", 1)

/* operator new and new[], in the forms of Itanium's ABI; size first in all. */
#define NEW(form)    MALLOC("_Znwm" form, 1), MALLOC("_Znam" form, 1)
#define DELETE(form) FREE("_ZdlPv" form, 1), FREE("_ZdaPv" form, 1)
#define NOTHROW      "RKSt9nothrow_t"
#define ALIGN        "St11align_val_t"
#define HOT_COLD     "12__hot_cold_t"

static const struct native_function common[] = {
	STANDARD(""),
	STANDARD("__libc_"),
	POSIX("__posix_memalign", 1, 2, 3),
	FREE("free_sized", 1),
	FREE("free_aligned_sized", 1),
	NEW(""),
	NEW(NOTHROW),
	NEW(ALIGN),
	NEW(ALIGN NOTHROW),
	NEW(HOT_COLD),
	NEW(NOTHROW HOT_COLD),
	NEW(ALIGN HOT_COLD),
	NEW(ALIGN NOTHROW HOT_COLD),
	DELETE(""),
	DELETE("m"),
	DELETE(NOTHROW),
	DELETE(ALIGN),
	DELETE("m" ALIGN),
	DELETE(ALIGN NOTHROW),
	JEMALLOC_OWN(""),
	{"mmap", NATIVE_MMAP, 2, 0, 1, 0, false},
	{"mmap64", NATIVE_MMAP, 2, 0, 1, 0, false},
	{"munmap", NATIVE_MUNMAP, 2, 0, 1, 0, false},
	{"mremap", NATIVE_MREMAP, 3, 2, 1, 0, false},
	{"sbrk", NATIVE_SBRK, 1, 0, 0, 0, false},
	{"__mmap", NATIVE_MMAP, 2, 0, 1, 0, false},
	{"__munmap", NATIVE_MUNMAP, 2, 0, 1, 0, false},
	{"__mremap", NATIVE_MREMAP, 3, 2, 1, 0, false},
	{"__sbrk", NATIVE_SBRK, 1, 0, 0, 0, false},
	{"_ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_", NATIVE_TREE_INSERT, 0,
	 0, 4, NATIVE_CONTAINER_TREE, false},
	{"_ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm", NATIVE_HASH_INSERT, 3, 2, 1,
	 NATIVE_CONTAINER_HASH, false},
};

static const struct native_function of_jemalloc[] = {
	STANDARD("je_"),
	JEMALLOC_OWN("je_"),
	STANDARD("_rjem_"),
	JEMALLOC_OWN("_rjem_"),
};

static const struct native_function of_tcmalloc[] = {
	STANDARD("tc_"),
	MALLOC("tc_malloc_skip_new_handler", 1),
	MALLOC("tc_new", 1),
	MALLOC("tc_new_nothrow", 1),
	MALLOC("tc_new_aligned", 1),
	MALLOC("tc_new_aligned_nothrow", 1),
	MALLOC("tc_newarray", 1),
	MALLOC("tc_newarray_nothrow", 1),
	MALLOC("tc_newarray_aligned", 1),
	MALLOC("tc_newarray_aligned_nothrow", 1),
	FREE("tc_free_sized", 1),
	FREE("tc_delete", 1),
	FREE("tc_delete_nothrow", 1),
	FREE("tc_delete_sized", 1),
	FREE("tc_delete_aligned", 1),
	FREE("tc_delete_sized_aligned", 1),
	FREE("tc_delete_aligned_nothrow", 1),
	FREE("tc_deletearray", 1),
	FREE("tc_deletearray_nothrow", 1),
	FREE("tc_deletearray_sized", 1),
	FREE("tc_deletearray_aligned", 1),
	FREE("tc_deletearray_sized_aligned", 1),
	FREE("tc_deletearray_aligned_nothrow", 1),
};

/* Those of a heap have it in front of the arguments of the others. */
static const struct native_function of_mimalloc[] = {
	STANDARD("mi_"),
	MALLOC("mi_malloc_small", 1),
	MALLOC("mi_zalloc", 1),
	MALLOC("mi_zalloc_small", 1),
	CALLOC("mi_mallocn", 1, 2),
	MALLOC("mi_malloc_aligned", 1),
	MALLOC("mi_malloc_aligned_at", 1),
	MALLOC("mi_zalloc_aligned", 1),
	MALLOC("mi_zalloc_aligned_at", 1),
	CALLOC("mi_calloc_aligned", 1, 2),
	CALLOC("mi_calloc_aligned_at", 1, 2),
	REALLOCN("mi_reallocn", 1, 2, 3),
	REALLOC("mi_reallocf", 1, 2),
	REALLOC("mi_rezalloc", 1, 2),
	REALLOCN("mi_recalloc", 1, 2, 3),
	REALLOC("mi_realloc_aligned", 1, 2),
	REALLOC("mi_realloc_aligned_at", 1, 2),
	REALLOC("mi_rezalloc_aligned", 1, 2),
	REALLOC("mi_rezalloc_aligned_at", 1, 2),
	REALLOCN("mi_recalloc_aligned", 1, 2, 3),
	REALLOCN("mi_recalloc_aligned_at", 1, 2, 3),
	MALLOC("mi_new", 1),
	MALLOC("mi_new_nothrow", 1),
	MALLOC("mi_new_aligned", 1),
	MALLOC("mi_new_aligned_nothrow", 1),
	CALLOC("mi_new_n", 1, 2),
	REALLOC("mi_new_realloc", 1, 2),
	REALLOCN("mi_new_reallocn", 1, 2, 3),
	FREE("mi_free_size", 1),
	FREE("mi_free_size_aligned", 1),
	FREE("mi_free_aligned", 1),
	MALLOC("mi_heap_malloc", 2),
	MALLOC("mi_heap_malloc_small", 2),
	MALLOC("mi_heap_zalloc", 2),
	CALLOC("mi_heap_calloc", 2, 3),
	CALLOC("mi_heap_mallocn", 2, 3),
	MALLOC("mi_heap_malloc_aligned", 2),
	MALLOC("mi_heap_malloc_aligned_at", 2),
	MALLOC("mi_heap_zalloc_aligned", 2),
	MALLOC("mi_heap_zalloc_aligned_at", 2),
	CALLOC("mi_heap_calloc_aligned", 2, 3),
	CALLOC("mi_heap_calloc_aligned_at", 2, 3),
	MALLOC("mi_heap_alloc_new", 2),
	CALLOC("mi_heap_alloc_new_n", 2, 3),
	REALLOC("mi_heap_realloc", 2, 3),
	REALLOCN("mi_heap_reallocn", 2, 3, 4),
	REALLOC("mi_heap_reallocf", 2, 3),
	REALLOC("mi_heap_rezalloc", 2, 3),
	REALLOCN("mi_heap_recalloc", 2, 3, 4),
	REALLOC("mi_heap_realloc_aligned", 2, 3),
	REALLOC("mi_heap_realloc_aligned_at", 2, 3),
	REALLOC("mi_heap_rezalloc_aligned", 2, 3),
	REALLOC("mi_heap_rezalloc_aligned_at", 2, 3),
	REALLOCN("mi_heap_recalloc_aligned", 2, 3, 4),
	REALLOCN("mi_heap_recalloc_aligned_at", 2, 3, 4),
};

/* As rustc named them up to 1.86; later ones are mangled. */
#define RUST_ALLOCATOR(prefix)                                            \
	{prefix "alloc", NATIVE_MALLOC, 1, 0, 0, 0, true},                \
		{prefix "alloc_zeroed", NATIVE_MALLOC, 1, 0, 0, 0, true}, \
		{prefix "realloc", NATIVE_REALLOC, 4, 0, 1, 0, true},     \
	{                                                                 \
		prefix "dealloc", NATIVE_FREE, 0, 0, 1, 0, true           \
	}

static const struct native_function of_rust[] = {
	RUST_ALLOCATOR("__rg_"),
	RUST_ALLOCATOR("__rust_"),
};

static const struct {
	const struct native_family *family; /* NULL: of any */
	bool in_family_only;
	const struct native_function *rows;
	size_t n;
} tables[] = {
	{NULL, false, common, ARRAY_SIZE(common)},
	{&families[JEMALLOC], true, of_jemalloc, ARRAY_SIZE(of_jemalloc)},
	{&families[TCMALLOC], true, of_tcmalloc, ARRAY_SIZE(of_tcmalloc)},
	{&families[MIMALLOC], true, of_mimalloc, ARRAY_SIZE(of_mimalloc)},
	{&families[RUST], false, of_rust, ARRAY_SIZE(of_rust)},
};

/* _RNvCsfLfy6EI15iL_7___rustc12___rust_alloc, and so __rg_alloc. */
#define RUST_MANGLED_AS(name, op, size, old)               \
	{                                                  \
		"_RNv", {"_" name}, true, &families[RUST], \
		{                                          \
			name, op, size, 0, old, 0, true    \
		}                                          \
	}
#define RUST_MANGLED(name, op, size, old) \
	RUST_MANGLED_AS("__rg_" name, op, size, old), RUST_MANGLED_AS("__rust_" name, op, size, old)

/*
 * Names with types or a hash in them, which begin and go on like this; nothing may
 * follow the last part where it has to be the end. libc++ and absl have an inline
 * namespace in theirs that builds rename.
 */
static const struct {
	const char *prefix;
	const char *parts[2];
	bool to_the_end;
	const struct native_family *family;
	struct native_function function;
} patterns[] = {
	{"_ZNSt",
	 {"27__tree_balance_after_insertI"},
	 false,
	 &families[LIBCXX],
	 {"__tree_balance_after_insert", NATIVE_TREE_INSERT, 0, 0, 0, NATIVE_CONTAINER_CXX_TREE,
	  false}},
	{"_ZNSt",
	 {"12__hash_tableI", "E8__rehash"},
	 false,
	 &families[LIBCXX],
	 {"__rehash", NATIVE_REHASH, 0, 0, 1, NATIVE_CONTAINER_CXX_HASH, false}},
	{"_ZNSt",
	 {"12__hash_tableI", "E11__do_rehashI"},
	 false,
	 &families[LIBCXX],
	 {"__do_rehash", NATIVE_REHASH, 0, 0, 1, NATIVE_CONTAINER_CXX_HASH, false}},
	{"_ZN9hashbrown3raw",
	 {"14reserve_rehash17h"},
	 false,
	 &families[RUST],
	 {"reserve_rehash", NATIVE_REHASH, 0, 0, 1, NATIVE_CONTAINER_HASHBROWN, false}},
	{"_RINv",
	 {"9hashbrown3raw", "14reserve_rehash"},
	 false,
	 &families[RUST],
	 {"reserve_rehash", NATIVE_REHASH, 0, 0, 1, NATIVE_CONTAINER_HASHBROWN, false}},
	{"_ZN4absl",
	 {"12raw_hash_setI", "E6resizeE"},
	 false,
	 &families[ABSL],
	 {"resize", NATIVE_REHASH, 0, 0, 1, NATIVE_CONTAINER_ABSL, false}},
	{"_ZN4absl",
	 {"12raw_hash_setI", "E11resize_implE"},
	 false,
	 &families[ABSL],
	 {"resize_impl", NATIVE_REHASH, 0, 0, 1, NATIVE_CONTAINER_ABSL, false}},
	RUST_MANGLED("alloc", NATIVE_MALLOC, 1, 0),
	RUST_MANGLED("alloc_zeroed", NATIVE_MALLOC, 1, 0),
	RUST_MANGLED("realloc", NATIVE_REALLOC, 4, 1),
	RUST_MANGLED("dealloc", NATIVE_FREE, 0, 1),
};

/* Most names of a large program are C++'s and none of ours: tell so at a glance. */
static bool may_be_row(const char *name)
{
	if (name[0] != '_' || name[1] != 'Z')
		return strchr("_acdfjmprstvT", name[0]) != NULL;
	return name[2] == 'n' || name[2] == 'd' || !strncmp(name, "_ZSt29", 6) ||
	       !strncmp(name, "_ZNKSt8__detail20", 17);
}

static bool is_named(const char *name, size_t len, const char *row)
{
	/* Two letters tell most names apart before anything is called. */
	return name[0] == row[0] && name[1] == row[1] && !strncmp(name, row, len) && !row[len];
}

static bool find_row(const char *name, size_t len, struct native_match *match)
{
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		for (size_t i = 0; i < tables[t].n; i++) {
			if (!is_named(name, len, tables[t].rows[i].name))
				continue;
			*match = (struct native_match){&tables[t].rows[i], tables[t].family,
						       tables[t].in_family_only};
			return true;
		}
	}
	return false;
}

static bool has_parts(const char *name, size_t len, const char *const parts[2], bool to_the_end)
{
	if (to_the_end) {
		size_t part = strlen(parts[0]);

		return len >= part && !memcmp(name + len - part, parts[0], part);
	}
	for (int i = 0; i < 2 && parts[i]; i++) {
		const char *at = memmem(name, len, parts[i], strlen(parts[i]));

		if (!at)
			return false;
		len -= (size_t)(at - name);
		name = at;
	}
	return true;
}

static bool may_be_pattern(const char *name)
{
	if (name[0] != '_')
		return false;
	return name[1] == 'R' || (!strncmp(name, "_ZN", 3) && strchr("S94", name[3]));
}

static bool find_pattern(const char *name, struct native_match *match)
{
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		if (strncmp(name, patterns[i].prefix, strlen(patterns[i].prefix)) != 0)
			continue;
		if (!len)
			len = strnlen(name, MAX_NAME);
		if (!has_parts(name, len, patterns[i].parts, patterns[i].to_the_end))
			continue;
		*match = (struct native_match){&patterns[i].function, patterns[i].family, false};
		return true;
	}
	return false;
}

bool native_function_find(const char *name, struct native_match *match)
{
	/* No row's name is as long: need not be measured to its end. */
	size_t len = strnlen(name, MAX_ROW_NAME);
	const char *at = memchr(name, '@', len);

	if (at && at > name)
		len = (size_t)(at - name);
	if (len < MAX_ROW_NAME && may_be_row(name) && find_row(name, len, match))
		return true;
	return may_be_pattern(name) && find_pattern(name, match);
}

const struct native_family *native_family_of_marker(const char *name)
{
	size_t len;

	if (!may_be_row(name))
		return NULL;
	len = strcspn(name, "@");
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(families[i].markers); k++) {
			if (families[i].markers[k] && is_named(name, len, families[i].markers[k]))
				return &families[i];
		}
	}
	return NULL;
}

const struct native_family *native_family_of_library(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const char *library = families[i].library;

		if (library && !strncmp(name, library, strlen(library)))
			return &families[i];
	}
	return NULL;
}

const struct native_family *native_family_choose(const struct native_family *a,
						 const struct native_family *b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

enum sample_kind native_op_kind(enum native_op op)
{
	static const enum sample_kind kinds[NATIVE_OP_MAX] = {
		[NATIVE_MALLOC] = KIND_ALLOC,
		[NATIVE_CALLOC] = KIND_ALLOC,
		[NATIVE_REALLOC] = KIND_ALLOC,
		[NATIVE_MEMALIGN] = KIND_ALLOC,
		[NATIVE_POSIX_MEMALIGN] = KIND_ALLOC,
		[NATIVE_FREE] = KIND_FREE,
		[NATIVE_MMAP] = KIND_MMAP,
		[NATIVE_MUNMAP] = KIND_MUNMAP,
		[NATIVE_MREMAP] = KIND_MREMAP,
		[NATIVE_SBRK] = KIND_BRK,
		[NATIVE_TREE_INSERT] = KIND_MAP_INSERT,
		[NATIVE_HASH_INSERT] = KIND_MAP_INSERT,
		[NATIVE_REHASH] = KIND_MAP_GROW,
	};

	return kinds[op];
}

uint8_t native_passes_on(enum native_op op, enum native_op next)
{
	if (op == NATIVE_REALLOC && next != NATIVE_REALLOC)
		return NATIVE_NULL_ELSEWHERE;
	return op == NATIVE_MEMALIGN && next == NATIVE_MALLOC ? NATIVE_SMALL_ALIGN_ELSEWHERE : 0;
}
