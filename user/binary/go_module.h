/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* runtime.firstmoduledata: what the function table leaves out. */
#ifndef ALLOCTAP_BINARY_GO_MODULE_H
#define ALLOCTAP_BINARY_GO_MODULE_H

#include "binary/go_pclntab.h"

struct go_module {
	uint64_t text;   /* base of the function table's code offsets */
	uint64_t gofunc; /* base of its funcdata offsets; 0 where unknown */
	/* Where types and their names lie, and the base of offsets to them; 0 where unknown. */
	uint64_t types, types_end;
};

/* The module that @t belongs to, laid out as in Go 1.@minor. 0 or -ENOENT. */
int go_module_find(const struct elf_file *f, const struct go_pclntab *t, int minor,
		   struct go_module *m);

#endif
