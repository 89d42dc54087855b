// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <elf.h>

#include "binary/elf_needed.h"
#include "binary/name_table.h"

static struct cursor bytes_of(const struct elf_file *f, const char *name)
{
	const struct elf_section *s = elf_file_section(f, name);

	return s ? elf_file_section_bytes(f, s) : cursor_make(NULL, 0);
}

void elf_needed_read(struct elf_needed *needed, const struct elf_file *f)
{
	struct cursor loader = bytes_of(f, ".interp"), strings = bytes_of(f, ".dynstr");
	struct cursor dynamic = bytes_of(f, ".dynamic");
	struct name_table names = name_table_make(&strings);

	*needed = (struct elf_needed){.loader = cursor_cstr(&loader)};
	while (cursor_left(&dynamic) >= sizeof(Elf64_Dyn)) {
		uint64_t tag = cursor_u64(&dynamic), value = cursor_u64(&dynamic);

		if (tag == DT_NULL)
			break;
		if (tag == DT_NEEDED && needed->n < ELF_NEEDED_MAX && name_table_at(&names, value))
			needed->names[needed->n++] = name_table_at(&names, value);
		if (tag == DT_RUNPATH || (tag == DT_RPATH && !needed->path))
			needed->path = name_table_at(&names, value);
	}
}
