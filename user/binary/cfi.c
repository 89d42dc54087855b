// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Of libdw's dwarf_cfi_addrframe() this is the part that makes whole tables: it
 * runs each program once, where libdw runs it again for every row asked for, and
 * it can be bounded and fuzzed. tests/e2e/test_rows.py compares the two.
 */
#include <limits.h>
#include <string.h>

#include "binary/cfi.h"

/* DWARF 5 table 7.29, and what GNU added. */
enum cfi_op {
	CFI_OP_NOP = 0x00,
	CFI_OP_SET_LOC = 0x01,
	CFI_OP_ADVANCE_1 = 0x02,
	CFI_OP_ADVANCE_2 = 0x03,
	CFI_OP_ADVANCE_4 = 0x04,
	CFI_OP_OFFSET_EXTENDED = 0x05,
	CFI_OP_RESTORE_EXTENDED = 0x06,
	CFI_OP_UNDEFINED = 0x07,
	CFI_OP_SAME_VALUE = 0x08,
	CFI_OP_REGISTER = 0x09,
	CFI_OP_REMEMBER = 0x0a,
	CFI_OP_RECALL = 0x0b,
	CFI_OP_DEF_CFA = 0x0c,
	CFI_OP_DEF_CFA_REGISTER = 0x0d,
	CFI_OP_DEF_CFA_OFFSET = 0x0e,
	CFI_OP_DEF_CFA_EXPRESSION = 0x0f,
	CFI_OP_EXPRESSION = 0x10,
	CFI_OP_OFFSET_SIGNED = 0x11,
	CFI_OP_DEF_CFA_SIGNED = 0x12,
	CFI_OP_DEF_CFA_OFFSET_SIGNED = 0x13,
	CFI_OP_VAL_OFFSET = 0x14,
	CFI_OP_VAL_OFFSET_SIGNED = 0x15,
	CFI_OP_VAL_EXPRESSION = 0x16,
	CFI_OP_GNU_ARGS_SIZE = 0x2e,
	CFI_OP_GNU_OFFSET_NEGATIVE = 0x2f,
	/* In the two highest bits, with an operand in the others. */
	CFI_OP_ADVANCE = 0x40,
	CFI_OP_OFFSET = 0x80,
	CFI_OP_RESTORE = 0xc0,
};

/* Linux Standard Base, "DWARF Exception Header Encoding". */
enum {
	PE_FORMAT = 0x0f,
	PE_ABSOLUTE = 0x00,
	PE_ULEB = 0x01,
	PE_U2 = 0x02,
	PE_U4 = 0x03,
	PE_U8 = 0x04,
	PE_SLEB = 0x09,
	PE_S2 = 0x0a,
	PE_S4 = 0x0b,
	PE_S8 = 0x0c,
	PE_RELATIVE_TO = 0x70,
	PE_RELATIVE_TO_NOTHING = 0x00,
	PE_RELATIVE_TO_PC = 0x10,
};

/* Compilers nest them two deep at most. */
#define REMEMBER_MAX 16

struct run {
	const struct cfi_common *common;
	struct cursor c;
	uint64_t vaddr;
	uint64_t pc;
	struct cfi_state state;
	struct cfi_state remembered[REMEMBER_MAX];
	unsigned int n_remembered;
	cfi_row_fn row; /* NULL while the initial state is made */
	void *ctx;
};

uint64_t cfi_pointer(struct cursor *c, uint8_t encoding, uint64_t vaddr)
{
	uint64_t at = vaddr + c->pos, v = 0;

	switch (encoding & PE_FORMAT) {
	case PE_ABSOLUTE:
	case PE_U8:
	case PE_S8:
		v = cursor_u64(c);
		break;
	case PE_ULEB:
		v = cursor_uvarint(c);
		break;
	case PE_SLEB:
		v = (uint64_t)cursor_sleb(c);
		break;
	case PE_U2:
		v = cursor_u16(c);
		break;
	case PE_S2:
		v = (uint64_t)(int16_t)cursor_u16(c);
		break;
	case PE_U4:
		v = cursor_u32(c);
		break;
	case PE_S4:
		v = (uint64_t)cursor_i32(c);
		break;
	default:
		c->failed = true;
	}
	if ((encoding & PE_RELATIVE_TO) == PE_RELATIVE_TO_PC)
		v += at;
	else if ((encoding & PE_RELATIVE_TO) != PE_RELATIVE_TO_NOTHING)
		c->failed = true;
	return v;
}

/* Steps over a pointer, whatever it is relative to. */
static void skip_pointer(struct cursor *c, uint8_t encoding)
{
	cfi_pointer(c, encoding & PE_FORMAT, 0);
}

