// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * From a function's first byte its code is followed in a straight line, up to the
 * first instruction that the kernel emulates: push of a register, nop, a jump or
 * call to an address relative to it (arch/x86/kernel/uprobes.c). At every call
 * of the function that one is passed once, provided no branch leads back to it or
 * to between: whatever was tested before, nothing has been decided yet.
 *
 *	endbr64				is not emulated, and does nothing
 *	mov    0xb449(%rip),%rax
 *	mov    %rdi,%rsi		argument 1 now is in the register of argument 2
 *	mov    %fs:(%rax),%rdi		... and no more in its own
 *	cmp    $0x400,%rsi
 *	ja     slow			<- here
 *
 * What was pushed by then is kept count of: the return address lies above it. The
 * frame pointer must still be the caller's, the walk of the stack begins with it.
 */
#include "base/cleanup.h"
#include "binary/x86_insn.h"
#include "probe/prologue_native.h"

/* What struct native_probe can say, and more than any prologue has. */
#define MAX_OFFSET  192
#define MAX_CFA_OFF 248
/* Branches back to a function's head come from within it. */
#define MAX_FUNCTION 65536

struct follower {
	const uint8_t *code;
	size_t len, at;
	const struct native_wanted *wanted;
	/* Which argument a register holds; 0: none. */
	uint8_t holds[X86_REGISTERS];
	int64_t pushed;
	unsigned int tested; /* argument that the instruction before compared with NULL */
};

static const uint8_t registers[NATIVE_ARGS + 1] = {0,       X86_RDI, X86_RSI, X86_RDX,
						   X86_RCX, X86_R8,  X86_R9};

/* The argument register that holds @arg, preferably its own; 0: none does. */
static uint8_t find_register(const struct follower *f, unsigned int arg)
{
	if (arg <= NATIVE_ARGS && f->holds[registers[arg]] == arg)
		return (uint8_t)arg;
	for (uint8_t i = 1; i <= NATIVE_ARGS; i++) {
		if (f->holds[registers[i]] == arg)
			return i;
	}
	return 0;
}

/* Finds the wanted arguments; false where one is lost. */
static bool locate(const struct follower *f, uint8_t where[NATIVE_SUM + 1])
{
	const unsigned int *summed = f->wanted->summed;
	unsigned int missing = 0;

	for (unsigned int arg = 1; arg <= NATIVE_ARGS; arg++) {
		where[arg] = find_register(f, arg);
		if (!where[arg])
			missing |= f->wanted->args & 1u << arg;
	}
	where[NATIVE_SUM] = 0;
	if (missing && summed[0]) {
		where[NATIVE_SUM] = find_register(f, NATIVE_SUM);
		if (where[NATIVE_SUM])
			missing &= ~(1u << summed[0] | 1u << summed[1]);
	}
	return !missing;
}

/* What the register written by @insn holds behind it. */
static unsigned int result_of(const struct follower *f, const struct x86_insn *insn)
{
	const unsigned int *summed = f->wanted->summed;
	unsigned int from = f->holds[insn->from], to = f->holds[insn->to];

	if (insn->is_copy)
		return from;
	if (summed[0] &&
	    ((from == summed[0] && to == summed[1]) || (from == summed[1] && to == summed[0])))
		return NATIVE_SUM;
	return 0;
}

static bool is_emulated(const struct follower *f, const struct x86_insn *insn)
{
	switch (insn->kind) {
	case X86_PUSH:
		/* Of all prefixes only this one: REX.B, for r8 to r15. */
		return insn->len == 1 || (insn->len == 2 && f->code[f->at] == 0x41);
	case X86_NOP:
		return true;
	case X86_JUMP:
	case X86_BRANCH:
	case X86_CALL:
		return insn->has_target && !insn->indirect && !insn->prefixed;
	default:
		return false;
	}
}

static const char *name_of(const struct x86_insn *insn)
{
	static const char *const names[] = {
		[X86_PLAIN] = "other", [X86_PUSH] = "push", [X86_NOP] = "nop", [X86_JUMP] = "jmp",
		[X86_BRANCH] = "jcc",  [X86_CALL] = "call", [X86_END] = "end",
	};

	return names[insn->kind];
}

