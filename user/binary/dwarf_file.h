/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A file opened for libdw. */
#ifndef ALLOCTAP_BINARY_DWARF_FILE_H
#define ALLOCTAP_BINARY_DWARF_FILE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

struct dwarf_file {
	int fd;
	Elf *elf;
	Dwarf *dwarf;
};

/*
 * @fd may be closed afterwards. 0; -ENODATA: there is no DWARF in it, or none that is safe to
 * read. Close it in either case, after everything that came from it.
 */
int dwarf_file_open(struct dwarf_file *f, int fd);
void dwarf_file_close(struct dwarf_file *f);

/* The attribute DW_AT_... @name of @die; false: it has none, or none of 32 bits. */
bool dwarf_number(Dwarf_Die *die, unsigned int name, uint32_t *value);

#endif
