/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where functions begin, as .eh_frame_hdr has it: also of a stripped file's
 * local functions, which have no symbols.
 */
#ifndef ALLOCTAP_BINARY_EH_INDEX_H
#define ALLOCTAP_BINARY_EH_INDEX_H

#include "binary/elf_file.h"

struct eh_index {
	const struct elf_file *elf;
	struct cursor table; /* pairs of 32-bit numbers: function, its FDE */
	uint64_t vaddr;      /* that the numbers are relative to */
	size_t n;            /* 0: the file has no such table */
};

struct eh_index eh_index_open(const struct elf_file *f);
/*
 * The function around @vaddr, or the part of one: compilers put what is rarely
 * run elsewhere. False where the table does not have it. Damaged tables give
 * wrong answers, no worse.
 */
bool eh_index_around(const struct eh_index *index, uint64_t vaddr, uint64_t *first, uint64_t *end);

#endif
