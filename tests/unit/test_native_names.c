// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Names of native functions: demangling, roles, perf maps, DWARF of the fuzzer's seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <cmocka.h>

#include "binary/demangle.h"
#include "binary/dwarf_lines.h"
#include "binary/elf_symbols.h"
#include "binary/perf_map.h"
#include "elf_seeds.h"
#include "export/function_name.h"
#include "profile/builder.h"
#include "profile/native_role.h"

static void assert_demangled(const char *name, const char *full, const char *brief)
{
	__auto_free char *f = demangle(name);
	__auto_free char *b = demangle_short(name);

	assert_string_equal(f, full);
	assert_string_equal(b, brief);
}

static void cxx_names_are_read(void **state)
{
	(void)state;
	assert_demangled("_ZNSt6vectorIiSaIiEE9push_backERKi",
			 "std::vector<int, std::allocator<int> >::push_back(int const&)",
			 "std::vector<...>::push_back");
	assert_demangled("_ZNKSt8functionIFviEEclEi",
			 "std::function<void (int)>::operator()(int) const",
			 "std::function<...>::operator()");
	assert_demangled("_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()(int) const",
			 "main::{lambda(int)#1}::operator()");
	assert_demangled("_ZNSt8ios_base4InitC1Ev@@GLIBCXX_3.4", "std::ios_base::Init::Init()",
			 "std::ios_base::Init::Init");
}

static void operators_keep_their_marks(void **state)
{
	(void)state;
	assert_demangled("_ZN3FooltERKS_", "Foo::operator<(Foo const&)", "Foo::operator<");
	assert_demangled("_ZNK3FooptEv", "Foo::operator->() const", "Foo::operator->");
	assert_demangled("_ZlsR3FooS0_", "operator<<(Foo&, Foo&)", "operator<<");
	assert_demangled("_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc",
			 "std::basic_ostream<char, std::char_traits<char> >& std::operator<< "
			 "<std::char_traits<char> >(std::basic_ostream<char, "
			 "std::char_traits<char> >&, char const*)",
			 "std::operator<< <...>");
}

static void rust_names_are_read(void **state)
{
	(void)state;
	assert_demangled("_ZN5alloc3vec16Vec$LT$T$C$A$GT$4push17h0123456789abcdefE",
			 "alloc::vec::Vec<T,A>::push", "alloc::vec::Vec<T,A>::push");
	assert_demangled("_RNvMs_NtC5alloc3vecINtB4_3VeclE4pushB4_", "<alloc::vec::Vec<i32>>::push",
			 "<alloc::vec::Vec<i32>>::push");
	assert_demangled("_RINvC1a3fooNtB2_6LongerE", "a::foo::<a::Longer>", "a::foo::<...>");
}

static void other_names_are_not(void **state)
{
	static const char *const names[] = {"malloc", "",         "_Z",    "_R",
					    "_ZZZZ",  "main.run", "__Zfoo"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_null(demangle(names[i]));
		assert_null(demangle_short(names[i]));
	}
}

static void readable_names_are_cut(void **state)
{
	__auto_free char *map = demangle_cut("std::map<int, std::pair<int, char> >::lower_bound");
	__auto_free char *plain = demangle_cut("main");

	(void)state;
	assert_string_equal(map, "std::map<...>::lower_bound");
	assert_string_equal(plain, "main");
}

/* Each pair refers to the one before it twice: 2^30 of them if written out. */
static void unfolding_names_end(void **state)
{
	char cxx[1024] = "_Z1fSt4pairIiiE", rust[1024] = "_RINvC1a1b";
	struct timespec before, after;

	(void)state;
	for (int i = 0; i < 30; i++) {
		static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
		char *end = cxx + strlen(cxx);

		sprintf(end, "S_IS%c_S%c_E", digits[i], digits[i]);
	}
	/* "T" of two: the tuple so far, written again. */
	strcat(rust, "TmmE");
	for (int i = 0; i < 5; i++)
		strcat(rust, "TB8_B8_B8_B8_B8_B8_B8_B8_B8_E");
	strcat(rust, "E");
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < 2; i++) {
		__auto_free char *full = demangle(i ? rust : cxx);

		assert_true(!full || strlen(full) < DEMANGLE_MAX_OUTPUT);
	}
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 2);
}

static void long_names_stay(void **state)
{
	char name[DEMANGLE_MAX_INPUT + 64];
	__auto_free char *full = NULL;

	(void)state;
	/* Longer than libiberty takes by itself, shorter than our bound. */
	snprintf(name, sizeof(name), "_ZN3000%0*dEv", 3000, 0);
	memset(name + 7, 'x', 3000);
	full = demangle(name);
	assert_int_equal(strlen(full), 3002);
	snprintf(name, sizeof(name), "_ZN4090%0*dEv", 4090, 0);
	memset(name + 7, 'x', 4090);
	assert_null(demangle(name));
}

