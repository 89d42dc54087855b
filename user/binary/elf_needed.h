/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What an ELF file asks of the dynamic loader: which libraries, and where to look for them. */
#ifndef ALLOCTAP_BINARY_ELF_NEEDED_H
#define ALLOCTAP_BINARY_ELF_NEEDED_H

#include "binary/elf_file.h"

/* DT_NEEDED entries that are read; programs have some dozen, the largest 200. */
#define ELF_NEEDED_MAX 256

/* Strings of the file's own. A static program has none of it. */
struct elf_needed {
	const char *loader; /* PT_INTERP's; NULL: none, as in libraries */
	const char *path;   /* DT_RUNPATH or DT_RPATH: directories, by ":"; NULL: none */
	const char *names[ELF_NEEDED_MAX];
	size_t n;
};

void elf_needed_read(struct elf_needed *needed, const struct elf_file *f);

#endif