static struct cfi_place *place_of(struct cfi_state *state, uint64_t reg)
{
	if (reg == CFI_RBP)
		return &state->fp;
	return reg == CFI_RETURN_ADDRESS ? &state->ret : NULL;
}

static void set_place(struct run *r, uint64_t reg, enum cfi_where where, int64_t offset)
{
	struct cfi_place *p = place_of(&r->state, reg);

	if (p)
		*p = (struct cfi_place){.where = where, .offset = offset};
}

/* Factored offsets are the file's numbers: they may overflow, they may not trap. */
static int64_t factored(const struct run *r, int64_t n)
{
	return (int64_t)((uint64_t)n * (uint64_t)r->common->data_align);
}

static void restore(struct run *r, uint64_t reg)
{
	struct cfi_place *p = place_of(&r->state, reg);

	if (p)
		*p = *place_of((struct cfi_state *)&r->common->initial, reg);
}

static struct cursor take_block(struct cursor *c)
{
	uint64_t len = cursor_uvarint(c);
	struct cursor block = cursor_sub(c, c->pos, len);

	cursor_skip(c, len);
	return block;
}

static void set_expression(struct run *r, enum cfi_where where)
{
	uint64_t reg = cursor_uvarint(&r->c);
	struct cursor block = take_block(&r->c);
	struct cfi_place *p = place_of(&r->state, reg);

	if (p)
		*p = (struct cfi_place){.where = where, .expression = block};
}

static void define_cfa(struct run *r, uint64_t reg, int64_t offset)
{
	r->state.cfa_known = true;
	r->state.cfa_is_expression = false;
	r->state.cfa_register = reg;
	r->state.cfa_offset = offset;
}

static bool advance(struct run *r, uint64_t to)
{
	if (!r->row)
		return false; /* an initial state is of no address */
	if (to < r->pc)
		return false;
	if (to > r->pc && !r->row(r->ctx, r->pc, &r->state))
		return false;
	r->pc = to;
	return true;
}

static bool advance_by(struct run *r, uint64_t n)
{
	return advance(r, r->pc + n * r->common->code_align);
}

static bool remember(struct run *r)
{
	if (r->n_remembered == REMEMBER_MAX)
		return false;
	r->remembered[r->n_remembered++] = r->state;
	return true;
}

static bool recall(struct run *r)
{
	if (!r->n_remembered)
		return false;
	r->state = r->remembered[--r->n_remembered];
	return true;
}

/* The instructions that say where the CFA is. */
static bool carry_out_cfa(struct run *r, uint8_t op)
{
	struct cursor *c = &r->c;
	uint64_t reg;

	switch (op) {
	case CFI_OP_DEF_CFA:
		reg = cursor_uvarint(c);
		define_cfa(r, reg, (int64_t)cursor_uvarint(c));
		return true;
	case CFI_OP_DEF_CFA_SIGNED:
		reg = cursor_uvarint(c);
		define_cfa(r, reg, factored(r, cursor_sleb(c)));
		return true;
	case CFI_OP_DEF_CFA_REGISTER:
		define_cfa(r, cursor_uvarint(c), r->state.cfa_offset);
		return true;
	case CFI_OP_DEF_CFA_OFFSET:
		define_cfa(r, r->state.cfa_register, (int64_t)cursor_uvarint(c));
		return true;
	case CFI_OP_DEF_CFA_OFFSET_SIGNED:
		define_cfa(r, r->state.cfa_register, factored(r, cursor_sleb(c)));
		return true;
	case CFI_OP_DEF_CFA_EXPRESSION:
		r->state.cfa_known = r->state.cfa_is_expression = true;
		r->state.cfa_expression = take_block(c);
		return true;
	default:
		return false;
	}
}

