// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * In a program linked to a fixed address a pointer is simply there. In a
 * position-independent one the loader writes it, from a RELATIVE relocation
 * {address, addend}; Go's own linker and GNU ld leave the link-time value in
 * place as well, lld leaves zero:
 *
 *	$ readelf -x .go.module prog		(PIE, -fuse-ld=lld)
 *	  0x002b0c80 00000000 00000000 00000000 00000000	pcHeader, funcnametab
 *	  0x002b0c90 18030200 00000000 18030200 00000000	.len, .cap
 *	$ readelf -rW prog | grep 2b0c8
 *	00000000002b0c80  0000000000000008 R_X86_64_RELATIVE	4c138
 *	00000000002b0c88  0000000000000008 R_X86_64_RELATIVE	4c180
 *
 * So data is searched as it lies in the file first, then the relocations. Packed
 * relocations (DT_RELR) keep the addend in place and need nothing here.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "binary/elf_pointers.h"

/* Steps to the next RELATIVE relocation; false at the end. */
static bool next_relative(const struct elf_file *f, struct cursor *c, uint64_t *slot,
			  uint64_t *value)
{
	uint32_t relative =
		elf_file_machine(f) == EM_AARCH64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;

	while (cursor_left(c) >= sizeof(Elf64_Rela)) {
		uint64_t info;

		*slot = cursor_u64(c);
		info = cursor_u64(c);
		*value = cursor_u64(c);
		if (ELF64_R_TYPE(info) == relative)
			return true;
	}
	return false;
}

static struct cursor relocations(const struct elf_file *f)
{
	const struct elf_section *s = elf_file_section(f, ".rela.dyn");

	return s ? elf_file_section_bytes(f, s) : (struct cursor){.failed = true};
}

static bool search_segment(const struct elf_file *f, const struct elf_segment *s, uint64_t first,
			   uint64_t last, elf_pointer_fn visit, void *ctx)
{
	uint64_t skip = -s->vaddr & 7;
	struct cursor c = elf_file_vaddr_bytes(f, s->vaddr + skip);

	/* Megabytes of words, nearly all of them uninteresting: no cursor_u64() here. */
	for (size_t i = 0; i + 8 <= cursor_left(&c); i += 8) {
		uint64_t value;

		memcpy(&value, c.base + i, 8);
		value = le64toh(value);
		if (value - first <= last - first && visit(s->vaddr + skip + i, value, ctx))
			return true;
	}
	return false;
}

bool elf_pointers_search(const struct elf_file *f, uint64_t first, uint64_t last,
			 elf_pointer_fn visit, void *ctx)
{
	struct cursor c = relocations(f);
	uint64_t slot, value;

	for (size_t i = 0; i < elf_file_n_segments(f); i++) {
		const struct elf_segment *s = elf_file_segment(f, i);

		if ((s->flags & PF_W) && search_segment(f, s, first, last, visit, ctx))
			return true;
	}
	while (next_relative(f, &c, &slot, &value)) {
		if (value - first <= last - first && visit(slot, value, ctx))
			return true;
	}
	return false;
}

int elf_pointers_read(const struct elf_file *f, uint64_t vaddr, void *buf, size_t len)
{
	struct cursor c = elf_file_vaddr_bytes(f, vaddr);
	const void *bytes = cursor_bytes(&c, len);
	uint64_t slot, value;

	if (!bytes)
		return -ENOENT;
	memcpy(buf, bytes, len);
	c = relocations(f);
	while (next_relative(f, &c, &slot, &value)) {
		uint64_t at = slot - vaddr;

		if (at <= len && len - at >= sizeof(value)) {
			value = htole64(value);
			memcpy((char *)buf + at, &value, sizeof(value));
		}
	}
	return 0;
}
