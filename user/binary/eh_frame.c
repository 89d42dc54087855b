// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * .eh_frame is a list of records. A CIE has what functions of one compilation have
 * in common, an FDE describes one range of addresses by a program (binary/cfi.h);
 * what that says of each address becomes a rule (bpf/unwind.h). Few kinds of rule
 * describe nearly all code there is; what fits none of them counts as unknown, and
 * is left to frame pointers.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "binary/cfi.h"
#include "binary/eh_frame.h"
#include "binary/go_unwind.h"

/* Of compiled code there is about one instruction for two bytes. */
#define INSTRUCTIONS_PER_BYTE 8
/* Common parts that are remembered; a linked program has a handful. A power of two. */
#define KNOWN_COMMON 64

/* DWARF 5 section 7.7.1: what occurs in expressions of known meaning. */
enum {
	OP_DEREF = 0x06,
	OP_AND = 0x1a,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_GE = 0x2a,
	OP_LIT0 = 0x30,
	OP_BREG0 = 0x70,
};

struct reader {
	struct cursor bytes; /* of .eh_frame, to its end or beyond */
	uint64_t vaddr;      /* of their first one */
	uint64_t budget;
	struct unwind_builder *builder;
	struct cfi_common *known;
	uint64_t known_at[KNOWN_COMMON]; /* where each was read, + 1 */
	bool signal_frame;
	int err;
};

static bool fits_16(int64_t n)
{
	return n == (int16_t)n;
}

/* "*(rbp - 8)", "*(rsp + 8) + 8": where a stack was realigned. */
static bool deref_rule(struct cursor c, struct unwind_rule *rule)
{
	uint8_t reg = (uint8_t)(cursor_u8(&c) - OP_BREG0);
	int64_t off = cursor_sleb(&c);
	uint64_t add = 0;

	if ((reg != CFI_RSP && reg != CFI_RBP) || cursor_u8(&c) != OP_DEREF)
		return false;
	if (cursor_left(&c)) {
		if (cursor_u8(&c) != OP_PLUS_UCONST)
			return false;
		add = cursor_uvarint(&c);
	}
	if (!cursor_ok(&c) || cursor_left(&c) || !fits_16(off) || add > INT16_MAX)
		return false;
	rule->cfa = reg == CFI_RSP ? UNWIND_CFA_DEREF_RSP : UNWIND_CFA_DEREF_RBP;
	rule->deref_off = (int16_t)off;
	rule->deref_add = (int16_t)add;
	return true;
}

/*
 * The lazy stubs of a linker push one word half way through each of their 16 bytes:
 * rsp + 8 + ((rip & 15) >= 11) * 8.
 */
static bool plt_rule(struct cursor c, struct unwind_rule *rule)
{
	static const uint8_t before[] = {OP_BREG0 + CFI_RETURN_ADDRESS, 0, OP_LIT0 + 15, OP_AND};
	static const uint8_t after[] = {OP_GE, OP_LIT0 + 3, OP_SHL, OP_PLUS};
	uint8_t op = cursor_u8(&c);
	int64_t off = cursor_sleb(&c);
	const void *p = cursor_bytes(&c, sizeof(before));
	uint8_t pushed = cursor_u8(&c);
	const void *q = cursor_bytes(&c, sizeof(after));

	if (op != OP_BREG0 + CFI_RSP || !fits_16(off) || !p || !q || cursor_left(&c))
		return false;
	if (memcmp(p, before, sizeof(before)) || memcmp(q, after, sizeof(after)))
		return false;
	if (pushed < OP_LIT0 || pushed > OP_LIT0 + 15)
		return false;
	rule->cfa = UNWIND_CFA_PLT;
	rule->cfa_off = (int32_t)off;
	rule->plt_pushed = pushed - OP_LIT0;
	return true;
}

static bool cfa_rule(const struct cfi_state *s, struct unwind_rule *rule)
{
	if (!s->cfa_known)
		return false;
	if (s->cfa_is_expression)
		return deref_rule(s->cfa_expression, rule) || plt_rule(s->cfa_expression, rule);
	if (s->cfa_offset != (int32_t)s->cfa_offset)
		return false;
	rule->cfa_off = (int32_t)s->cfa_offset;
	if (s->cfa_register == CFI_RSP)
		rule->cfa = UNWIND_CFA_RSP;
	else if (s->cfa_register == CFI_RBP)
		rule->cfa = UNWIND_CFA_RBP;
	return rule->cfa != UNWIND_CFA_NONE;
}

