/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which native functions are no place to send a reader: allocators and standard libraries. */
#ifndef ALLOCTAP_PROFILE_NATIVE_ROLE_H
#define ALLOCTAP_PROFILE_NATIVE_ROLE_H

enum native_role {
	NATIVE_PLAIN,
	/* C++'s and Rust's own: allocates on behalf of whoever calls it. */
	NATIVE_LIBRARY,
	NATIVE_ALLOCATOR,
};

/* Of a function as the linker calls it, or else the source. */
enum native_role native_role(const char *system_name);

#endif
