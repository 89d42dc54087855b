/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Call frame information: the programs in .eh_frame that say, instruction by
 * instruction, where a function keeps its caller's registers (DWARF 5 section 6.4,
 * with what the Linux Standard Base changes for .eh_frame). Of the registers only
 * those that a walk needs are followed: the CFA, rbp and the return address.
 */
#ifndef ALLOCTAP_BINARY_CFI_H
#define ALLOCTAP_BINARY_CFI_H

#include "base/cursor.h"

enum cfi_where {
	CFI_SAME,       /* unchanged, or nothing is said of it */
	CFI_UNDEFINED,  /* gone; of a return address: nobody called */
	CFI_AT_CFA,     /* in memory at CFA + offset */
	CFI_EXPRESSION, /* in memory at what the expression yields */
	CFI_ELSEWHERE,  /* in a register, or a value that must be computed */
};

struct cfi_place {
	enum cfi_where where;
	int64_t offset;
	struct cursor expression;
};

/* Where things are at one address. */
struct cfi_state {
	bool cfa_known;
	bool cfa_is_expression; /* then cfa.expression, else register and offset */
	uint64_t cfa_register;  /* as DWARF numbers them */
	int64_t cfa_offset;
	struct cursor cfa_expression;
	struct cfi_place fp, ret;
};

/* x86-64 psABI, "DWARF Register Number Mapping". */
enum { CFI_RBP = 6, CFI_RSP = 7, CFI_RETURN_ADDRESS = 16 };

/* What functions have in common. */
struct cfi_common {
	uint64_t code_align;
	int64_t data_align;
	uint8_t pointers;  /* how addresses are written: DW_EH_PE_* */
	bool augmented;    /* functions have augmentation data, length first */
	bool signal_frame; /* what is described was called by nobody: it was interrupted */
	struct cfi_state initial;
};

/*
 * A pointer as @encoding has it, at c's place; @vaddr is the address of c's first
 * byte. Fails @c for encodings that only a running program could follow.
 */
uint64_t cfi_pointer(struct cursor *c, uint8_t encoding, uint64_t vaddr);

/*
 * Reads a CIE: @c begins behind its ID and ends with it. @budget is how many
 * instructions may still be carried out; false if that is too few, or damaged.
 */
bool cfi_common_read(struct cfi_common *common, struct cursor c, uint64_t vaddr, uint64_t *budget);

/*
 * Carries out a function's program @c, from its address @pc on: calls @row for each
 * run of instructions that share a state, in address order. False if it is damaged
 * or @budget is used up: of the last row nothing is known then. @row may end it, too.
 */
typedef bool (*cfi_row_fn)(void *ctx, uint64_t pc, const struct cfi_state *state);
bool cfi_run(const struct cfi_common *common, struct cursor c, uint64_t vaddr, uint64_t pc,
	     uint64_t *budget, cfi_row_fn row, void *ctx);

#endif