/* "rbp + n" is the only place but the frame itself where compilers leave rbp. */
static void fp_rule(const struct cfi_place *fp, struct unwind_rule *rule)
{
	struct cursor c = fp->expression;
	int64_t off = fp->offset;

	rule->fp = UNWIND_FP_LOST;
	if (fp->where == CFI_SAME) {
		rule->fp = UNWIND_FP_SAME;
	} else if (fp->where == CFI_AT_CFA && fits_16(off)) {
		rule->fp = UNWIND_FP_AT_CFA;
		rule->fp_off = (int16_t)off;
	} else if (fp->where == CFI_EXPRESSION && cursor_u8(&c) == OP_BREG0 + CFI_RBP) {
		off = cursor_sleb(&c);
		if (cursor_ok(&c) && !cursor_left(&c) && fits_16(off)) {
			rule->fp = UNWIND_FP_AT_FP;
			rule->fp_off = (int16_t)off;
		}
	}
}

static struct unwind_rule rule_of(const struct reader *r, const struct cfi_state *s)
{
	struct unwind_rule rule = {.cfa = UNWIND_CFA_NONE}, none = rule;

	if (r->signal_frame)
		return (struct unwind_rule){.cfa = UNWIND_CFA_SIGNAL};
	if (s->ret.where == CFI_UNDEFINED)
		return (struct unwind_rule){.cfa = UNWIND_CFA_STOP};
	if (s->ret.where != CFI_AT_CFA || s->ret.offset != -8 || !cfa_rule(s, &rule))
		return none;
	if (rule.cfa != UNWIND_CFA_PLT)
		fp_rule(&s->fp, &rule);
	return rule;
}

static bool take_row(void *ctx, uint64_t pc, const struct cfi_state *state)
{
	struct reader *r = ctx;

	if (r->err)
		return false;
	r->err = unwind_builder_row(r->builder, pc, rule_of(r, state));
	return !r->err;
}

static const struct cfi_common *common_at(struct reader *r, uint64_t at)
{
	size_t i = (at >> 2) & (KNOWN_COMMON - 1);
	struct cursor c = cursor_sub(&r->bytes, at, r->bytes.len - at);
	uint64_t len = cursor_u32(&c);

	if (r->known_at[i] == at + 1)
		return &r->known[i];
	if (cursor_u32(&c) != 0 || len < 4 || len - 4 > cursor_left(&c))
		return NULL;
	c = cursor_sub(&r->bytes, 0, at + 4 + len);
	cursor_seek(&c, at + 8);
	r->known_at[i] = 0;
	if (!cfi_common_read(&r->known[i], c, r->vaddr, &r->budget))
		return NULL;
	r->known_at[i] = at + 1;
	return &r->known[i];
}

/* An FDE: @c begins with what says where its CIE is, and ends with the record. */
static bool read_function(struct reader *r, struct cursor c)
{
	uint64_t at = c.pos;
	uint64_t back = cursor_u32(&c);
	const struct cfi_common *common = back <= at ? common_at(r, at - back) : NULL;
	uint64_t start, len, augmentation;

	if (!common)
		return false;
	start = cfi_pointer(&c, common->pointers, r->vaddr);
	len = cfi_pointer(&c, common->pointers & 0x0f, 0);
	if (common->augmented) {
		augmentation = cursor_uvarint(&c);
		cursor_skip(&c, augmentation);
	}
	if (!cursor_ok(&c) || start + len < start)
		return false;
	if (!start || !len) /* of a function that the linker left out */
		return true;
	r->signal_frame = common->signal_frame;
	r->err = unwind_builder_range(r->builder, start, start + len);
	if (r->err)
		return false;
	return cfi_run(common, c, r->vaddr, start, &r->budget, take_row, r);
}

