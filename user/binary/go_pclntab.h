/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The table of functions in a Go program (runtime.pclntab), as the runtime
 * itself uses it for tracebacks: no linker option removes it.
 */
#ifndef ALLOCTAP_BINARY_GO_PCLNTAB_H
#define ALLOCTAP_BINARY_GO_PCLNTAB_H

#include "binary/elf_file.h"
#include "binary/name_table.h"

struct go_pclntab {
	uint64_t vaddr;      /* of the header */
	uint64_t text_start; /* base of all code offsets; 0: not told here (Go 1.26 and later) */
	uint64_t names_offset, funcs_offset; /* from the header; moduledata repeats them */
	bool go120;                          /* the layout of Go 1.20 and later, else of 1.18 */
	uint8_t quantum;                     /* code offsets are counted in this many bytes */
	size_t n_funcs;
	struct name_table names, files;
	struct cursor cutab, pctab, funcs;
};

/*
 * The header at @vaddr. 0, or
 *	-ENOENT		no header there
 *	-ENOTSUP	the header of an older Go
 *	-EBADMSG	a header, but what it says cannot be
 */
int go_pclntab_read(const struct elf_file *f, uint64_t vaddr, struct go_pclntab *t);

/*
 * The next address after *@vaddr (begin with 0) at which a header might be,
 * for files that do not name the section. False at the end.
 */
bool go_pclntab_scan(const struct elf_file *f, uint64_t *vaddr);

/* What is told about one function (runtime._func). */
struct go_record {
	uint32_t entry, end; /* code offsets */
	const char *name;
	uint32_t start_line; /* 0 before Go 1.20 */
	uint8_t func_id;
	uint32_t pcfile, pcline, pcinline; /* value tables; 0 is none */
	uint32_t unit;                     /* where this compilation unit's files begin */
	uint32_t inline_tree;              /* offset from moduledata's gofunc */
	bool has_inline_tree;
};

/* Offset into the name table of the @i-th function, UINT32_MAX if its record is damaged. */
uint32_t go_pclntab_name_offset(const struct go_pclntab *t, size_t i);
/* The function around a code offset; false if there is none. */
bool go_pclntab_find(const struct go_pclntab *t, uint64_t offset, size_t *i);
/* The @i-th function in address order; false if its record is damaged. */
bool go_pclntab_record(const struct go_pclntab *t, size_t i, struct go_record *r);

/*
 * Looks up @pc, an offset from the function's entry, in the value table at
 * @table. *@budget counts down the table entries read, so that a caller asking
 * often can be stopped. False where there is no value.
 */
bool go_pclntab_value(const struct go_pclntab *t, uint32_t table, uint64_t pc, size_t *budget,
		      int32_t *value);

/* Source position at @pc; "" and 0 where unknown. */
void go_pclntab_line(const struct go_pclntab *t, const struct go_record *r, uint64_t pc,
		     size_t *budget, const char **file, uint32_t *line);

#endif
