// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Opcodes by ranges, each with what follows it and what it writes. Where one
 * range holds several instructions that differ in what they write, the flags say
 * what the worst of them does.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "binary/x86_insn.h"

enum form_flags {
	MODRM = 1 << 0,
	IMM8 = 1 << 1,
	IMM32 = 1 << 2,  /* IMM16 behind a 0x66 prefix */
	IMM64 = 1 << 3,  /* ... or behind REX.W */
	TO_RM = 1 << 4,  /* writes the operand that may be memory */
	TO_REG = 1 << 5, /* ... the one that is a register */
	TO_OPCODE = 1 << 6,
	TO_RAX = 1 << 7,
	TO_RDX = 1 << 8,
	TO_ANY = 1 << 9,
	BYTE = 1 << 10, /* registers of 8 bits: 4 ... 7 may be ah, ch, dh, bh */
	JUMP = 1 << 11,
	BRANCH = 1 << 12,
	CALL = 1 << 13,
	END = 1 << 14,
	GROUP = 1 << 15, /* what it does is in the ModRM byte: see decode_group() */
};

struct form {
	uint8_t first, last;
	uint32_t flags;
};

static const struct form one_byte[] = {
	{0x50, 0x57, 0},
	{0x58, 0x5f, TO_OPCODE},
	{0x63, 0x63, MODRM | TO_REG},
	{0x68, 0x68, IMM32},
	{0x69, 0x69, MODRM | IMM32 | TO_REG},
	{0x6a, 0x6a, IMM8},
	{0x6b, 0x6b, MODRM | IMM8 | TO_REG},
	{0x70, 0x7f, IMM8 | BRANCH},
	{0x80, 0x80, MODRM | IMM8 | GROUP | BYTE},
	{0x81, 0x81, MODRM | IMM32 | GROUP},
	{0x83, 0x83, MODRM | IMM8 | GROUP},
	{0x84, 0x85, MODRM},
	{0x86, 0x87, MODRM | TO_RM | TO_REG | BYTE},
	{0x88, 0x88, MODRM | TO_RM | BYTE},
	{0x89, 0x89, MODRM | TO_RM},
	{0x8a, 0x8a, MODRM | TO_REG | BYTE},
	{0x8b, 0x8b, MODRM | TO_REG},
	{0x8d, 0x8d, MODRM | TO_REG},
	{0x90, 0x90, 0},
	{0x91, 0x97, TO_OPCODE | TO_RAX},
	{0x98, 0x98, TO_RAX},
	{0x99, 0x99, TO_RDX},
	{0xa4, 0xa7, TO_ANY},
	{0xa8, 0xa8, IMM8},
	{0xa9, 0xa9, IMM32},
	{0xaa, 0xaf, TO_ANY},
	{0xb0, 0xb7, IMM8 | TO_OPCODE | BYTE},
	{0xb8, 0xbf, IMM64 | TO_OPCODE},
	{0xc0, 0xc0, MODRM | IMM8 | TO_RM | BYTE},
	{0xc1, 0xc1, MODRM | IMM8 | TO_RM},
	{0xc2, 0xc2, END | TO_ANY},
	{0xc3, 0xc3, END},
	{0xc6, 0xc6, MODRM | IMM8 | TO_RM | BYTE},
	{0xc7, 0xc7, MODRM | IMM32 | TO_RM},
	{0xc9, 0xc9, TO_ANY},
	{0xcc, 0xcc, END},
	{0xd0, 0xd3, MODRM | TO_RM | BYTE},
	{0xd8, 0xdf, MODRM | TO_RAX},
	{0xe0, 0xe3, IMM8 | BRANCH | TO_ANY},
	{0xe8, 0xe8, IMM32 | CALL},
	{0xe9, 0xe9, IMM32 | JUMP},
	{0xeb, 0xeb, IMM8 | JUMP},
	{0xf4, 0xf4, END},
	{0xf6, 0xf7, MODRM | GROUP | BYTE},
	{0xfe, 0xff, MODRM | GROUP | BYTE},
};

