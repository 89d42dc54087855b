// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which functions are tapped so that one allocation is counted once: in files that
 * tests/fuzz/make_native_seeds.py writes, and in the allocators that are installed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "elf_seeds.h"
#include "probe/allocators.h"
#include "probe/native_plan.h"

#define TEXT 0x411000 /* of make_native_seeds.py, functions STEP bytes apart */
#define STEP 0x40

static const struct native_custom customs[] = {{"xmalloc", 2}, {"pool_alloc", 2}};

static struct native_plan plan_of(const struct elf_file *elf, unsigned int kinds, bool live)
{
	const struct native_request request = {
		.kinds = kinds, .live = live, .custom = customs, .n_custom = ARRAY_SIZE(customs)};
	struct native_plan plan;

	assert_int_equal(native_plan_file(&plan, elf_file_name(elf), elf, &request), 0);
	return plan;
}

static bool is_symbol(const char *symbol, const char *name)
{
	size_t len = strcspn(symbol, "@");

	return strlen(name) == len && !strncmp(symbol, name, len);
}

static const struct native_planned_probe *find(const struct native_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n; i++) {
		if (is_symbol(plan->probes[i].symbol, name))
			return &plan->probes[i];
	}
	return NULL;
}

static const struct native_planned_probe *need(const struct native_plan *plan, const char *name)
{
	const struct native_planned_probe *p = find(plan, name);

	if (!p)
		fail_msg("%s is not tapped", name);
	return p;
}

static const char *why_skipped(const struct native_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_skipped; i++) {
		if (is_symbol(plan->skipped[i].symbol, name))
			return plan->skipped[i].why;
	}
	return NULL;
}

static void need_skipped(const struct native_plan *plan, const char *name, const char *why)
{
	const char *told = why_skipped(plan, name);

	if (!told || !strstr(told, why))
		fail_msg("%s: %s", name, told ? told : "not told of");
	assert_null(find(plan, name));
}

/* Would a hit of @p that returns to @vaddr be dropped? */
static bool is_nested(const struct native_planned_probe *p, uint64_t vaddr)
{
	for (int i = 0; i < p->probe.n_nested; i++) {
		int64_t at = (int64_t)(vaddr - p->vaddr);

		if (at >= p->probe.nested[i].start && at < p->probe.nested[i].end)
			return true;
	}
	return false;
}

static void check_seed(const char *name, bool is_glibc)
{
	struct opened o = open_seed("native_plan", name);
	struct native_plan plan = plan_of(o.file, 1u << KIND_ALLOC, true);
	const struct native_planned_probe *p;

	p = need(&plan, "malloc");
	assert_int_equal(p->probe.n_nested, 3);
	assert_true(is_nested(p, TEXT + 2 * STEP + 11));  /* realloc calls it */
	assert_true(is_nested(p, TEXT + 6 * STEP + 6));   /* posix_memalign, by _mid_memalign */
	assert_true(is_nested(p, TEXT + 7 * STEP + 10));  /* operator new */
	assert_false(is_nested(p, TEXT + 8 * STEP + 6));  /* whoever throws */
	assert_false(is_nested(p, TEXT + 14 * STEP + 9)); /* pool_alloc, which was asked for */
	assert_string_equal(p->family, is_glibc ? "glibc" : "its own");
	/* What no known allocator has may pass calls on through a pointer. */
	assert_int_equal(p->probe.ops & 1u << NATIVE_MALLOC, is_glibc ? 0 : 1u << NATIVE_MALLOC);
	if (!is_glibc)
		assert_true(p->probe.bytes && p->probe.text.start <= 0 &&
			    p->probe.text.end >= (int64_t)p->probe.bytes);
	p = need(&plan, "realloc");
	assert_int_equal(p->probe.flags, NATIVE_NULL_ELSEWHERE);
	assert_int_equal(p->probe.op, NATIVE_REALLOC);
	assert_int_equal(p->probe.ptr_arg, 1);
	assert_int_equal(p->probe.size_arg, 2);
	p = need(&plan, "memalign");
	assert_int_equal(p->probe.flags, is_glibc ? NATIVE_SMALL_ALIGN_ELSEWHERE : 0);
	assert_int_equal(p->probe.size_arg, 2);
	assert_int_equal(p->probe.size_arg2, 1);
	p = need(&plan, "posix_memalign");
	assert_int_equal(p->probe.size_arg, 3);
	assert_true(p->has_return);
	p = need(&plan, "_Znwm");
	assert_int_equal(p->point.offset, 4); /* behind endbr64 */
	p = need(&plan, "free");
	assert_int_equal(p->point.offset, 5); /* behind the test of NULL */
	assert_int_equal(p->kind, KIND_FREE);
	assert_false(p->has_return);
	assert_true(is_nested(p, TEXT + 2 * STEP + 16)); /* realloc's */
	need(&plan, "_ZdaPvm");                          /* frees some itself */
	need_skipped(&plan, "reallocarray", "goes on");
	need_skipped(&plan, "_Znam", "goes on");
	need_skipped(&plan, "_ZdlPv", "goes on");
	need(&plan, "xmalloc"); /* was asked for */
	p = need(&plan, "pool_alloc");
	assert_string_equal(p->family, "home-made");
	assert_int_equal(p->probe.size_arg, 2);
	assert_false(p->has_return);
	native_plan_free(&plan);
	close_seed(&o);
}

