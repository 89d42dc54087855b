// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <string.h>

#include "profile/native_container.h"

static const char *const names[CONTAINER_MAX] = {
	[CONTAINER_NONE] = "",
	[CONTAINER_TREE] = "std::map",
	[CONTAINER_HASH] = "std::unordered_map",
	[CONTAINER_CXX_TREE] = "libc++ std::map",
	[CONTAINER_CXX_HASH] = "libc++ std::unordered_map",
	[CONTAINER_HASHBROWN] = "hashbrown",
	[CONTAINER_ABSL] = "absl",
};

const char *container_name(uint32_t number)
{
	return number < CONTAINER_MAX ? names[number] : "";
}

enum container container_of_type(const struct profile *p, uint32_t type)
{
	const struct profile_type *t = &p->types[type];

	for (enum container c = CONTAINER_TREE; !t->kind && c < CONTAINER_MAX; c++) {
		if (!strcmp(profile_str(p, t->name), names[c]))
			return c;
	}
	return CONTAINER_NONE;
}
