/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Linkers' names as people read them: C++ (Itanium ABI) and Rust (legacy and v0).
 *
 * The names come out of other people's files. What is longer than any real one,
 * or would unfold into more than DEMANGLE_MAX_OUTPUT bytes, stays as it is.
 */
#ifndef ALLOCTAP_BINARY_DEMANGLE_H
#define ALLOCTAP_BINARY_DEMANGLE_H

#include <stdbool.h>

/* Chromium's longest have about 3,000; libiberty's stack use grows with them. */
#define DEMANGLE_MAX_INPUT  4096
#define DEMANGLE_MAX_OUTPUT 65536

/* Could @name be mangled? One that is not is its own readable form. */
bool demangle_is_mangled(const char *name);
/*
 * All of it, as c++filt -i says it: "std::vector<int, std::allocator<int> >::at(unsigned long)";
 * Rust's without the hash: "alloc::vec::Vec<T,A>::push". The caller's to free.
 * NULL where @name is not mangled, cannot be read, or memory is out.
 */
char *demangle(const char *name);
/*
 * For pictures: without parameters, template arguments cut: "std::vector<...>::at".
 * As above.
 */
char *demangle_short(const char *name);
/* A name that is readable already, its template arguments cut. NULL: no memory. */
char *demangle_cut(const char *readable);

#endif
