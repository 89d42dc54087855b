// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Layout (cmd/link/internal/ld/pcln.go, runtime/symtab.go), all offsets relative
 * to the header:
 *
 *	header		magic u32, 0 u16, quantum u8, pointer size u8, n functions u64,
 *			n files u64, text start u64, then five offsets u64: names,
 *			cutab, filetab, pctab, functab
 *	names		NUL-terminated function names
 *	cutab		per compilation unit: u32 offsets into filetab
 *	filetab		NUL-terminated file names
 *	pctab		value tables, see below
 *	functab		n x {code offset u32, record offset u32}, end offset u32;
 *			then the records. Record offsets count from functab.
 *
 *	$ readelf -x .gopclntab prog			(go1.26.5, amd64)
 *	  f1ffffff 00000108 c0080000 00000000		magic, quantum 1, pointer 8; 2240 functions
 *	  13010000 00000000 00000000 00000000		275 files; text start: 0 since 1.26
 *	  48000000 00000000 608d0100 00000000		names at 0x48, cutab at 0x18d60
 *	  689d0100 00000000 58000200 00000000		filetab, pctab
 *	  709d0600 00000000 696e7465 726e616c		functab at 0x69d70; "internal/abi..."
 *
 * A record holds fixed fields, then npcdata u32 offsets of value tables, then
 * nfuncdata u32 offsets into another blob. Of all this, Go 1.20 changed the magic
 * and put a start line before the last four bytes of the fixed fields.
 *
 * A value table maps code to numbers: from value -1 at the entry on, pairs of
 * varints (zig-zag value delta, code delta / quantum); a zero value delta ends
 * it, unless first. There is no index, a lookup walks from the function's entry.
 *
 * Damage is tolerated locally: a record that cannot be read is a function
 * without a name, the other 30,000 are still good.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "binary/go_pclntab.h"

#define MAGIC_GO12  0xfffffffbu /* internal/abi/symtab.go */
#define MAGIC_GO116 0xfffffffau
#define MAGIC_GO118 0xfffffff0u
#define MAGIC_GO120 0xfffffff1u

#define HEADER_SIZE      72
#define FUNCTAB_ENTRY    8
#define PCDATA_INLINDEX  2 /* internal/abi/symtab.go: PCDATA_InlTreeIndex */
#define FUNCDATA_INLTREE 3 /* FUNCDATA_InlTree */
#define NONE             UINT32_MAX

static uint32_t u32_at(const struct cursor *c, uint64_t offset)
{
	struct cursor at = *c;

	cursor_seek(&at, offset);
	return cursor_u32(&at);
}

static uint8_t code_quantum(const struct elf_file *f)
{
	return elf_file_machine(f) == EM_AARCH64 ? 4 : 1;
}

/* The five tables, each of which ends where the next begins. */
static int read_tables(struct go_pclntab *t, struct cursor *c)
{
	uint64_t offsets[6];
	struct cursor parts[5];

	for (size_t i = 0; i < 5; i++)
		offsets[i] = cursor_u64(c);
	offsets[5] = c->len;
	for (size_t i = 0; i < 5; i++) {
		if (offsets[i] < HEADER_SIZE || offsets[i] > offsets[i + 1])
			return -EBADMSG;
		parts[i] = cursor_sub(c, offsets[i], offsets[i + 1] - offsets[i]);
		if (!cursor_ok(&parts[i]))
			return -EBADMSG;
	}
	t->names_offset = offsets[0];
	t->funcs_offset = offsets[4];
	t->names = name_table_make(&parts[0]);
	t->cutab = parts[1];
	t->files = name_table_make(&parts[2]);
	t->pctab = parts[3];
	t->funcs = parts[4];
	return 0;
}

int go_pclntab_read(const struct elf_file *f, uint64_t vaddr, struct go_pclntab *t)
{
	struct cursor c = elf_file_vaddr_bytes(f, vaddr);
	uint32_t magic = cursor_u32(&c);
	uint16_t zero = cursor_u16(&c);
	uint8_t pointer_size;
	uint64_t n;
	int err;

	*t = (struct go_pclntab){.vaddr = vaddr, .go120 = magic == MAGIC_GO120};
	t->quantum = cursor_u8(&c);
	pointer_size = cursor_u8(&c);
	if (!cursor_ok(&c) || zero || t->quantum != code_quantum(f) || pointer_size != 8)
		return -ENOENT;
	if (magic == MAGIC_GO12 || magic == MAGIC_GO116)
		return -ENOTSUP;
	if (magic != MAGIC_GO118 && magic != MAGIC_GO120)
		return -ENOENT;

	n = cursor_u64(&c);
	cursor_skip(&c, 8); /* number of files */
	t->text_start = cursor_u64(&c);
	err = read_tables(t, &c);
	if (err)
		return err;
	if (!n || !t->names.len || t->funcs.len < 4 || n > (t->funcs.len - 4) / FUNCTAB_ENTRY)
		return -EBADMSG;
	t->n_funcs = n;
	return 0;
}

