/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Containers of C++ and Rust, as far as their functions tell: what is inserted into
 * has a type of kind 0 with one of these names.
 */
#ifndef ALLOCTAP_PROFILE_NATIVE_CONTAINER_H
#define ALLOCTAP_PROFILE_NATIVE_CONTAINER_H

#include "profile/profile.h"

/* Same numbers as enum native_container in bpf/alloctap.h. */
enum container {
	CONTAINER_NONE = 0,
	CONTAINER_TREE = 1,
	CONTAINER_HASH = 2,
	CONTAINER_CXX_TREE = 3,
	CONTAINER_CXX_HASH = 4,
	CONTAINER_HASHBROWN = 5,
	CONTAINER_ABSL = 6,
	CONTAINER_MAX
};

/* "std::map"; "" of CONTAINER_NONE and of numbers beyond all. */
const char *container_name(uint32_t number);
/* Which of them a type stands for. */
enum container container_of_type(const struct profile *p, uint32_t type);

#endif