/* Behind 0x0f. Vector registers are nobody's arguments: writing them is no matter. */
static const struct form two_byte[] = {
	{0x05, 0x05, END},
	{0x0b, 0x0b, END},
	{0x0d, 0x0d, MODRM},
	{0x10, 0x1f, MODRM},
	{0x28, 0x2b, MODRM},
	{0x2c, 0x2d, MODRM | TO_REG},
	{0x2e, 0x2f, MODRM},
	{0x31, 0x31, TO_ANY},
	{0x40, 0x4f, MODRM | TO_REG},
	{0x50, 0x50, MODRM | TO_REG},
	{0x51, 0x6f, MODRM},
	{0x70, 0x73, MODRM | IMM8},
	{0x74, 0x76, MODRM},
	{0x77, 0x77, 0},
	{0x7c, 0x7d, MODRM},
	{0x7e, 0x7e, MODRM | TO_RM},
	{0x7f, 0x7f, MODRM},
	{0x80, 0x8f, IMM32 | BRANCH},
	{0x90, 0x9f, MODRM | TO_RM | BYTE},
	{0xa2, 0xa2, TO_ANY},
	{0xa3, 0xa3, MODRM},
	{0xa4, 0xa4, MODRM | IMM8 | TO_RM},
	{0xa5, 0xa5, MODRM | TO_RM},
	{0xab, 0xab, MODRM | TO_RM},
	{0xac, 0xac, MODRM | IMM8 | TO_RM},
	{0xad, 0xad, MODRM | TO_RM},
	{0xae, 0xae, MODRM | TO_RM},
	{0xaf, 0xaf, MODRM | TO_REG},
	{0xb0, 0xb1, MODRM | TO_RM | TO_RAX | BYTE},
	{0xb3, 0xb3, MODRM | TO_RM},
	{0xb6, 0xb8, MODRM | TO_REG},
	{0xba, 0xba, MODRM | IMM8 | TO_RM},
	{0xbb, 0xbb, MODRM | TO_RM},
	{0xbc, 0xbf, MODRM | TO_REG},
	{0xc0, 0xc1, MODRM | TO_RM | TO_REG | BYTE},
	{0xc2, 0xc2, MODRM | IMM8},
	{0xc3, 0xc3, MODRM},
	{0xc4, 0xc4, MODRM | IMM8},
	{0xc5, 0xc5, MODRM | IMM8 | TO_REG},
	{0xc6, 0xc6, MODRM | IMM8},
	{0xc7, 0xc7, MODRM | TO_ANY},
	{0xc8, 0xcf, TO_OPCODE},
	{0xd0, 0xd6, MODRM},
	{0xd7, 0xd7, MODRM | TO_REG},
	{0xd8, 0xff, MODRM},
};

struct decoder {
	const uint8_t *code;
	size_t len, at;
	bool wide, reg_high, index_high, rm_high; /* REX.WRXB */
	bool rex, half;                           /* any REX; a 0x66 prefix */
	bool memory;                              /* the operand that may be is memory */
	bool from_rip;
	uint8_t opcode, modrm;
	int64_t disp, imm;
	bool cut; /* the bytes ended within the instruction */
};

static uint8_t next_byte(struct decoder *d)
{
	if (d->at < d->len)
		return d->code[d->at++];
	d->cut = true;
	return 0;
}

