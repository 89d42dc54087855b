/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Seeds that are ELF files, opened. */
#ifndef ALLOCTAP_TESTS_ELF_SEEDS_H
#define ALLOCTAP_TESTS_ELF_SEEDS_H

#include <errno.h>

#include "binary/elf_file.h"
#include "seeds.h"

struct opened {
	struct seed seed;
	struct elf_file *file;
};

static inline struct opened open_seed(const char *kind, const char *name)
{
	struct opened o = {.seed = seed_load(kind, name)};

	o.file = elf_file_open_mem(o.seed.data, o.seed.len, name);
	if (!o.file)
		fail_msg("%s: %s", name, elf_file_error(errno));
	return o;
}

static inline void close_seed(struct opened *o)
{
	elf_file_free(o->file);
	free(o->seed.data);
}

#endif