static void counts_once(void **state)
{
	(void)state;
	check_seed("glibc", true);
	check_seed("stripped", true); /* functions between by .eh_frame_hdr */
	check_seed("static", true);   /* ... by their symbols */
	check_seed("unknown", false);
}

static void leaves_out_what_is_no_allocator(void **state)
{
	struct opened o = open_seed("native_plan", "loader");
	struct native_plan plan = plan_of(o.file, 1u << KIND_ALLOC, true);

	(void)state;
	assert_int_equal(plan.n, 0);
	need_skipped(&plan, "malloc", "loader");
	native_plan_free(&plan);
	close_seed(&o);
	o = open_seed("native_plan", "ifunc");
	plan = plan_of(o.file, 1u << KIND_ALLOC, false);
	assert_null(find(&plan, "malloc"));
	assert_null(find(&plan, "free"));
	need(&plan, "realloc");
	native_plan_free(&plan);
	close_seed(&o);
	o = open_seed("native_plan", "mi-of-another");
	plan = plan_of(o.file, 1u << KIND_ALLOC, true);
	assert_null(find(&plan, "mi_new"));
	assert_null(find(&plan, "mi_free"));
	native_plan_free(&plan);
	close_seed(&o);
}

static void taps_rust_where_nothing_else_does(void **state)
{
	struct opened o = open_seed("native_plan", "rust");
	struct native_plan plan = plan_of(o.file, 1u << KIND_ALLOC, true);

	(void)state;
	need_skipped(&plan, "__rg_alloc", "calls another");
	need_skipped(&plan, "__rg_dealloc", "calls another");
	native_plan_free(&plan);
	close_seed(&o);
	o = open_seed("native_plan", "rust-arena");
	plan = plan_of(o.file, 1u << KIND_ALLOC, true);
	assert_int_equal(plan.n, 4);
	assert_int_equal(need(&plan, "__rg_realloc")->probe.size_arg, 4);
	assert_int_equal(need(&plan, "__rg_dealloc")->probe.ptr_arg, 1);
	native_plan_free(&plan);
	close_seed(&o);
}

static void obeys_the_request(void **state)
{
	struct opened o = open_seed("native_plan", "glibc");
	struct native_plan plan = plan_of(o.file, 1u << KIND_ALLOC, false);

	(void)state;
	assert_true(native_plan_count(&plan, KIND_ALLOC) > 0);
	assert_int_equal(native_plan_count(&plan, KIND_FREE), 0);
	for (size_t i = 0; i < plan.n; i++)
		assert_false(plan.probes[i].has_return);
	native_plan_free(&plan);
	plan = plan_of(o.file, 1u << KIND_MMAP, true);
	assert_int_equal(plan.n, 0);
	assert_int_equal(plan.n_skipped, 0);
	native_plan_free(&plan);
	close_seed(&o);
}

static void check_damaged(const struct seed *s)
{
	struct elf_file *elf = elf_file_open_mem(s->data, s->len, s->name);
	struct native_plan plan;

	if (!elf)
		return;
	plan = plan_of(elf, ~0u, true);
	for (size_t i = 0; i < plan.n; i++)
		assert_true(plan.probes[i].file_offset < s->len);
	native_plan_free(&plan);
	elf_file_free(elf);
}

static void survives_damage(void **state)
{
	(void)state;
	assert_true(seed_for_each("native_plan", check_damaged) >= 14);
	assert_true(seed_for_each("elf", check_damaged) > 0);
}

#define MAX_NAMES 24

struct library {
	const char *path;
	const char *family;
	const char *tapped[MAX_NAMES];
	const char *skipped[MAX_NAMES];
	size_t stepped; /* at most so many of those that allocate or free */
};

