// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* ELF files with symbols and DWARF: what a hostile program can say of its functions. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "binary/dwarf_inlined.h"
#include "binary/dwarf_lines.h"
#include "binary/elf_symbols.h"

#define MAX_FRAMES  16
#define STEP        7
#define MAX_ASKED   600
#define MAX_ENTRIES 100000

static void ask_symbols(const struct elf_file *f)
{
	struct elf_symbols *symbols = elf_symbols_new(f);
	const struct elf_segment *s;

	for (size_t i = 0; symbols && (s = elf_file_segment(f, i)); i++) {
		const struct elf_symbol *found = elf_symbols_at(symbols, s->vaddr + s->memsz / 2);

		if (found && (!*found->name || !found->size))
			__builtin_trap();
	}
	elf_symbols_free(symbols);
}

static void ask_lines(const struct elf_file *f, int fd)
{
	struct dwarf_lines *lines = dwarf_lines_new(fd, -1);
	struct dwarf_frame frames[MAX_FRAMES];
	const struct elf_segment *s;
	size_t total = 0;

	for (size_t i = 0; lines && (s = elf_file_segment(f, i)); i++) {
		for (uint64_t at = 0; at < s->memsz && at < (uint64_t)STEP * MAX_ASKED;
		     at += STEP) {
			size_t n = dwarf_lines_at(lines, s->vaddr + at, frames, MAX_FRAMES);

			for (size_t j = 0; j < n; j++)
				total += strlen(frames[j].name) + strlen(frames[j].linkage_name) +
					 strlen(frames[j].file) + strlen(frames[j].directory);
		}
	}
	/* A string that does not end within the file's sections is what this is after. */
	if (total == SIZE_MAX)
		__builtin_trap();
	dwarf_lines_free(lines);
}

static bool all_may_be_wanted(void *ctx, const char *name, const char *linkage_name)
{
	*(size_t *)ctx += strlen(name) + strlen(linkage_name);
	return true;
}

static int all_are_wanted(void *ctx, const char *name, const char *linkage_name)
{
	return all_may_be_wanted(ctx, name, linkage_name) ? (int)*name : -1;
}

static int see_copy(void *ctx, int which, const struct inlined_place *place)
{
	if (which < -128 || which > 127 || place->n_code > MAX_FRAMES)
		__builtin_trap();
	*(size_t *)ctx += strlen(place->function) + strlen(place->file);
	return 0;
}

static void ask_copies(int fd)
{
	size_t total = 0;
	const struct inlined_search search = {
		.may_be_wanted = all_may_be_wanted,
		.wanted = all_are_wanted,
		.found = see_copy,
		.ctx = &total,
		.max_entries = MAX_ENTRIES,
	};

	(void)dwarf_inlined_find(fd, -1, &search);
	if (total == SIZE_MAX)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file *f = elf_file_open_mem(data, size, "fuzz");
	__auto_close int fd = f ? memfd_create("fuzz", MFD_CLOEXEC) : -1;

	if (f)
		ask_symbols(f);
	if (fd >= 0 && write(fd, data, size) == (ssize_t)size) {
		ask_lines(f, fd);
		ask_copies(fd);
	}
	elf_file_free(f);
	return 0;
}