static void roles_are_told_apart(void **state)
{
	static const struct {
		const char *name;
		enum native_role role;
	} cases[] = {
		{"malloc", NATIVE_ALLOCATOR},
		{"_int_malloc", NATIVE_ALLOCATOR},
		{"je_malloc", NATIVE_ALLOCATOR},
		{"_Znwm", NATIVE_ALLOCATOR},
		{"_ZdaPv", NATIVE_ALLOCATOR},
		{"__rust_alloc", NATIVE_ALLOCATOR},
		{"_ZN3FoonwEm", NATIVE_PLAIN}, /* Foo::operator new */
		{"mallocate", NATIVE_PLAIN},
		{"zmalloc.part.0", NATIVE_ALLOCATOR},
		{"memcpy@@GLIBC_2.14", NATIVE_PLAIN},
		{"malloc@@GLIBC_2.2.5", NATIVE_ALLOCATOR},
		{"PyMem_RawMalloc", NATIVE_ALLOCATOR},
		{"PyObject_Call", NATIVE_PLAIN},
		{"xmalloc", NATIVE_ALLOCATOR},
		{"mi", NATIVE_PLAIN},
		{"_ZNSt6vectorIiSaIiEE9push_backERKi", NATIVE_LIBRARY},
		/* Its name begins with the type it returns. */
		{"_ZN9__gnu_cxx13new_allocatorIiE9constructIiJRKiEEEvPT_DpOT0_", NATIVE_LIBRARY},
		{"std::map<int, int>::operator[]", NATIVE_LIBRARY},
		{"_ZN4core3fooEv", NATIVE_PLAIN}, /* C++ */
		{"_ZN4core3foo17h0123456789abcdefE", NATIVE_LIBRARY},
		{"_ZN9hashbrown3raw21RawTable$LT$T$C$A$GT$14reserve_rehash17h0123456789abcdefE",
		 NATIVE_LIBRARY},
		{"_ZN4main3run17h0123456789abcdefE", NATIVE_PLAIN},
		{"_RNvMs_NtC5alloc3vecINtB4_3VeclE4pushB4_", NATIVE_LIBRARY},
		{"_RNvXC4mainNtB2_3FooNtNtC4core3fmt5Debug3fmt",
		 NATIVE_PLAIN}, /* <main::Foo as core::..> */
		{"main", NATIVE_PLAIN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (native_role(cases[i].name) != cases[i].role)
			fail_msg("%s: %d", cases[i].name, (int)native_role(cases[i].name));
	}
}

static void assert_short(enum function_category category, const char *name, const char *system,
			 const char *expected)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t function = profile_builder_function(
		b, &(struct profile_function){.name = profile_builder_str(b, name),
					      .system_name = profile_builder_str(b, system),
					      .category = category});
	struct profile *p = profile_builder_finish(b);
	__auto_free char *brief = function_short_name(p, function);

	assert_string_equal(brief, expected);
	profile_free(p);
	profile_builder_free(b);
}

static void pictures_have_short_names(void **state)
{
	(void)state;
	assert_short(FUNCTION_NATIVE, "app::Cache<int>::put(int)", "_ZN3app5CacheIiE3putEi",
		     "app::Cache<int>::put");
	assert_short(FUNCTION_NATIVE_ALLOCATOR, "std::map<int, std::pair<int, int> >::at",
		     "std::map<int, std::pair<int, int> >::at", "std::map<...>::at");
	assert_short(FUNCTION_NATIVE, "JS:*<anonymous> /app.js:1:1", "JS:*<anonymous> /app.js:1:1",
		     "JS:*<anonymous> /app.js:1:1");
	/* Not C++, whatever it looks like. */
	assert_short(FUNCTION_GO, "_ZN3app5CacheIiE3putEi", "_ZN3app5CacheIiE3putEi",
		     "_ZN3app5CacheIiE3putEi");
}

static void assert_at(const struct perf_map *m, uint64_t address, const char *name)
{
	const char *found = perf_map_at(m, address);

	if (name)
		assert_string_equal(found, name);
	else
		assert_null(found);
}

static void perf_maps_name_addresses(void **state)
{
	static const char text[] = "1000 10 JS:*add /srv/app.js:12:3\n"
				   "0x2000 0x20 prefixed\n"
				   "2008 4 inner\n"
				   "2008 8 inner again\n"
				   "no line\n"
				   "3000 0 empty\n"
				   "3000 10\n"
				   "3000 10 \n"
				   "11111111111111111 1 too long\n"
				   "ffffffffffffffff 2 wraps\n"
				   "4000 10 unfinished";
	struct perf_map *m = perf_map_new(text, sizeof(text) - 1);

	(void)state;
	assert_int_equal(perf_map_count(m), 3);
	assert_at(m, 0x0fff, NULL);
	assert_at(m, 0x1000, "JS:*add /srv/app.js:12:3");
	assert_at(m, 0x100f, "JS:*add /srv/app.js:12:3");
	assert_at(m, 0x1010, NULL);
	assert_at(m, 0x2007, "prefixed");
	assert_at(m, 0x200c, "inner again");
	assert_at(m, 0x2010, "prefixed");
	assert_at(m, 0x3000, NULL);
	assert_at(m, 0x4000, NULL);
	perf_map_free(m);
}

