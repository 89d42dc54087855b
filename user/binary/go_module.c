// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * moduledata has no symbol in a stripped file and before Go 1.26 no section, but
 * its first word points to the function table, and what follows must agree with
 * the header there. Offsets (facts/go-runtime.md 6.2, facts/go_offsets.tsv; from
 * runtime/symtab.go of each version, the first 256 bytes are alike in all):
 *
 *	0	pcHeader *
 *	8	funcnametab {ptr, len, cap}	at pcHeader + its names offset
 *	104	pclntable {ptr, len, cap}	at pcHeader + its functab offset
 *	160	minpc, maxpc, text, etext
 *	304	gofunc in Go 1.18 and 1.19; 320 in 1.20 to 1.26; 344 in 1.27
 *	280	types in Go 1.18 and 1.19; 296 since
 *	288	etypes in Go 1.18 and 1.19; 304 in 1.20 to 1.26; 312 in 1.27
 *
 * Since 1.26 gofunc lies behind the function table. That is asked of it, so a
 * version we do not know yet either still fits or gives no inline trees.
 */
#include <elf.h>
#include <errno.h>

#include "binary/elf_pointers.h"
#include "binary/go_module.h"

#define MODULE_BYTES  352 /* as far as we read */
#define OFF_FUNCNAMES 8
#define OFF_PCLNTABLE 104
#define OFF_MINPC     160
#define OFF_TEXT      176
#define OFF_ETEXT     184

static size_t gofunc_offset(int minor)
{
	if (minor < 20)
		return 304;
	return minor < 27 ? 320 : 344;
}

static size_t types_offset(int minor)
{
	return minor < 20 ? 280 : 296;
}

static size_t types_end_offset(int minor)
{
	/* Since 1.27 the length of the descriptions stands between the two. */
	return types_offset(minor) + (minor < 27 ? 8 : 16);
}

static uint64_t u64_at(const struct cursor *c, size_t offset)
{
	struct cursor at = *c;

	cursor_seek(&at, offset);
	return cursor_u64(&at);
}

static bool is_code(const struct elf_file *f, uint64_t vaddr)
{
	for (size_t i = 0; i < elf_file_n_segments(f); i++) {
		const struct elf_segment *s = elf_file_segment(f, i);

		if ((s->flags & PF_X) && vaddr >= s->vaddr && vaddr - s->vaddr < s->filesz)
			return true;
	}
	return false;
}

static bool is_module(const struct elf_file *f, const struct go_pclntab *t, const struct cursor *c)
{
	uint64_t min_pc = u64_at(c, OFF_MINPC);
	uint64_t text = u64_at(c, OFF_TEXT);

	return u64_at(c, 0) == t->vaddr && u64_at(c, OFF_FUNCNAMES) == t->vaddr + t->names_offset &&
	       u64_at(c, OFF_FUNCNAMES + 8) == u64_at(c, OFF_FUNCNAMES + 16) &&
	       u64_at(c, OFF_PCLNTABLE) == t->vaddr + t->funcs_offset && is_code(f, text) &&
	       text <= min_pc && min_pc < u64_at(c, OFF_ETEXT);
}

static bool is_funcdata(const struct elf_file *f, const struct go_pclntab *t, int minor,
			uint64_t gofunc)
{
	struct cursor c = elf_file_vaddr_bytes(f, gofunc);

	if (!cursor_left(&c))
		return false;
	return minor < 26 || (gofunc > t->vaddr + t->funcs_offset &&
			      gofunc <= t->vaddr + t->funcs_offset + t->funcs.len);
}

static bool are_types(const struct elf_file *f, uint64_t first, uint64_t end)
{
	struct cursor c = elf_file_vaddr_bytes(f, first);

	return first && first < end && end - first <= cursor_left(&c);
}

struct search {
	const struct elf_file *file;
	const struct go_pclntab *table;
	int minor;
	struct go_module *module;
	unsigned int tries;
};

/* A pointer to the function table is at @slot: is that the beginning of moduledata? */
static bool try_slot(uint64_t slot, uint64_t value, void *ctx)
{
	struct search *s = ctx;
	uint8_t raw[MODULE_BYTES];
	struct cursor c;

	(void)value;
	if (elf_pointers_read(s->file, slot, raw, sizeof(raw)))
		return !--s->tries;
	c = cursor_make(raw, sizeof(raw));
	if (!is_module(s->file, s->table, &c))
		return !--s->tries;
	s->module->text = u64_at(&c, OFF_TEXT);
	s->module->gofunc = u64_at(&c, gofunc_offset(s->minor));
	if (!is_funcdata(s->file, s->table, s->minor, s->module->gofunc))
		s->module->gofunc = 0;
	s->module->types = u64_at(&c, types_offset(s->minor));
	s->module->types_end = u64_at(&c, types_end_offset(s->minor));
	if (!are_types(s->file, s->module->types, s->module->types_end))
		s->module->types = s->module->types_end = 0;
	return true;
}

int go_module_find(const struct elf_file *f, const struct go_pclntab *t, int minor,
		   struct go_module *m)
{
	/* Each try may walk all relocations; a real program has one or two such pointers. */
	struct search s = {f, t, minor, m, .tries = 64};

	*m = (struct go_module){0};
	elf_pointers_search(f, t->vaddr, t->vaddr, try_slot, &s);
	return m->text ? 0 : -ENOENT;
}
