// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What we need of ELF fits two tables of fixed-size records: program headers,
 * which the loader uses and which therefore are always there, and section
 * headers, which a stripped file may lack. A section table that cannot be read
 * counts as absent, since the program runs without it; a damaged program header
 * table makes the file unusable. Layouts: elf.h, System V gABI chapter 4-5.
 *
 * The file is mapped, not read: of a 200 MB program the few pages that are
 * looked at are loaded. A running program cannot be written to (ETXTBSY), but
 * a shared library can be truncated under us, which ends in SIGBUS as it does
 * for every process that has it mapped.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "binary/elf_file.h"
#include "binary/mini_debug.h"
#include "binary/name_table.h"

/* Real programs have 2 to 10. The limit keeps address lookups cheap. */
#define MAX_SEGMENTS 128
/* Code is limited to 2 GB; debug information may be larger than all the rest. */
#define MAX_FILE        (8ull << 30)
#define MAX_BUILD_ID    64 /* bytes of a GNU build ID: 20 as a rule */
#define MAX_GO_BUILD_ID 256
#define NT_GO_BUILDID   4 /* cmd/internal/buildid/note.go */
#define MINI_DEBUG      ".gnu_debugdata"

/* What .gnu_debugdata has, once somebody asked. */
struct inner_file {
	bool asked;
	uint8_t *bytes;
	struct elf_file *elf;
};

struct elf_file {
	struct cursor bytes;
	bool mapped;
	char *name;
	uint16_t type, machine;
	uint64_t entry;
	uint64_t eh_frame_header;
	VEC(struct elf_segment) segments;
	VEC(struct elf_segment) notes; /* PT_NOTE */
	VEC(struct elf_section) sections;
	struct inner_file *inner; /* NULL where there is no such section */
	char build_id[2 * MAX_GO_BUILD_ID + 1];
};

/* One of the two header tables: where, how many, how large a record. */
struct table {
	uint64_t offset;
	uint32_t n, entry_size;
};

static int read_header(struct elf_file *f, struct table *programs, struct table *sections,
		       uint32_t *names_index)
{
	struct cursor c = f->bytes;
	const uint8_t *ident = cursor_bytes(&c, EI_NIDENT);

	if (!ident || memcmp(ident, ELFMAG, SELFMAG))
		return -ENOEXEC;
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return -ENOTSUP;
	f->type = cursor_u16(&c);
	f->machine = cursor_u16(&c);
	cursor_skip(&c, 4); /* e_version */
	f->entry = cursor_u64(&c);
	programs->offset = cursor_u64(&c);
	sections->offset = cursor_u64(&c);
	cursor_skip(&c, 4 + 2); /* e_flags, e_ehsize */
	programs->entry_size = cursor_u16(&c);
	programs->n = cursor_u16(&c);
	sections->entry_size = cursor_u16(&c);
	sections->n = cursor_u16(&c);
	*names_index = cursor_u16(&c);
	if (!cursor_ok(&c))
		return -EBADMSG;
	if (f->machine != EM_X86_64 && f->machine != EM_AARCH64)
		return -ENOTSUP;
	return 0;
}

static struct cursor table_entry(const struct elf_file *f, const struct table *t, size_t i)
{
	uint64_t at;

	if (__builtin_add_overflow(t->offset, (uint64_t)i * t->entry_size, &at))
		at = UINT64_MAX;
	return cursor_sub(&f->bytes, at, t->entry_size);
}

/* Less than the header promises in a truncated file. */
static uint64_t clamp_to_file(const struct elf_file *f, uint64_t offset, uint64_t size)
{
	if (offset >= f->bytes.len)
		return 0;
	return size < f->bytes.len - offset ? size : f->bytes.len - offset;
}

static int read_segments(struct elf_file *f, const struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct cursor c = table_entry(f, t, i);
		struct elf_segment s;
		uint32_t type = cursor_u32(&c);
		int err = 0;

		s.flags = cursor_u32(&c);
		s.offset = cursor_u64(&c);
		s.vaddr = cursor_u64(&c);
		cursor_skip(&c, 8); /* p_paddr */
		s.filesz = cursor_u64(&c);
		s.memsz = cursor_u64(&c);
		if (!cursor_ok(&c))
			return -EBADMSG;
		if (type == PT_GNU_EH_FRAME)
			f->eh_frame_header = s.vaddr;
		if (type != PT_LOAD && type != PT_NOTE)
			continue;
		if (f->segments.n + f->notes.n == MAX_SEGMENTS)
			return -EBADMSG;
		if (s.vaddr + s.memsz < s.vaddr || s.filesz > s.memsz)
			return -EBADMSG;
		s.filesz = clamp_to_file(f, s.offset, s.filesz);
		err = type == PT_LOAD ? vec_push(&f->segments, s) : vec_push(&f->notes, s);
		if (err)
			return err;
	}
	return 0;
}

