// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "binary/demangle.h"
#include "profile/native_role.h"

/* With "*" at the end: all names that begin so. */
static const char *const allocators[] = {
	"malloc", "calloc", "realloc", "reallocarray", "memalign", "aligned_alloc",
	"posix_memalign", "valloc", "pvalloc", "cfree", "free", "free_sized", "free_aligned_sized",
	/* copies made by the C library */
	"strdup", "__strdup", "strndup", "__strndup", "wcsdup", "__wcsdup",
	/* glibc's own, below and beside them */
	"__libc_malloc*", "__libc_calloc*", "__libc_realloc*", "__libc_memalign*", "__libc_valloc*",
	"__libc_pvalloc*", "__libc_free*", "__libc_reallocarray*", "__posix_memalign*", "tcache_*",
	"malloc_consolidate", "malloc_hook_ini", "_int_malloc", "_int_realloc", "_int_memalign",
	"_int_free", "_mid_memalign", "sysmalloc", "sysmalloc_mmap", "ptmalloc_init", "arena_get2",
	"new_heap", "alloc_new_heap", "grow_heap", "heap_trim", "systrim",
	/* where memory comes from, and what asks there */
	"mmap", "mmap64", "__mmap", "munmap", "__munmap", "mremap", "__mremap", "brk", "__brk",
	"sbrk", "__sbrk", "__glibc_morecore", "__default_morecore",
	/* jemalloc's API beside the standard one; bundled and prefixed allocators */
	"mallocx", "rallocx", "xallocx", "sdallocx", "dallocx", "je_*", "_rjem_*", "_mi_*",
	"mi_malloc*", "mi_calloc*", "mi_realloc*", "mi_zalloc*", "mi_rezalloc*", "mi_recalloc*",
	"mi_heap_*", "mi_new*", "mi_aligned_alloc*", "mi_memalign", "mi_posix_memalign",
	"mi_valloc", "mi_pvalloc", "mi_strdup", "mi_strndup", "mi_free*", "tc_malloc*", "tc_calloc",
	"tc_realloc", "tc_new*", "tc_delete*", "tc_free*", "tc_memalign", "tc_posix_memalign",
	"tc_valloc", "tc_pvalloc", "tcmalloc::*", "TCMallocInternal*",
	/* languages */
	"operator new*", "operator delete*", "__cxa_allocate_exception",
	"__cxa_allocate_dependent_exception", "__rust_alloc*", "__rust_realloc", "__rust_dealloc",
	"__rdl_*", "__rg_*",
	/* wrappers that all of a program's allocations go through */
	"xmalloc*", "xcalloc*", "xrealloc*", "xzalloc", "xstrdup", "xstrndup", "xmemdup*",
	"xnmalloc", "xnrealloc", "x2realloc", "x2nrealloc", "xpalloc", "xcharalloc",
	"xreallocarray",
	/* redis */
	"zmalloc*", "zcalloc*", "zrealloc*", "ztrymalloc*", "ztrycalloc*", "ztryrealloc*",
	"zstrdup", "extend_to_usable",
	/* obstacks of GNU programs */
	"_obstack_newchunk", "_obstack_begin", "_obstack_begin_1", "_obstack_begin_worker",
	"call_chunkfun",
	/* glib */
	"g_malloc*", "g_realloc*", "g_try_malloc*", "g_try_realloc*", "g_strdup", "g_strndup",
	"g_memdup*", "g_slice_alloc*", "g_slice_copy", "g_aligned_alloc*",
	/* CPython, Perl, Ruby */
	"PyMem_*", "_PyMem_*", "PyObject_Malloc", "PyObject_Calloc", "PyObject_Realloc",
	"_PyObject_Malloc", "_PyObject_Calloc", "_PyObject_Realloc", "_PyObject_Arena*",
	"pymalloc_alloc", "new_arena", "Perl_safesys*", "Perl_savepv", "Perl_savepvn",
	"ruby_xmalloc*", "ruby_xcalloc*", "ruby_xrealloc*", "objspace_xmalloc*",
	"objspace_xcalloc*", "objspace_xrealloc*",
	/* SQLite, PostgreSQL, OpenSSL, libxml2, APR */
	"sqlite3Malloc*", "sqlite3MemMalloc", "sqlite3MemRealloc", "sqlite3DbMalloc*",
	"sqlite3DbRealloc*", "sqlite3DbStrDup", "sqlite3DbStrNDup", "sqlite3Realloc",
	"sqlite3_malloc*", "sqlite3_realloc*", "dbMallocRawFinish", "dbReallocFinish", "palloc*",
	"repalloc*", "pstrdup", "pnstrdup", "MemoryContextAlloc*", "MemoryContextCreate*",
	"MemoryContextStrdup", "AllocSet*", "GenerationAlloc*", "SlabAlloc*", "CRYPTO_malloc*",
	"CRYPTO_zalloc", "CRYPTO_calloc", "CRYPTO_realloc*", "CRYPTO_clear_realloc",
	"CRYPTO_strdup", "CRYPTO_strndup", "CRYPTO_memdup", "xmlStrdup", "xmlStrndup",
	"xmlCharStrdup", "apr_palloc*", "apr_pcalloc*", "apr_allocator_alloc"};

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

/* C compilers mark the parts and copies they make: "zmalloc.part.0". */
static bool is_allocator(const char *name)
{
	size_t len = strcspn(name, ".@");

	for (size_t i = 0; i < ARRAY_SIZE(allocators); i++) {
		size_t n = strcspn(allocators[i], "*");

		if (len >= n && !memcmp(name, allocators[i], n) && (allocators[i][n] || len == n))
			return true;
	}
	return false;
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
