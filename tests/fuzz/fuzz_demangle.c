// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Mangled names: must end, within memory, and the short form is not longer than the bound. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "binary/demangle.h"
#include "profile/native_role.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__auto_free char *name = strndup((const char *)data, size);
	__auto_free char *full = demangle(name);
	__auto_free char *brief = demangle_short(name);

	if ((full && strlen(full) >= DEMANGLE_MAX_OUTPUT) ||
	    (brief && strlen(brief) >= DEMANGLE_MAX_OUTPUT))
		__builtin_trap();
	native_role(name);
	return 0;
}