#define DEBIAN "/usr/lib/x86_64-linux-gnu/"

/* Of other releases and builds: what is tapped follows from the code, these names stay. */
static const struct library libraries[] = {
	{DEBIAN "libc.so.6",
	 "glibc",
	 {"malloc", "calloc", "realloc", "memalign", "posix_memalign", "valloc", "pvalloc", "free"},
	 {"reallocarray"},
	 0},
	{DEBIAN "libjemalloc.so.2",
	 "jemalloc",
	 {"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "mallocx", "rallocx",
	  "free", "dallocx", "sdallocx", "_Znwm", "_ZnwmRKSt9nothrow_t", "_ZdlPvm"},
	 {"_Znam", "_ZdlPv", "_ZdaPv"},
	 0},
	{DEBIAN "libtcmalloc_minimal.so.4",
	 "tcmalloc",
	 {"malloc", "calloc", "realloc", "memalign", "posix_memalign", "free", "_Znam"},
	 {"valloc", "pvalloc"},
	 0},
	{DEBIAN "libtcmalloc.so.4",
	 "tcmalloc",
	 {"malloc", "calloc", "realloc", "memalign", "posix_memalign", "free", "_Znam", "_ZdaPvm"},
	 {"valloc", "pvalloc"},
	 0},
	{DEBIAN "libmimalloc.so.2",
	 "mimalloc",
	 {"malloc", "calloc", "mi_heap_realloc", "mi_posix_memalign", "mi_heap_malloc_aligned_at",
	  "free", "_Znam", "mi_new_nothrow"},
	 {"realloc", "posix_memalign", "aligned_alloc", "memalign", "valloc",
	  "_ZdlPvSt11align_val_t", "mi_malloc_aligned"},
	 4},
	{"/usr/lib/x86_64-linux-musl/libc.so",
	 "musl",
	 {"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "free"},
	 {"memalign", "valloc", "reallocarray"},
	 0},
	{DEBIAN "libstdc++.so.6",
	 "C++",
	 {NULL},
	 {"_Znwm", "_Znam", "_ZnwmRKSt9nothrow_t", "_ZnwmSt11align_val_t", "_ZdlPv", "_ZdaPvm"},
	 0},
	{DEBIAN "libc++abi.so.1", "C++", {NULL}, {"_Znwm", "_Znam", "_ZdlPv"}, 0},
	{"/lib64/ld-linux-x86-64.so.2", "its own", {NULL}, {NULL}, 0},
};

static void check_library(const struct library *l, const struct elf_file *elf)
{
	struct native_plan plan = plan_of(elf, 1u << KIND_ALLOC, true);
	size_t stepped = 0, n = 0;

	while (l->tapped[n])
		assert_string_equal(need(&plan, l->tapped[n++])->family, l->family);
	if (!n && plan.n)
		fail_msg("%s: %s is tapped", l->path, plan.probes[0].symbol);
	for (size_t i = 0; l->skipped[i]; i++)
		need_skipped(&plan, l->skipped[i], "");
	for (size_t i = 0; i < plan.n; i++) {
		const struct native_planned_probe *p = &plan.probes[i];
		uint64_t offset;

		stepped += p->point.stepped;
		assert_int_equal(p->has_return, p->kind == KIND_ALLOC);
		if (p->has_return && p->point.cfa_off)
			fail_msg("%s: %s: %u bytes are pushed", l->path, p->symbol,
				 p->point.cfa_off);
		assert_int_equal(elf_file_vaddr_to_offset(elf, p->vaddr, &offset), 0);
		assert_int_equal(p->file_offset - offset, p->probe.offset);
		assert_true(p->kind == KIND_FREE || p->probe.size_arg);
		for (size_t k = 0; k < i; k++)
			assert_true(plan.probes[k].vaddr != p->vaddr);
	}
	if (stepped > l->stepped)
		fail_msg("%s: %zu probes are stepped", l->path, stepped);
	native_plan_free(&plan);
}

static void reads_installed_allocators(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		__auto_close int fd = open(libraries[i].path, O_RDONLY | O_CLOEXEC);
		struct elf_file *elf = fd >= 0 ? elf_file_open_fd(fd, libraries[i].path) : NULL;

		if (!elf) {
			print_message("%s is not installed\n", libraries[i].path);
			continue;
		}
		check_library(&libraries[i], elf);
		elf_file_free(elf);
		n++;
	}
	assert_true(n > 0);
}