/* The last line wins also where it covers more than the ones before. */
static void code_is_replaced(void **state)
{
	static const char text[] = "1008 8 old\n1000 20 new\n";
	struct perf_map *m = perf_map_new(text, sizeof(text) - 1);

	(void)state;
	assert_at(m, 0x1008, "new");
	assert_at(m, 0x101f, "new");
	perf_map_free(m);
}

static struct dwarf_lines *open_lines(const struct opened *o)
{
	__auto_close int fd = memfd_create("seed", MFD_CLOEXEC);

	assert_int_equal(write(fd, o->seed.data, o->seed.len), o->seed.len);
	return dwarf_lines_new(fd, -1);
}

/* tests/fuzz/seeds/symbols: outer() calls ns::twice() and ns::Box<int>::get(), both inlined. */
static void assert_inlined(const char *seed)
{
	struct opened o = open_seed("symbols", seed);
	struct elf_symbols *symbols = elf_symbols_new(o.file);
	const struct elf_symbol *outer = elf_symbols_find(symbols, "outer");
	struct dwarf_lines *lines = open_lines(&o);
	struct dwarf_frame frames[8];
	bool seen_get = false, seen_twice = false;

	for (uint64_t at = 0; at < outer->size; at++) {
		size_t n = dwarf_lines_at(lines, outer->vaddr + at, frames, ARRAY_SIZE(frames));

		assert_in_range(n, 1, 3);
		assert_string_equal(frames[n - 1].name, "outer");
		seen_get |= n > 1 && !strcmp(frames[0].name, "ns::Box<int>::get");
		seen_twice |= n > 1 && !strcmp(frames[0].name, "ns::twice") &&
			      frames[0].line == 2 && frames[1].line == 3;
		/* Of what does not fit the inner ones are told. */
		if (n > 1)
			assert_int_equal(dwarf_lines_at(lines, outer->vaddr + at, frames, 1), 1);
	}
	assert_true(seen_twice);
	assert_true(seen_get);
	assert_int_equal(dwarf_lines_at(lines, 1, frames, ARRAY_SIZE(frames)), 0);
	dwarf_lines_free(lines);
	elf_symbols_free(symbols);
	close_seed(&o);
}

static void inlined_functions_are_frames(void **state)
{
	(void)state;
	assert_inlined("gcc4");
	assert_inlined("gcc5");
	assert_inlined("clang4");
	assert_inlined("clang5");
	assert_inlined("compressed");
}

static void split_files_give_lines(void **state)
{
	struct opened o = open_seed("symbols", "split");
	struct elf_symbols *symbols = elf_symbols_new(o.file);
	struct dwarf_lines *lines = open_lines(&o);
	struct dwarf_frame frame;

	(void)state;
	assert_int_equal(
		dwarf_lines_at(lines, elf_symbols_find(symbols, "outer")->vaddr, &frame, 1), 1);
	assert_string_equal(frame.name, "");
	assert_in_range(frame.line, 1, 3);
	assert_string_equal(frame.file + strlen(frame.file) - 7, "seed.cc");
	dwarf_lines_free(lines);
	elf_symbols_free(symbols);
	close_seed(&o);
}

/* What fuzz_symbols found: libdw would read on. */
static void strings_must_end(void **state)
{
	struct opened o = open_seed("symbols", "unterminated-strings");

	(void)state;
	errno = 0;
	assert_null(open_lines(&o));
	assert_int_equal(errno, ENODATA);
	close_seed(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cxx_names_are_read),
		cmocka_unit_test(operators_keep_their_marks),
		cmocka_unit_test(rust_names_are_read),
		cmocka_unit_test(other_names_are_not),
		cmocka_unit_test(readable_names_are_cut),
		cmocka_unit_test(unfolding_names_end),
		cmocka_unit_test(long_names_stay),
		cmocka_unit_test(roles_are_told_apart),
		cmocka_unit_test(pictures_have_short_names),
		cmocka_unit_test(perf_maps_name_addresses),
		cmocka_unit_test(code_is_replaced),
		cmocka_unit_test(inlined_functions_are_frames),
		cmocka_unit_test(split_files_give_lines),
		cmocka_unit_test(strings_must_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
