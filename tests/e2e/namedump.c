// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Shows what a profile says of places in a file, for tests/e2e/test_native_names.py:
 *
 *	namedump FILE		frames at the hex link-time addresses on stdin
 *	namedump demangle	the names on stdin, full and short
 *	namedump separate FILE ROOT	path of its separate debug file below ROOT
 *
 * Frames of an address: one line each, innermost first, "name system-name file line
 * start-line category" with tabs between; then an empty line.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "binary/debug_file.h"
#include "binary/demangle.h"
#include "binary/elf_file.h"
#include "profile/image.h"

/* A stack of one location for each address asked, in the order they were asked. */
static int ask(struct profile_builder *b, struct image *img, const struct elf_file *elf)
{
	struct image_frames frames;
	uint64_t vaddr, offset;
	uint32_t n = 0;

	while (scanf("%" SCNx64, &vaddr) == 1) {
		uint32_t location;

		if (elf_file_vaddr_to_offset(elf, vaddr, &offset))
			return 1;
		image_frames(img, b, offset, &frames);
		/* The address is its number: equal places stay apart. */
		location = profile_builder_location(b, ++n, PROFILE_NONE, frames.lines, frames.n);
		profile_builder_stack(b, &location, 1, 0);
	}
	return 0;
}

static void print(const struct profile *p)
{
	for (size_t i = 0; i < p->n_stacks; i++) {
		uint32_t first = p->stacks[i].first_location;
		const struct profile_location *l = &p->locations[p->stack_locations[first]];

		for (uint32_t j = 0; j < l->n_lines; j++) {
			const struct profile_line *line = &p->lines[l->first_line + j];
			const struct profile_function *f = &p->functions[line->function];

			printf("%s\t%s\t%s\t%u\t%u\t%d\n", profile_str(p, f->name),
			       profile_str(p, f->system_name), profile_str(p, f->file), line->line,
			       f->start_line, (int)f->category);
		}
		putchar('\n');
	}
}

static int dump_file(const char *path)
{
	struct image_options options = {0};
	__auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct elf_file *elf = fd < 0 ? NULL : elf_file_open_fd(fd, path);
	struct image *img = elf ? image_new(path, fd, &options) : NULL;
	struct profile_builder *b = img ? profile_builder_new() : NULL;
	struct profile *p = NULL;
	int status = 1;

	if (!b)
		fprintf(stderr, "%s: %s\n", path, strerrorname_np(errno));
	else if (!ask(b, img, elf))
		p = profile_builder_finish(b);
	if (p) {
		print(p);
		status = 0;
	}
	profile_free(p);
	profile_builder_free(b);
	image_free(img);
	elf_file_free(elf);
	return status;
}

static int dump_names(void)
{
	__auto_free char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) > 0) {
		__auto_free char *full = NULL, *brief = NULL;

		line[strcspn(line, "\n")] = 0;
		full = demangle(line);
		brief = demangle_short(line);
		printf("%s\t%s\n", full ? full : line, brief ? brief : line);
	}
	return 0;
}

static int find_separate(const char *path, const char *root)
{
	__auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	__auto_free char *found = NULL;
	struct elf_file *elf = fd < 0 ? NULL : elf_file_open_fd(fd, path);
	int debug = elf ? debug_file_open(elf, path, root, &found) : -errno;

	puts(debug < 0 ? strerrorname_np(-debug) : found);
	if (debug >= 0)
		close(debug);
	elf_file_free(elf);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "separate"))
		return find_separate(argv[2], argv[3]);
	if (argc != 2) {
		fprintf(stderr, "usage: namedump FILE | demangle | separate FILE ROOT\n");
		return 2;
	}
	return strcmp(argv[1], "demangle") ? dump_file(argv[1]) : dump_names();
}