static int read_records(struct reader *r, bool end_known, struct eh_frame_stats *stats)
{
	struct cursor c = r->bytes;

	while (cursor_left(&c) >= 4 && !r->err && r->budget) {
		uint64_t len = cursor_u32(&c);
		uint64_t next = c.pos + len;
		struct cursor record;

		if (!len && !end_known)
			break;
		if (len > cursor_left(&c)) /* damaged; or 64-bit DWARF, which no .eh_frame is */
			break;
		/* Of the same base, so that places in it can be told as addresses. */
		record = cursor_sub(&r->bytes, 0, next);
		cursor_seek(&record, c.pos);
		if (len >= 4 && cursor_u32(&c)) { /* else a CIE */
			stats->functions++;
			stats->damaged += !read_function(r, record);
		}
		cursor_seek(&c, next);
	}
	return r->err;
}

/* Where a file without section headers says that its .eh_frame is. */
static bool find_by_segment(const struct elf_file *f, struct reader *r)
{
	uint64_t vaddr = elf_file_eh_frame_header(f);
	struct cursor c = elf_file_vaddr_bytes(f, vaddr);
	uint8_t version = cursor_u8(&c), encoding = cursor_u8(&c);

	cursor_skip(&c, 2); /* how its search table is written */
	r->vaddr = cfi_pointer(&c, encoding, vaddr);
	if (!vaddr || version != 1 || !cursor_ok(&c))
		return false;
	r->bytes = elf_file_vaddr_bytes(f, r->vaddr);
	return cursor_ok(&r->bytes);
}

static void code_range(const struct elf_file *f, uint64_t *start, uint64_t *end)
{
	*start = UINT64_MAX;
	*end = 0;
	for (size_t i = 0; i < elf_file_n_segments(f); i++) {
		const struct elf_segment *s = elf_file_segment(f, i);

		if (!(s->flags & PF_X))
			continue;
		if (s->vaddr < *start)
			*start = s->vaddr;
		if (s->vaddr + s->memsz > *end)
			*end = s->vaddr + s->memsz;
	}
	if (*start > *end)
		*start = *end = 0;
}

static int find_records(const struct elf_file *f, struct reader *r, bool *end_known)
{
	const struct elf_section *section = elf_file_section(f, ".eh_frame");

	if (elf_file_machine(f) != EM_X86_64)
		return -ENOTSUP;
	*end_known = section != NULL;
	if (section) {
		r->vaddr = section->vaddr;
		r->bytes = elf_file_section_bytes(f, section);
		if (cursor_ok(&r->bytes))
			return 0;
	}
	*end_known = false;
	return find_by_segment(f, r) ? 0 : -ENOENT;
}

int eh_frame_add(struct unwind_builder *b, const struct elf_file *f, struct eh_frame_stats *stats)
{
	struct eh_frame_stats unused;
	__auto_free struct cfi_common *known = calloc(KNOWN_COMMON, sizeof(*known));
	struct reader r = {.known = known, .builder = b};
	bool end_known;
	int err = known ? find_records(f, &r, &end_known) : -ENOMEM;

	stats = stats ?: &unused;
	*stats = (struct eh_frame_stats){0};
	if (err)
		return err;
	r.budget = INSTRUCTIONS_PER_BYTE * r.bytes.len;
	return read_records(&r, end_known, stats);
}

struct unwind_builder *eh_frame_builder(const struct elf_file *f)
{
	uint64_t start, end;

	code_range(f, &start, &end);
	return unwind_builder_new(start, end);
}

/* A Go program may do without .eh_frame: then frame pointers are all it needs. */
static int add_go(struct unwind_builder *b, const struct elf_file *f)
{
	const char *why;
	struct go_binary *go = go_unwind_wanted(f) ? go_binary_open(f, &why) : NULL;
	int err = go ? go_unwind_add(b, f, go) : 0;

	go_binary_free(go);
	return err;
}

struct unwind_table *eh_frame_read(const struct elf_file *f, struct eh_frame_stats *stats)
{
	struct unwind_builder *b = eh_frame_builder(f);
	struct unwind_table *t = NULL;
	int err;

	if (!b)
		return NULL;
	err = eh_frame_add(b, f, stats);
	if (!err)
		err = add_go(b, f);
	if (err)
		errno = -err;
	else
		t = unwind_builder_finish(b);
	unwind_builder_free(b);
	return t;
}
