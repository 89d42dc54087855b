// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * libdw checks most of what it reads, but trusts strings in the line table's string
 * section to end (0.188: read_srclines()); tests/fuzz/fuzz_symbols.c found that. So it
 * is given only files whose string sections end in a NUL, and that do not unpack into
 * more memory than real ones need.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "binary/dwarf_file.h"

/* What all compressed sections may come to: Chromium's have 3 GB. */
#define MAX_UNPACKED (4ull << 30)

/* Unpacks a compressed section in memory. False where that is too large, or damaged. */
static bool unpack(Elf_Scn *section, const GElf_Shdr *header, uint64_t *left)
{
	GElf_Chdr compressed;

	if (!(header->sh_flags & SHF_COMPRESSED))
		return true;
	if (!gelf_getchdr(section, &compressed) || compressed.ch_size > *left)
		return false;
	*left -= compressed.ch_size;
	return elf_compress(section, 0, 0) >= 0;
}

static bool is_strings(const char *name)
{
	return !strcmp(name, ".debug_str") || !strcmp(name, ".debug_line_str");
}

static bool strings_end(Elf_Scn *section)
{
	Elf_Data *data = elf_rawdata(section, NULL);
	const char *text = data ? data->d_buf : NULL;

	return text && data->d_size && !text[data->d_size - 1];
}

static bool is_safe(Elf *elf)
{
	uint64_t left = MAX_UNPACKED;
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names))
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name = NULL;

		if (gelf_getshdr(section, &header))
			name = elf_strptr(elf, names, header.sh_name);
		/* In a separate debug file what is not debug information has no bytes. */
		if (!name || header.sh_type == SHT_NOBITS)
			continue;
		if (!strncmp(name, ".debug_", 7) && !unpack(section, &header, &left))
			return false;
		if (is_strings(name) && !strings_end(section))
			return false;
	}
	return true;
}

int dwarf_file_open(struct dwarf_file *f, int fd)
{
	*f = (struct dwarf_file){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)};
	elf_version(EV_CURRENT);
	f->elf = f->fd < 0 ? NULL : elf_begin(f->fd, ELF_C_READ_MMAP, NULL);
	if (f->elf && is_safe(f->elf))
		f->dwarf = dwarf_begin_elf(f->elf, DWARF_C_READ, NULL);
	return f->dwarf ? 0 : -ENODATA;
}

void dwarf_file_close(struct dwarf_file *f)
{
	dwarf_end(f->dwarf);
	elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
}

bool dwarf_number(Dwarf_Die *die, unsigned int name, uint32_t *value)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (dwarf_formudata(dwarf_attr(die, name, &attr), &word) || word > UINT32_MAX)
		return false;
	*value = (uint32_t)word;
	return true;
}