/* Does a branch of the function lead to behind its first byte, up to @offset? */
static bool is_branched_to(const uint8_t *code, size_t len, size_t offset)
{
	size_t at = 0;

	while (at < len && at < MAX_FUNCTION) {
		struct x86_insn insn;

		if (x86_decode(code + at, len - at, &insn)) {
			at++;
			continue;
		}
		if ((insn.kind == X86_JUMP || insn.kind == X86_BRANCH) && insn.has_target &&
		    !insn.indirect) {
			int64_t target = (int64_t)at + insn.target;

			if (target > 0 && target <= (int64_t)offset)
				return true;
		}
		at += insn.len;
	}
	return false;
}

/* Follows one instruction that does not end the straight line; false where it does. */
static bool step(struct follower *f, const struct x86_insn *insn)
{
	unsigned int result = insn->is_copy || insn->is_addition ? result_of(f, insn) : 0;
	uint16_t lost = insn->writes;

	if (insn->kind == X86_BRANCH) {
		/* test %rdi,%rdi; je elsewhere: from here on it is not NULL. */
		bool is_je = f->code[f->at] == 0x74 ||
			     (f->code[f->at] == 0x0f && f->code[f->at + 1] == 0x84);

		return is_je && f->tested && f->tested == f->wanted->null_arg;
	}
	if (insn->kind != X86_PLAIN && insn->kind != X86_PUSH && insn->kind != X86_NOP)
		return false;
	if (lost & (1u << X86_RSP | 1u << X86_RBP))
		return false;
	f->tested = insn->tests < X86_REGISTERS ? f->holds[insn->tests] : 0;
	for (unsigned int r = 0; r < X86_REGISTERS; r++) {
		if (lost & 1u << r)
			f->holds[r] = 0;
	}
	if (result)
		f->holds[insn->to] = (uint8_t)result;
	f->pushed += insn->pushes;
	return f->pushed >= 0 && f->pushed <= MAX_CFA_OFF;
}

static bool take(const struct follower *f, const struct x86_insn *insn, struct probe_point *point,
		 uint8_t where[NATIVE_SUM + 1])
{
	if (insn->unprobeable || (f->wanted->nothing_pushed && f->pushed) || !locate(f, where))
		return false;
	if (f->at && is_branched_to(f->code, f->len, f->at))
		return false;
	*point = (struct probe_point){
		.offset = (uint16_t)f->at,
		.cfa_off = (uint8_t)f->pushed,
		.stepped = !is_emulated(f, insn),
		.instruction = f->at || is_emulated(f, insn) ? name_of(insn) : "first",
	};
	return true;
}

/*
 * A test of NULL passes where the argument is not: what comes behind its branch
 * is better than the branch itself, because calls with NULL then cost nothing.
 */
static bool is_null_branch(const struct follower *f, const struct x86_insn *insn)
{
	struct follower ahead = *f;

	return insn->kind == X86_BRANCH && step(&ahead, insn);
}

bool native_point_find(const uint8_t *code, size_t len, const struct native_wanted *wanted,
		       struct probe_point *point, uint8_t where[NATIVE_SUM + 1])
{
	struct follower f = {.code = code, .len = len, .wanted = wanted};
	bool found = false, refused = false;

	*point = (struct probe_point){.stepped = true, .instruction = "first"};
	for (uint8_t arg = 1; arg <= NATIVE_ARGS; arg++)
		f.holds[registers[arg]] = arg;
	while (f.at < len && f.at <= MAX_OFFSET) {
		struct probe_point candidate;
		uint8_t places[NATIVE_SUM + 1];
		struct x86_insn insn;

		if (x86_decode(code + f.at, len - f.at, &insn))
			break;
		/* One that is stepped serves where no other is found. */
		if (!(found && !is_emulated(&f, &insn)) && take(&f, &insn, &candidate, places)) {
			*point = candidate;
			for (unsigned int i = 1; i <= NATIVE_SUM; i++)
				where[i] = places[i];
			found = true;
			if (!candidate.stepped && !is_null_branch(&f, &insn))
				return true;
		}
		refused |= !f.at && insn.unprobeable;
		if (!step(&f, &insn))
			break;
		f.at += insn.len;
	}
	if (found || refused)
		return found;
	for (uint8_t arg = 1; arg <= NATIVE_ARGS; arg++)
		where[arg] = arg;
	where[NATIVE_SUM] = 0;
	return true;
}