static bool read_section(const struct elf_file *f, const struct table *t, size_t i,
			 struct elf_section *s, uint32_t *name, uint32_t *link)
{
	struct cursor c = table_entry(f, t, i);

	*name = cursor_u32(&c);
	s->type = cursor_u32(&c);
	cursor_skip(&c, 8); /* sh_flags */
	s->vaddr = cursor_u64(&c);
	s->offset = cursor_u64(&c);
	s->size = cursor_u64(&c);
	*link = cursor_u32(&c);
	s->name = "";
	return cursor_ok(&c);
}

static int read_sections(struct elf_file *f, struct table *t, uint32_t names_index)
{
	struct name_table names = {0};
	struct elf_section s;
	uint32_t name, link;

	if (!t->offset || !read_section(f, t, 0, &s, &name, &link))
		return 0;
	/* gABI, "Section header": large counts are kept in the first record. */
	if (!t->n && s.size <= f->bytes.len / sizeof(Elf64_Shdr))
		t->n = (uint32_t)s.size;
	if (names_index == SHN_XINDEX)
		names_index = link;
	if (names_index < t->n && read_section(f, t, names_index, &s, &name, &link)) {
		struct cursor bytes = elf_file_section_bytes(f, &s);

		names = name_table_make(&bytes);
	}

	for (size_t i = 0; i < t->n; i++) {
		const char *text;
		int err;

		if (!read_section(f, t, i, &s, &name, &link)) {
			vec_free(&f->sections);
			return 0;
		}
		text = name_table_at(&names, name);
		s.name = text ? text : "";
		err = vec_push(&f->sections, s);
		if (err)
			return err;
	}
	return 0;
}

static void write_hex(char *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*out++ = "0123456789abcdef"[p[i] >> 4];
		*out++ = "0123456789abcdef"[p[i] & 15];
	}
	*out = 0;
}

/* Looks through one note area; true when the GNU build ID was in it. */
static bool read_build_id(struct elf_file *f, struct cursor notes)
{
	while (cursor_left(&notes)) {
		uint32_t name_len = cursor_u32(&notes);
		uint32_t desc_len = cursor_u32(&notes);
		uint32_t type = cursor_u32(&notes);
		const char *name = cursor_bytes(&notes, ((size_t)name_len + 3) & ~(size_t)3);
		const uint8_t *desc = cursor_bytes(&notes, desc_len);

		if (!name || !desc)
			return false;
		if (name_len == 4 && !memcmp(name, "GNU", 4) && type == NT_GNU_BUILD_ID &&
		    desc_len <= MAX_BUILD_ID) {
			write_hex(f->build_id, desc, desc_len);
			return true;
		}
		if (name_len == 4 && !memcmp(name, "Go\0", 4) && type == NT_GO_BUILDID &&
		    desc_len <= MAX_GO_BUILD_ID && !*f->build_id)
			write_hex(f->build_id, desc, desc_len);
		cursor_skip(&notes, -desc_len & 3);
	}
	return false;
}

static void find_build_id(struct elf_file *f)
{
	for (size_t i = 0; i < f->notes.n; i++) {
		const struct elf_segment *s = &f->notes.data[i];

		if (read_build_id(f, cursor_sub(&f->bytes, s->offset, s->filesz)))
			return;
	}
	for (size_t i = 0; i < f->sections.n; i++) {
		const struct elf_section *s = &f->sections.data[i];

		if (s->type == SHT_NOTE && read_build_id(f, elf_file_section_bytes(f, s)))
			return;
	}
}

static int elf_file_parse(struct elf_file *f)
{
	struct table programs, sections;
	uint32_t names_index;
	int err;

	err = read_header(f, &programs, &sections, &names_index);
	if (err)
		return err;
	err = read_segments(f, &programs);
	if (err)
		return err;
	err = read_sections(f, &sections, names_index);
	if (err)
		return err;
	find_build_id(f);
	if (!elf_file_section(f, MINI_DEBUG))
		return 0;
	f->inner = calloc(1, sizeof(*f->inner));
	return f->inner ? 0 : -ENOMEM;
}

static struct elf_file *elf_file_open(const void *data, size_t len, const char *name, bool mapped)
{
	struct elf_file *f = calloc(1, sizeof(*f));
	int err = -ENOMEM;

	if (!f) {
		if (mapped)
			munmap((void *)data, len);
		errno = ENOMEM;
		return NULL;
	}
	f->bytes = cursor_make(data, len);
	f->mapped = mapped;
	f->name = strdup(name);
	if (f->name)
		err = elf_file_parse(f);
	if (err) {
		elf_file_free(f);
		errno = -err;
		return NULL;
	}
	return f;
}

struct elf_file *elf_file_open_mem(const void *data, size_t len, const char *name)
{
	return elf_file_open(data, len, name, false);
}