/* Little-endian and signed, as immediates and displacements are. */
static int64_t next_number(struct decoder *d, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)next_byte(d) << 8 * i;
	return (int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

/* Reads up to the opcode. */
static void read_prefixes(struct decoder *d, struct x86_insn *insn)
{
	uint8_t byte = next_byte(d);

	while (!d->cut && byte && strchr("\x66\xf0\xf2\xf3\x2e\x36\x3e\x26\x64\x65", byte)) {
		d->half |= byte == 0x66;
		insn->prefixed = true;
		insn->unprobeable |= strchr("\xf0\x2e\x36\x3e\x26", byte) != NULL;
		byte = next_byte(d);
	}
	if ((byte & 0xf0) == 0x40) {
		d->rex = true;
		d->wide = byte & 8;
		d->reg_high = byte & 4;
		d->index_high = byte & 2;
		d->rm_high = byte & 1;
		byte = next_byte(d);
	}
	d->opcode = byte;
}

static void read_modrm(struct decoder *d)
{
	unsigned int mod, rm;

	d->modrm = next_byte(d);
	mod = d->modrm >> 6;
	rm = d->modrm & 7;
	d->memory = mod != 3;
	if (!d->memory)
		return;
	if (rm == 4) {
		uint8_t sib = next_byte(d);

		if (mod == 0 && (sib & 7) == 5)
			mod = 2;
	} else if (mod == 0 && rm == 5) {
		d->from_rip = true;
		mod = 2;
	}
	if (mod == 1)
		d->disp = next_number(d, 1);
	else if (mod == 2)
		d->disp = next_number(d, 4);
}

static unsigned int rm_of(const struct decoder *d)
{
	return (d->modrm & 7u) | (d->rm_high ? 8u : 0);
}

static unsigned int reg_of(const struct decoder *d)
{
	return (d->modrm >> 3 & 7u) | (d->reg_high ? 8u : 0);
}

static uint16_t bit(const struct decoder *d, unsigned int reg, uint32_t flags)
{
	bool may_be_high_byte = flags & BYTE && !d->rex && reg >= 4 && reg < 8;

	return (uint16_t)(1u << reg | (may_be_high_byte ? 1u << (reg & 3) : 0));
}

static uint16_t written(const struct decoder *d, uint32_t flags)
{
	uint16_t mask = 0;

	if (flags & TO_ANY)
		return UINT16_MAX;
	if (flags & TO_RM && !d->memory)
		mask |= bit(d, rm_of(d), flags);
	if (flags & TO_REG)
		mask |= bit(d, reg_of(d), flags);
	if (flags & TO_OPCODE)
		mask |= bit(d, (d->opcode & 7u) | (d->rm_high ? 8u : 0), flags);
	if (flags & TO_RAX)
		mask |= 1u << X86_RAX;
	if (flags & TO_RDX)
		mask |= 1u << X86_RDX;
	return mask;
}

/* Opcodes whose ModRM byte names the operation. */
static uint32_t decode_group(struct decoder *d, uint32_t flags, struct x86_insn *insn)
{
	unsigned int what = d->modrm >> 3 & 7;

	flags &= ~(uint32_t)GROUP;
	if (d->opcode <= 0x83) /* add or adc sbb and sub xor cmp */
		return what == 7 ? flags : flags | TO_RM;
	if (d->opcode == 0xf6 || d->opcode == 0xf7) {
		if (what < 2) /* test */
			return flags | (d->opcode == 0xf6 ? IMM8 : IMM32);
		return what < 4 ? flags | TO_RM : flags | TO_RAX | TO_RDX;
	}
	if (what < 2) /* inc, dec */
		return flags | TO_RM;
	if (d->opcode == 0xfe || what == 3 || what == 5 || what == 7)
		return flags | END;
	if (what == 6) {
		insn->pushes = 8;
		return flags;
	}
	return flags | (what == 2 ? CALL : JUMP);
}

static uint32_t flags_of(uint8_t opcode, const struct form *forms, size_t n, bool *known)
{
	for (size_t i = 0; i < n; i++) {
		if (opcode >= forms[i].first && opcode <= forms[i].last)
			return forms[i].flags;
	}
	*known = false;
	return 0;
}

/* add or adc sbb and sub xor cmp: eight opcodes each, the last two not in this mode. */
static uint32_t arithmetic(uint8_t opcode)
{
	static const uint32_t forms[] = {MODRM | TO_RM | BYTE, MODRM | TO_RM, MODRM | TO_REG | BYTE,
					 MODRM | TO_REG,       IMM8 | TO_RAX, IMM32 | TO_RAX};
	uint32_t flags = forms[opcode & 7];

	return opcode >= 0x38 ? flags & ~(uint32_t)(TO_RM | TO_REG | TO_RAX) : flags;
}

static void read_immediate(struct decoder *d, uint32_t flags)
{
	if (flags & IMM8)
		d->imm = next_number(d, 1);
	else if (flags & IMM64 && d->wide)
		d->imm = next_number(d, 8);
	else if (flags & (IMM32 | IMM64))
		d->imm = next_number(d, d->half && !(flags & (CALL | JUMP | BRANCH)) ? 2 : 4);
}

/* VEX: two or three bytes that hold what prefixes and 0x0f say elsewhere. */
static uint32_t read_vex(struct decoder *d, bool *known)
{
	unsigned int map = 1;

	d->reg_high = !(next_byte(d) & 0x80);
	if (d->opcode == 0xc4) {
		map = d->code[d->at - 1] & 0x1f;
		next_byte(d);
	}
	d->opcode = next_byte(d);
	/* These may write general registers (bmi), or do nothing of the kind. */
	if (map == 1)
		return (flags_of(d->opcode, two_byte, ARRAY_SIZE(two_byte), known) &
			(MODRM | IMM8)) |
		       TO_ANY;
	*known = map == 2 || map == 3;
	return MODRM | TO_ANY | (map == 3 ? IMM8 : 0);
}

static uint32_t read_opcode(struct decoder *d, bool *known, bool *two)
{
	if (d->opcode == 0xc4 || d->opcode == 0xc5)
		return read_vex(d, known);
	if (d->opcode != 0x0f) {
		if (d->opcode < 0x40 && (d->opcode & 7) < 6)
			return arithmetic(d->opcode);
		return flags_of(d->opcode, one_byte, ARRAY_SIZE(one_byte), known);
	}
	*two = true;
	d->opcode = next_byte(d);
	if (d->opcode == 0x38 || d->opcode == 0x3a) {
		bool immediate = d->opcode == 0x3a;

		d->opcode = next_byte(d);
		return MODRM | TO_ANY | (immediate ? IMM8 : 0);
	}
	return flags_of(d->opcode, two_byte, ARRAY_SIZE(two_byte), known);
}

/* sub $n,%rsp and add $n,%rsp keep the stack's depth known. */
static void note_stack(const struct decoder *d, struct x86_insn *insn)
{
	unsigned int what = d->modrm >> 3 & 7;

	if ((d->opcode == 0x81 || d->opcode == 0x83) && d->wide && !d->memory &&
	    rm_of(d) == X86_RSP && (what == 0 || what == 5)) {
		insn->pushes = (int32_t)(what == 5 ? d->imm : -d->imm);
		insn->writes = 0;
	} else if (d->opcode == 0x68 || d->opcode == 0x6a ||
		   (d->opcode >= 0x50 && d->opcode <= 0x57)) {
		insn->pushes = d->half ? 2 : 8;
	} else if (d->opcode >= 0x58 && d->opcode <= 0x5f) {
		insn->pushes = d->half ? -2 : -8;
	}
}

static void note_registers(const struct decoder *d, struct x86_insn *insn)
{
	if (!d->wide || d->memory || insn->prefixed)
		return;
	insn->is_copy = d->opcode == 0x89 || d->opcode == 0x8b;
	insn->is_addition = d->opcode == 0x01 || d->opcode == 0x03;
	if (insn->is_copy || insn->is_addition) {
		/* Of either pair the second goes from the operand that may be memory. */
		insn->from = (uint8_t)(d->opcode & 2 ? rm_of(d) : reg_of(d));
		insn->to = (uint8_t)(d->opcode & 2 ? reg_of(d) : rm_of(d));
	} else if (d->opcode == 0x85 && reg_of(d) == rm_of(d)) {
		insn->tests = (uint8_t)reg_of(d);
	}
}

static enum x86_kind kind_of(const struct decoder *d, uint32_t flags, bool two)
{
	if (flags & END)
		return X86_END;
	if (flags & BRANCH)
		return X86_BRANCH;
	if (flags & (JUMP | CALL))
		return flags & JUMP ? X86_JUMP : X86_CALL;
	if (!two && d->opcode >= 0x50 && d->opcode <= 0x57)
		return X86_PUSH;
	return !two && d->opcode == 0x90 && !d->rex ? X86_NOP : X86_PLAIN;
}

int x86_decode(const uint8_t *code, size_t len, struct x86_insn *insn)
{
	/* No instruction is longer than 15 bytes. */
	struct decoder d = {.code = code, .len = len < 15 ? len : 15};
	bool known = true, two = false;
	uint32_t flags;

	*insn = (struct x86_insn){.tests = X86_REGISTERS};
	read_prefixes(&d, insn);
	flags = read_opcode(&d, &known, &two);
	if (d.cut || !known)
		return -ENOENT;
	if (flags & MODRM)
		read_modrm(&d);
	if (flags & GROUP)
		flags = decode_group(&d, flags, insn);
	read_immediate(&d, flags);
	if (d.cut)
		return -ENOENT;
	insn->kind = kind_of(&d, flags, two);
	insn->len = (uint8_t)d.at;
	insn->writes = written(&d, flags);
	insn->is_return = !two && (d.opcode == 0xc2 || d.opcode == 0xc3);
	if (insn->kind == X86_BRANCH || insn->kind == X86_JUMP || insn->kind == X86_CALL) {
		insn->indirect = flags & MODRM;
		insn->has_target = !insn->indirect || d.from_rip;
		insn->target = (int64_t)d.at + (insn->indirect ? d.disp : d.imm);
	} else if (!two) {
		note_stack(&d, insn);
		note_registers(&d, insn);
	}
	return 0;
}