/* The others that have no operand in their first byte. */
static bool carry_out(struct run *r, uint8_t op)
{
	struct cursor *c = &r->c;
	uint64_t reg;

	switch (op) {
	case CFI_OP_NOP:
		return true;
	case CFI_OP_SET_LOC:
		return advance(r, cfi_pointer(c, r->common->pointers, r->vaddr));
	case CFI_OP_ADVANCE_1:
		return advance_by(r, cursor_u8(c));
	case CFI_OP_ADVANCE_2:
		return advance_by(r, cursor_u16(c));
	case CFI_OP_ADVANCE_4:
		return advance_by(r, cursor_u32(c));
	case CFI_OP_OFFSET_EXTENDED:
		reg = cursor_uvarint(c);
		set_place(r, reg, CFI_AT_CFA, factored(r, (int64_t)cursor_uvarint(c)));
		return true;
	case CFI_OP_OFFSET_SIGNED:
		reg = cursor_uvarint(c);
		set_place(r, reg, CFI_AT_CFA, factored(r, cursor_sleb(c)));
		return true;
	case CFI_OP_GNU_OFFSET_NEGATIVE:
		reg = cursor_uvarint(c);
		set_place(r, reg, CFI_AT_CFA, factored(r, (int64_t)(0 - cursor_uvarint(c))));
		return true;
	case CFI_OP_RESTORE_EXTENDED:
		restore(r, cursor_uvarint(c));
		return true;
	case CFI_OP_UNDEFINED:
		set_place(r, cursor_uvarint(c), CFI_UNDEFINED, 0);
		return true;
	case CFI_OP_SAME_VALUE:
		set_place(r, cursor_uvarint(c), CFI_SAME, 0);
		return true;
	case CFI_OP_REGISTER:
	case CFI_OP_VAL_OFFSET:
	case CFI_OP_VAL_OFFSET_SIGNED: /* its length is what an unsigned number's would be */
		reg = cursor_uvarint(c);
		cursor_sleb(c);
		set_place(r, reg, CFI_ELSEWHERE, 0);
		return true;
	case CFI_OP_REMEMBER:
		return remember(r);
	case CFI_OP_RECALL:
		return recall(r);
	case CFI_OP_EXPRESSION:
		set_expression(r, CFI_EXPRESSION);
		return true;
	case CFI_OP_VAL_EXPRESSION:
		set_expression(r, CFI_ELSEWHERE);
		return true;
	case CFI_OP_GNU_ARGS_SIZE:
		cursor_uvarint(c);
		return true;
	default:
		return carry_out_cfa(r, op);
	}
}

static bool carry_out_all(struct run *r, uint64_t *budget)
{
	while (cursor_left(&r->c)) {
		uint8_t op = cursor_u8(&r->c), operand = op & 0x3f;
		bool ok = true;

		if (!(*budget)--) {
			*budget = 0;
			return false;
		}
		switch (op & 0xc0) {
		case CFI_OP_ADVANCE:
			ok = advance_by(r, operand);
			break;
		case CFI_OP_OFFSET:
			set_place(r, operand, CFI_AT_CFA,
				  factored(r, (int64_t)cursor_uvarint(&r->c)));
			break;
		case CFI_OP_RESTORE:
			restore(r, operand);
			break;
		default:
			ok = carry_out(r, op);
		}
		if (!ok || !cursor_ok(&r->c))
			return false;
	}
	return cursor_ok(&r->c);
}

/* "zPLRSB": what the letters of an augmentation bring with them. */
static bool read_augmentation(struct cfi_common *common, struct cursor *c, const char *letters)
{
	uint64_t len;
	size_t end;

	if (*letters != 'z')
		return !*letters;
	common->augmented = true;
	len = cursor_uvarint(c);
	if (len > cursor_left(c))
		return false;
	end = c->pos + len;
	while (*++letters) {
		switch (*letters) {
		case 'R':
			common->pointers = cursor_u8(c);
			break;
		case 'P':
			skip_pointer(c, cursor_u8(c));
			break;
		case 'L':
			cursor_skip(c, 1);
			break;
		case 'S':
			common->signal_frame = true;
			break;
		default: /* the length says where the rest ends, but not what it means */
			cursor_seek(c, end);
			return cursor_ok(c);
		}
	}
	cursor_seek(c, end);
	return cursor_ok(c);
}

bool cfi_common_read(struct cfi_common *common, struct cursor c, uint64_t vaddr, uint64_t *budget)
{
	uint8_t version = cursor_u8(&c);
	const char *letters = cursor_cstr(&c);
	struct run r = {.common = common, .vaddr = vaddr};
	uint64_t ret;

	*common = (struct cfi_common){0};
	if (!letters || (version != 1 && version != 3 && version != 4))
		return false;
	if (version == 4)
		cursor_skip(&c, 2); /* sizes of addresses and of segment selectors */
	common->code_align = cursor_uvarint(&c);
	common->data_align = cursor_sleb(&c);
	ret = version == 1 ? cursor_u8(&c) : cursor_uvarint(&c);
	if (ret != CFI_RETURN_ADDRESS || !read_augmentation(common, &c, letters))
		return false;
	r.c = c;
	if (!carry_out_all(&r, budget))
		return false;
	common->initial = r.state;
	return true;
}

bool cfi_run(const struct cfi_common *common, struct cursor c, uint64_t vaddr, uint64_t pc,
	     uint64_t *budget, cfi_row_fn row, void *ctx)
{
	struct run r = {.common = common,
			.c = c,
			.vaddr = vaddr,
			.pc = pc,
			.state = common->initial,
			.row = row,
			.ctx = ctx};
	bool ok = carry_out_all(&r, budget);

	if (!ok)
		r.state = (struct cfi_state){0};
	return row(ctx, r.pc, &r.state) && ok;
}