struct elf_file *elf_file_open_fd(int fd, const char *name)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode) || !st.st_size) {
		errno = ENOEXEC;
		return NULL;
	}
	if ((uint64_t)st.st_size > MAX_FILE) {
		errno = EFBIG;
		return NULL;
	}
	/* Into private mappings the kernel puts the breakpoints of others' uprobes. */
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return NULL;
	return elf_file_open(data, (size_t)st.st_size, name, true);
}

const char *elf_file_error(int err)
{
	switch (err < 0 ? -err : err) {
	case ENOEXEC:
		return "not an ELF file";
	case ENOTSUP:
		return "not a 64-bit x86-64 or arm64 ELF file";
	case EBADMSG:
		return "its ELF headers are damaged; is the file complete?";
	default:
		return strerror(err < 0 ? -err : err);
	}
}

void elf_file_free(struct elf_file *f)
{
	if (!f)
		return;
	if (f->mapped)
		munmap((void *)f->bytes.base, f->bytes.len);
	if (f->inner) {
		elf_file_free(f->inner->elf);
		free(f->inner->bytes);
	}
	free(f->inner);
	vec_free(&f->segments);
	vec_free(&f->notes);
	vec_free(&f->sections);
	free(f->name);
	free(f);
}

const char *elf_file_name(const struct elf_file *f)
{
	return f->name;
}

bool elf_file_is_pie(const struct elf_file *f)
{
	return f->type == ET_DYN;
}

uint16_t elf_file_machine(const struct elf_file *f)
{
	return f->machine;
}

uint64_t elf_file_entry(const struct elf_file *f)
{
	return f->entry;
}

uint64_t elf_file_eh_frame_header(const struct elf_file *f)
{
	return f->eh_frame_header;
}

size_t elf_file_n_segments(const struct elf_file *f)
{
	return f->segments.n;
}

const struct elf_segment *elf_file_segment(const struct elf_file *f, size_t i)
{
	return i < f->segments.n ? &f->segments.data[i] : NULL;
}

size_t elf_file_n_sections(const struct elf_file *f)
{
	return f->sections.n;
}

const struct elf_section *elf_file_section_at(const struct elf_file *f, size_t i)
{
	return i < f->sections.n ? &f->sections.data[i] : NULL;
}

const struct elf_section *elf_file_section(const struct elf_file *f, const char *name)
{
	for (size_t i = 0; i < f->sections.n; i++) {
		if (!strcmp(f->sections.data[i].name, name))
			return &f->sections.data[i];
	}
	return NULL;
}

struct cursor elf_file_section_bytes(const struct elf_file *f, const struct elf_section *s)
{
	if (s->type == SHT_NOBITS)
		return (struct cursor){.failed = true};
	return cursor_sub(&f->bytes, s->offset, s->size);
}

const struct elf_file *elf_file_mini_debug(const struct elf_file *f)
{
	struct inner_file *inner = f->inner;
	struct cursor c;
	size_t len;

	if (!inner || inner->asked)
		return inner ? inner->elf : NULL;
	inner->asked = true;
	c = elf_file_section_bytes(f, elf_file_section(f, MINI_DEBUG));
	if (cursor_left(&c) && !mini_debug_unpack(c.base, c.len, &inner->bytes, &len))
		inner->elf = elf_file_open_mem(inner->bytes, len, f->name);
	return inner->elf;
}

/* The segment whose file-backed part has @vaddr. */
static const struct elf_segment *segment_around(const struct elf_file *f, uint64_t vaddr)
{
	for (size_t i = 0; i < f->segments.n; i++) {
		const struct elf_segment *s = &f->segments.data[i];

		if (vaddr >= s->vaddr && vaddr - s->vaddr < s->filesz)
			return s;
	}
	return NULL;
}

struct cursor elf_file_vaddr_bytes(const struct elf_file *f, uint64_t vaddr)
{
	const struct elf_segment *s = segment_around(f, vaddr);
	uint64_t skip;

	if (!s)
		return (struct cursor){.failed = true};
	skip = vaddr - s->vaddr;
	return cursor_sub(&f->bytes, s->offset + skip, s->filesz - skip);
}

int elf_file_vaddr_to_offset(const struct elf_file *f, uint64_t vaddr, uint64_t *offset)
{
	const struct elf_segment *s = segment_around(f, vaddr);

	if (!s)
		return -ENOENT;
	*offset = s->offset + (vaddr - s->vaddr);
	return 0;
}

int elf_file_offset_to_vaddr(const struct elf_file *f, uint64_t offset, uint64_t *vaddr)
{
	for (size_t i = 0; i < f->segments.n; i++) {
		const struct elf_segment *s = &f->segments.data[i];

		if (offset >= s->offset && offset - s->offset < s->filesz) {
			*vaddr = s->vaddr + (offset - s->offset);
			return 0;
		}
	}
	return -ENOENT;
}

const char *elf_file_build_id(const struct elf_file *f)
{
	return f->build_id;
}
