/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * An ELF file of a target, x86-64 or arm64, 64-bit little-endian. Pure: bytes
 * in, facts out. The bytes are mapped, not read, and nothing in them is trusted.
 */
#ifndef ALLOCTAP_BINARY_ELF_FILE_H
#define ALLOCTAP_BINARY_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"

struct elf_file;

struct elf_segment { /* a PT_LOAD */
	uint64_t vaddr, memsz;
	uint64_t offset, filesz;
	uint32_t flags; /* PF_R | PF_W | PF_X */
};

struct elf_section {
	const char *name;
	uint64_t vaddr, offset, size;
	uint32_t type; /* SHT_* */
};

/*
 * Both return NULL with errno set: ENOEXEC not an ELF file, ENOTSUP another
 * machine or word size, EBADMSG damaged, else as the system calls say. @name is
 * for messages only; nothing is printed here: elf_file_error() says it in words.
 * _open_fd maps the file (the fd may be closed afterwards); _open_mem borrows.
 */
struct elf_file *elf_file_open_fd(int fd, const char *name);
struct elf_file *elf_file_open_mem(const void *data, size_t len, const char *name);
const char *elf_file_error(int err);
void elf_file_free(struct elf_file *f);

const char *elf_file_name(const struct elf_file *f);
bool elf_file_is_pie(const struct elf_file *f);
uint16_t elf_file_machine(const struct elf_file *f);
/* Link-time address of the first instruction. */
uint64_t elf_file_entry(const struct elf_file *f);
/* Link-time address of .eh_frame_hdr, section headers or not; 0 where there is none. */
uint64_t elf_file_eh_frame_header(const struct elf_file *f);

size_t elf_file_n_segments(const struct elf_file *f);
const struct elf_segment *elf_file_segment(const struct elf_file *f, size_t i);
/* NULL where there is none, or the file has no section table. */
const struct elf_section *elf_file_section(const struct elf_file *f, const char *name);
size_t elf_file_n_sections(const struct elf_file *f);
const struct elf_section *elf_file_section_at(const struct elf_file *f, size_t i);

/*
 * The file that is packed in .gnu_debugdata, unpacked when first asked for; it lives as long
 * as @f. NULL where there is none, or none that can be read.
 */
const struct elf_file *elf_file_mini_debug(const struct elf_file *f);

/* The file's bytes behind a section or an address range; a failed cursor if outside. */
struct cursor elf_file_section_bytes(const struct elf_file *f, const struct elf_section *s);
/* From @vaddr to the end of the file-backed part of its segment. */
struct cursor elf_file_vaddr_bytes(const struct elf_file *f, uint64_t vaddr);
/* File offset of @vaddr (what a uprobe wants); -ENOENT where not file-backed. 0 on success. */
int elf_file_vaddr_to_offset(const struct elf_file *f, uint64_t vaddr, uint64_t *offset);
int elf_file_offset_to_vaddr(const struct elf_file *f, uint64_t offset, uint64_t *vaddr);

/*
 * The GNU build ID (or, if absent, Go's build ID note) in hex; "" if neither.
 * Returns a string owned by @f.
 */
const char *elf_file_build_id(const struct elf_file *f);

#endif
