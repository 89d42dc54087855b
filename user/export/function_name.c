// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <string.h>

#include "binary/demangle.h"
#include "export/function_name.h"

char *function_short_name(const struct profile *p, uint32_t function)
{
	const struct profile_function *f = &p->functions[function];
	const char *name = profile_str(p, f->name);
	char *brief = NULL;

	if (f->category == FUNCTION_NATIVE || f->category == FUNCTION_NATIVE_ALLOCATOR) {
		brief = demangle_short(profile_str(p, f->system_name));
		/* Of a function that was only inlined there is no mangled name. */
		if (!brief && strstr(name, "::"))
			brief = demangle_cut(name);
	}
	return brief ? brief : strdup(name);
}