bool go_pclntab_scan(const struct elf_file *f, uint64_t *vaddr)
{
	/* The half of the first word that does not depend on the version. */
	const uint64_t high = (uint64_t)8 << 24 | (uint64_t)code_quantum(f) << 16;

	for (size_t i = 0; i < elf_file_n_segments(f); i++) {
		const struct elf_segment *s = elf_file_segment(f, i);
		uint64_t from = s->vaddr > *vaddr ? s->vaddr : *vaddr + 1;
		struct cursor c;

		from += -from & 7;
		if (from - s->vaddr >= s->filesz)
			continue;
		c = elf_file_vaddr_bytes(f, from);
		/* The whole file may have to be searched: no cursor_u64() here. */
		for (size_t at = 0; at + HEADER_SIZE <= c.len; at += 8) {
			uint64_t word;

			memcpy(&word, c.base + at, 8);
			word = le64toh(word);
			if (word >> 32 == high && (word & 0xfffffff0u) == 0xfffffff0u) {
				*vaddr = from + at;
				return true;
			}
		}
	}
	return false;
}

uint32_t go_pclntab_name_offset(const struct go_pclntab *t, size_t i)
{
	uint32_t record = u32_at(&t->funcs, i * FUNCTAB_ENTRY + 4);
	uint32_t offset = u32_at(&t->funcs, (uint64_t)record + 4);

	return record <= t->funcs.len - 8 && offset < t->names.len ? offset : NONE;
}

/* Binary search, so a table out of order gives a wrong function but ends. */
bool go_pclntab_find(const struct go_pclntab *t, uint64_t offset, size_t *i)
{
	size_t low = 0, high = t->n_funcs;

	if (offset < u32_at(&t->funcs, 0) || offset >= u32_at(&t->funcs, high * FUNCTAB_ENTRY))
		return false;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (u32_at(&t->funcs, middle * FUNCTAB_ENTRY) <= offset)
			low = middle;
		else
			high = middle;
	}
	*i = low;
	return true;
}

bool go_pclntab_record(const struct go_pclntab *t, size_t i, struct go_record *r)
{
	struct cursor c = t->funcs;
	uint32_t record, n_pcdata;
	uint8_t n_funcdata;
	size_t tables;

	*r = (struct go_record){0};
	if (i >= t->n_funcs)
		return false;
	cursor_seek(&c, i * FUNCTAB_ENTRY);
	r->entry = cursor_u32(&c);
	record = cursor_u32(&c);
	r->end = cursor_u32(&c);

	cursor_seek(&c, record);
	cursor_skip(&c, 4); /* the entry again */
	r->name = name_table_at(&t->names, cursor_u32(&c));
	cursor_skip(&c, 4 + 4 + 4); /* args, deferreturn, pcsp */
	r->pcfile = cursor_u32(&c);
	r->pcline = cursor_u32(&c);
	n_pcdata = cursor_u32(&c);
	r->unit = cursor_u32(&c);
	if (t->go120)
		r->start_line = cursor_u32(&c);
	r->func_id = cursor_u8(&c);
	cursor_skip(&c, 2); /* flag, pad */
	n_funcdata = cursor_u8(&c);
	if (!cursor_ok(&c) || !r->name || r->entry >= r->end)
		return false;

	tables = c.pos;
	if (n_pcdata > PCDATA_INLINDEX)
		r->pcinline = u32_at(&t->funcs, tables + 4 * PCDATA_INLINDEX);
	if (n_funcdata > FUNCDATA_INLTREE) {
		cursor_seek(&c, tables + 4 * ((uint64_t)n_pcdata + FUNCDATA_INLTREE));
		r->inline_tree = cursor_u32(&c);
		r->has_inline_tree = cursor_ok(&c) && r->inline_tree != NONE && r->pcinline;
	}
	return true;
}

/* Nearly all varints are one or two bytes; they are what symbolising spends its time on. */
static inline uint64_t read_varint(struct cursor *c)
{
	if (!c->failed && c->len - c->pos >= 2) {
		const uint8_t *p = c->base + c->pos;

		if (!(p[0] & 0x80)) {
			c->pos += 1;
			return p[0];
		}
		if (!(p[1] & 0x80)) {
			c->pos += 2;
			return (p[0] & 0x7fu) | (uint64_t)p[1] << 7;
		}
	}
	return cursor_uvarint(c);
}

bool go_pclntab_value(const struct go_pclntab *t, uint32_t table, uint64_t pc, size_t *budget,
		      int32_t *value)
{
	struct cursor c = t->pctab;
	uint32_t result = (uint32_t)-1;
	uint64_t at = 0;

	if (!table)
		return false;
	cursor_seek(&c, table);
	for (bool first = true; *budget; first = false, --*budget) {
		uint32_t delta = (uint32_t)read_varint(&c);

		if (!delta && !first)
			return false;
		result += (delta >> 1) ^ -(delta & 1);
		at += (uint32_t)read_varint(&c) * (uint64_t)t->quantum;
		if (!cursor_ok(&c))
			return false;
		if (pc < at) {
			*value = (int32_t)result;
			return true;
		}
	}
	return false;
}

void go_pclntab_line(const struct go_pclntab *t, const struct go_record *r, uint64_t pc,
		     size_t *budget, const char **file, uint32_t *line)
{
	const char *name = NULL;
	int32_t index, number;

	*file = "";
	*line = 0;
	if (r->unit != NONE && go_pclntab_value(t, r->pcfile, pc, budget, &index) && index >= 0) {
		uint64_t entry = 4 * ((uint64_t)r->unit + (uint32_t)index);

		if (entry + 4 <= t->cutab.len)
			name = name_table_at(&t->files, u32_at(&t->cutab, entry));
	}
	if (!name || !go_pclntab_value(t, r->pcline, pc, budget, &number) || number < 0)
		return;
	*file = name;
	*line = (uint32_t)number;
}
