// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Shows what user/binary finds in a file, for tests/e2e/test_symbols.py:
 *
 *	symdump FILE			frames at the hex addresses on stdin
 *	symdump FILE functions		every Go function: entry, end, wrapper, name
 *	symdump FILE symbols		the ELF symbol at the hex addresses on stdin
 *
 * The first line names the version. Frames of an address: one line each, innermost
 * first, "name file line start-line flags" with tabs between; then an empty line.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "binary/elf_symbols.h"
#include "binary/go_binary.h"

#define MAX_FRAMES 130

static void print_frames(const struct go_binary *b)
{
	struct go_frame frames[MAX_FRAMES];
	uint64_t vaddr;

	while (scanf("%" SCNx64, &vaddr) == 1) {
		size_t n = go_binary_frames(b, vaddr, frames, MAX_FRAMES);

		for (size_t i = 0; i < n; i++) {
			const struct go_frame *f = &frames[i];

			printf("%s\t%s\t%u\t%u\t%s%s\n", f->name, f->file, f->line, f->start_line,
			       f->inlined ? "i" : "", f->wrapper ? "w" : "");
		}
		putchar('\n');
	}
}

static void print_functions(const struct go_binary *b)
{
	for (size_t i = 0; i < go_binary_n_funcs(b); i++) {
		struct go_func f;

		if (go_binary_func(b, i, &f))
			printf("%" PRIx64 "\t%" PRIx64 "\t%d\t%s\n", f.entry, f.end, f.wrapper,
			       f.name);
	}
}

static int print_symbols(const struct elf_file *file)
{
	struct elf_symbols *symbols = elf_symbols_new(file);
	uint64_t vaddr;

	if (!symbols)
		return 1;
	printf("%zu\n", elf_symbols_count(symbols));
	while (scanf("%" SCNx64, &vaddr) == 1) {
		const struct elf_symbol *s = elf_symbols_at(symbols, vaddr);

		printf("%s\n", s ? s->name : "");
	}
	elf_symbols_free(symbols);
	return 0;
}

static int print_go(const struct elf_file *file, const char *what)
{
	const char *why;
	struct go_binary *b = go_binary_open(file, &why);

	if (!b) {
		fprintf(stderr, "%s: %s\n", strerrorname_np(errno), why);
		return 1;
	}
	printf("%s\n", go_binary_version(b)->text);
	if (what)
		print_functions(b);
	else
		print_frames(b);
	go_binary_free(b);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : NULL;
	struct elf_file *file;
	int fd, status;

	if (argc < 2 || (what && strcmp(what, "functions") != 0 && strcmp(what, "symbols") != 0)) {
		fprintf(stderr, "usage: symdump FILE [functions|symbols]\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : elf_file_open_fd(fd, argv[1]);
	if (!file) {
		fprintf(stderr, "%s: %s\n", strerrorname_np(errno), elf_file_error(errno));
		return 1;
	}
	close(fd);
	status = what && *what == 's' ? print_symbols(file) : print_go(file, what);
	elf_file_free(file);
	return status;
}