struct name_case {
	const char *name;
	const char *row; /* NULL: none of ours */
	enum native_container container;
};

static const struct name_case names[] = {
	{"malloc", "malloc", 0},
	{"malloc@@GLIBC_2.2.5", "malloc", 0},
	{"malloc_usable_size", NULL, 0},
	{"mallo", NULL, 0},
	{"", NULL, 0},
	{"@", NULL, 0},
	{"m", NULL, 0},
	{"je_malloc", "je_malloc", 0},
	{"_rjem_rallocx", "_rjem_rallocx", 0},
	{"xallocx", NULL, 0},
	{"_ZnamSt11align_val_tRKSt9nothrow_t", "_ZnamSt11align_val_tRKSt9nothrow_t", 0},
	{"_ZnwmPv", NULL, 0}, /* placement */
	{"_ZdlPvmSt11align_val_t", "_ZdlPvmSt11align_val_t", 0},
	{"_ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_",
	 "_ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_",
	 NATIVE_CONTAINER_TREE},
	{"_ZSt28_Rb_tree_rebalance_for_erasePSt18_Rb_tree_node_baseRS_", NULL, 0},
	{"_ZNSt3__127__tree_balance_after_insertIPNS_16__tree_node_baseIPvEEEEvT_S5_",
	 "__tree_balance_after_insert", NATIVE_CONTAINER_CXX_TREE},
	{"_ZNSt3__112__hash_tableINS_17__hash_value_typeIiiEENS_22__unordered_map_hasherIiS2_"
	 "NS_4hashIiEENS_8equal_toIiEELb1EEENS_21__unordered_map_equalIiS2_S7_S5_Lb1EEENS_"
	 "9allocatorIS2_EEE8__rehashEm",
	 "__rehash", NATIVE_CONTAINER_CXX_HASH},
	{"_ZN9hashbrown3raw21RawTable$LT$T$C$A$GT$14reserve_rehash17h1ac79ae78da262c3E",
	 "reserve_rehash", NATIVE_CONTAINER_HASHBROWN},
	{"_ZN9hashbrown3raw21RawTable$LT$T$C$A$GT$14reserve_rehash28_$u7b$$u7b$closure$u7d$$u7d$"
	 "17hbc7ed273fabf6747E",
	 NULL, 0},
	{"_RINvMs6_NtCsgvbsrvnw3yD_9hashbrown3rawINtB6_8RawTableTyNtNtCslNYArtu3iFV_5alloc6string"
	 "6StringEE14reserve_rehashNCINvNtB8_3map11make_hasheryBR_E0E",
	 "reserve_rehash", NATIVE_CONTAINER_HASHBROWN},
	{"_ZN4absl12lts_2022062318container_internal12raw_hash_setINS1_17FlatHashMapPolicyIiiEENS_"
	 "13hash_internal4HashIiEESt8equal_toIiESaISt4pairIKiiEEE6resizeEm",
	 "resize", NATIVE_CONTAINER_ABSL},
	{"__rg_alloc", "__rg_alloc", 0},
	{"_RNvCsfLfy6EI15iL_7___rustc10___rg_alloc", "__rg_alloc", 0},
	{"_RNvCsfLfy6EI15iL_7___rustc17___rg_alloc_zeroed", "__rg_alloc_zeroed", 0},
	{"_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc", "__rust_alloc", 0},
	{"_RNvCsfLfy6EI15iL_7___rustc11___rdl_alloc", NULL, 0},
	{"__rust_dealloc", "__rust_dealloc", 0},
	{"__rdl_alloc", NULL, 0},
};

static void knows_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct native_match m = {0};
		bool found = native_function_find(names[i].name, &m);

		if (found != (names[i].row != NULL))
			fail_msg("%s: %s", names[i].name, found ? m.function->name : "not known");
		if (!found)
			continue;
		assert_string_equal(m.function->name, names[i].row);
		assert_int_equal(m.function->container, names[i].container);
		assert_true(m.function->size_arg <= 6 && m.function->size_arg2 <= 6 &&
			    m.function->ptr_arg <= 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_once),
		cmocka_unit_test(leaves_out_what_is_no_allocator),
		cmocka_unit_test(taps_rust_where_nothing_else_does),
		cmocka_unit_test(obeys_the_request),
		cmocka_unit_test(survives_damage),
		cmocka_unit_test(reads_installed_allocators),
		cmocka_unit_test(knows_names),
	};

	return cmocka_run_group_tests_name("native_plan", tests, NULL, NULL);
}
