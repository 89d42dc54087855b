// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Two places tell the version, and programs exist that lack the first.
 *
 * Build info (debug/buildinfo/buildinfo.go), 16-byte aligned, in its own section
 * or somewhere in writable data:
 *
 *	$ readelf -x .go.buildinfo prog
 *	  ff20476f 20627569 6c64696e 663a0802	.Go buildinf:, pointer size 8, flags 2
 *	  00000000 00000000 00000000 00000000
 *	  08676f31 2e32362e 35f10530 77af0c92	8 bytes "go1.26.5"; module info
 *
 * Flag 2 says that the strings follow in line (since Go 1.18); without it there
 * are pointers to string headers, which only matters to say that it is too old.
 *
 * runtime.buildVersion, a Go string variable {pointer, length} that the linker
 * sets. Other variables may well hold "go1.21": programs carry lists of versions.
 * But the linker writes its text with a NUL behind (cmd/link/internal/ld/data.go,
 * addstrdata), whereas string literals are packed without.
 */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "binary/elf_pointers.h"
#include "binary/go_version.h"

#define BUILDINFO_MAGIC      "\xff Go buildinf:"
#define BUILDINFO_MAGIC_LEN  14
#define BUILDINFO_HEADER_LEN 32
#define BUILDINFO_ALIGN      16
#define BUILDINFO_INLINE     2
#define MAX_VERSION_LEN      512

/* Digits at @i; -1 if there are none or absurdly many. */
static int parse_digits(const char *text, size_t len, size_t *i)
{
	size_t begin = *i;
	int value = 0;

	for (; *i < len && *i - begin < 4 && isdigit((unsigned char)text[*i]); (*i)++)
		value = value * 10 + (text[*i] - '0');
	return *i > begin ? value : -1;
}

bool go_version_parse(const char *text, size_t len, struct go_version *v)
{
	size_t i = 0;

	*v = (struct go_version){0};
	if (len > 6 && !memcmp(text, "devel ", 6))
		i = 6;
	if (len - i < 5 || memcmp(text + i, "go1.", 4) != 0)
		return false;
	i += 4;
	v->minor = parse_digits(text, len, &i);
	if (v->minor < 0)
		return false;
	if (i < len && text[i] == '.') {
		i++;
		v->patch = parse_digits(text, len, &i);
		if (v->patch < 0)
			return false;
	}
	for (i = 0; i < len && i < sizeof(v->text) - 1; i++)
		v->text[i] = isprint((unsigned char)text[i]) ? text[i] : '?';
	return true;
}

/* The text of a Go string whose header {pointer, length} is at @vaddr. */
static bool parse_string_header(const struct elf_file *f, uint64_t vaddr, struct go_version *v)
{
	uint8_t raw[16];
	struct cursor header, text;
	const char *p;
	uint64_t len;

	if (elf_pointers_read(f, vaddr, raw, sizeof(raw)))
		return false;
	header = cursor_make(raw, sizeof(raw));
	text = elf_file_vaddr_bytes(f, cursor_u64(&header));
	len = cursor_u64(&header);
	p = len <= MAX_VERSION_LEN ? cursor_bytes(&text, len) : NULL;
	return p && go_version_parse(p, len, v);
}

static bool parse_build_info(const struct elf_file *f, struct cursor c, struct go_version *v)
{
	const uint8_t *header = cursor_bytes(&c, BUILDINFO_HEADER_LEN);
	const char *text;
	uint64_t len;

	if (!header || memcmp(header, BUILDINFO_MAGIC, BUILDINFO_MAGIC_LEN) != 0)
		return false;
	if (!(header[15] & BUILDINFO_INLINE)) {
		cursor_seek(&c, 16);
		return parse_string_header(f, cursor_u64(&c), v);
	}
	len = cursor_uvarint(&c);
	text = len <= MAX_VERSION_LEN ? cursor_bytes(&c, len) : NULL;
	return text && go_version_parse(text, len, v);
}

/* From the first magic on; a failed cursor if there is none. */
static struct cursor find_build_info(const struct elf_file *f)
{
	const struct elf_section *section = elf_file_section(f, ".go.buildinfo");

	if (section)
		return elf_file_section_bytes(f, section);
	for (size_t i = 0; i < elf_file_n_segments(f); i++) {
		const struct elf_segment *s = elf_file_segment(f, i);
		struct cursor c = elf_file_vaddr_bytes(f, s->vaddr + (-s->vaddr & 15));

		if (!(s->flags & PF_W))
			continue;
		for (size_t at = 0; at + BUILDINFO_HEADER_LEN <= c.len; at += BUILDINFO_ALIGN) {
			if (!memcmp(c.base + at, BUILDINFO_MAGIC, BUILDINFO_MAGIC_LEN))
				return cursor_sub(&c, at, c.len - at);
		}
	}
	return (struct cursor){.failed = true};
}

struct search {
	const struct elf_file *file;
	int min_minor, max_minor;
	struct go_version *version;
};

static bool is_build_version(uint64_t slot, uint64_t value, void *ctx)
{
	const struct search *s = ctx;
	struct cursor text = elf_file_vaddr_bytes(s->file, value);
	struct cursor header;
	const char *p;
	uint64_t len;

	if (cursor_left(&text) < 5 || (text.base[0] != 'g' && text.base[0] != 'd'))
		return false;
	header = elf_file_vaddr_bytes(s->file, slot);
	cursor_skip(&header, 8);
	len = cursor_u64(&header);
	p = len <= MAX_VERSION_LEN ? cursor_bytes(&text, len + 1) : NULL;
	return p && !p[len] && go_version_parse(p, len, s->version) &&
	       s->version->minor >= s->min_minor && s->version->minor <= s->max_minor;
}

/* First and last address of the image, to tell pointers from other words. */
static void image_bounds(const struct elf_file *f, uint64_t *first, uint64_t *last)
{
	*first = UINT64_MAX;
	*last = 0;
	for (size_t i = 0; i < elf_file_n_segments(f); i++) {
		const struct elf_segment *s = elf_file_segment(f, i);

		if (s->vaddr < *first)
			*first = s->vaddr;
		if (s->vaddr + s->filesz > *last)
			*last = s->vaddr + s->filesz;
	}
}

int go_version_find(const struct elf_file *f, int min_minor, int max_minor, struct go_version *v)
{
	struct search s = {f, min_minor, max_minor, v};
	uint64_t first, last;

	if (parse_build_info(f, find_build_info(f), v))
		return 0;
	image_bounds(f, &first, &last);
	if (first < last && elf_pointers_search(f, first, last, is_build_version, &s))
		return 0;
	*v = (struct go_version){0};
	return -ENOENT;
}
