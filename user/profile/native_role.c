// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "binary/demangle.h"
#include "profile/native_role.h"

/* By whole name. */
static const char *const allocators[] = {
	"malloc", "calloc", "realloc", "reallocarray", "memalign", "aligned_alloc",
	"posix_memalign", "valloc", "pvalloc", "cfree", "free", "free_sized", "free_aligned_sized",
	"malloc_usable_size",
	/* glibc's own, below and beside them */
	"_int_malloc", "_int_realloc", "_int_memalign", "_int_free", "_mid_memalign", "sysmalloc",
	"sysmalloc_mmap", "checked_request2size", "ptmalloc_init", "arena_get2", "new_heap",
	"heap_init",
	/* jemalloc's API beside the standard one */
	"mallocx", "rallocx", "xallocx", "sallocx", "dallocx", "sdallocx", "nallocx",
	/* where memory comes from, and what asks there */
	"mmap", "mmap64", "__mmap", "munmap", "__munmap", "mremap", "__mremap", "brk", "__brk",
	"sbrk", "__sbrk", "__glibc_morecore", "__default_morecore", "alloc_new_heap", "grow_heap",
	"systrim", "heap_trim",
	/* copies made by the C library */
	"strdup", "__strdup", "strndup", "__strndup", "wcsdup", "__wcsdup", "strdupa"};

/* By how the name begins. */
static const char *const allocator_prefixes[] = {
	/* glibc */
	"__libc_malloc", "__libc_calloc", "__libc_realloc", "__libc_memalign", "__libc_valloc",
	"__libc_pvalloc", "__libc_free", "__libc_reallocarray", "__posix_memalign", "tcache_",
	"malloc_consolidate", "malloc_hook_ini",
	/* bundled and prefixed allocators */
	"je_", "_rjem_", "mi_", "_mi_", "tc_", "tcmalloc::", "mallocng_",
	/* languages */
	"operator new", "operator delete", "__rust_alloc", "__rust_realloc", "__rust_dealloc",
	"__rdl_", "__rg_"};

static const char *const cxx_library[] = {"std::", "__gnu_cxx::", "__cxxabiv1::", "absl::"};

static const char *const rust_library[] = {"std::", "alloc::", "core::", "hashbrown::"};

static bool begins_with_one(const char *name, const char *const *prefixes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	}
	return false;
}

static bool is_allocator(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(allocators); i++) {
		if (!strcmp(name, allocators[i]))
			return true;
	}
	return begins_with_one(name, allocator_prefixes, ARRAY_SIZE(allocator_prefixes));
}

/* Legacy Rust names look like C++ but for the hash they end in: "17h0123456789abcdefE". */
static bool is_rust(const char *system_name)
{
	for (const char *p = strstr(system_name, "17h"); p; p = strstr(p + 1, "17h")) {
		if (strspn(p + 3, "0123456789abcdef") == 16 && p[19] == 'E')
			return true;
	}
	return !strncmp(system_name, "_R", 2);
}

/*
 * Whose function it is: of "<alloc::vec::Vec<T> as Trait>::f" the type, which is where
 * the code was written, unless that is a mere parameter: of "<T as alloc::X>::f" the trait.
 */
static const char *rust_owner(const char *name)
{
	const char *type = name + strspn(name, "<&*([");
	const char *as;

	if (type == name)
		return name;
	if (!strncmp(type, "mut ", 4))
		type += 4;
	as = strstr(type, " as ");
	if (as && !memmem(type, (size_t)(as - type), "::", 2))
		return as + 4;
	return type;
}

enum native_role native_role(const char *system_name)
{
	/* Without return type and parameters: it begins with the namespace. */
	__auto_free char *readable = demangle_short(system_name);
	const char *name = readable ? readable : system_name;

	if (is_allocator(name))
		return NATIVE_ALLOCATOR;
	if (is_rust(system_name))
		return begins_with_one(rust_owner(name), rust_library, ARRAY_SIZE(rust_library))
			       ? NATIVE_LIBRARY
			       : NATIVE_PLAIN;
	return begins_with_one(name, cxx_library, ARRAY_SIZE(cxx_library)) ? NATIVE_LIBRARY
									   : NATIVE_PLAIN;
}
