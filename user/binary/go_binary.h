/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A Go program as it lies in its file: version, function table, inline trees.
 * Works on stripped, PIE, externally linked and build-info-less binaries.
 */
#ifndef ALLOCTAP_BINARY_GO_BINARY_H
#define ALLOCTAP_BINARY_GO_BINARY_H

#include "binary/elf_file.h"

struct go_binary;

struct go_version {
	int minor; /* 26 of go1.26.8 */
	int patch;
	char text[64]; /* as the binary says it: "go1.26.8" or "go1.24.1 X:noswissmap" */
};

/*
 * NULL with errno set, nothing printed; *why gets a static sentence:
 *	ENOEXEC   not a Go program
 *	ENOTSUP   Go, but of a kind we cannot read: gccgo, TinyGo, garble, or older than 1.18
 *	EBADMSG   damaged tables
 *	ENOMEM
 * @f must outlive the result.
 */
struct go_binary *go_binary_open(const struct elf_file *f, const char **why);
void go_binary_free(struct go_binary *b);

const struct go_version *go_binary_version(const struct go_binary *b);

/*
 * The link-time addresses [*first, *end) of what the runtime knows of types; see
 * go_types.h. False where unknown.
 */
bool go_binary_types(const struct go_binary *b, uint64_t *first, uint64_t *end);

struct go_func {
	uint64_t entry; /* link-time virtual address */
	uint64_t end;   /* of the function's code, exclusive */
	const char *name;
	bool wrapper; /* compiler-made: ABI wrapper, method wrapper */
};

/* Number of functions, and the i-th in address order; false if its record is damaged. */
size_t go_binary_n_funcs(const struct go_binary *b);
bool go_binary_func(const struct go_binary *b, size_t i, struct go_func *func);
/* The function around @vaddr. */
bool go_binary_func_at(const struct go_binary *b, uint64_t vaddr, struct go_func *func);
/* By exact name; wrappers are passed over. Calls @found for each; returns how many. */
size_t go_binary_find_funcs(const struct go_binary *b, const char *name,
			    void (*found)(const struct go_func *func, void *ctx), void *ctx);
/* All functions whose name begins with @prefix, wrappers passed over. */
size_t go_binary_find_prefix(const struct go_binary *b, const char *prefix,
			     void (*found)(const struct go_func *func, void *ctx), void *ctx);

/* One frame of the inline stack at an address. Strings point into the file. */
struct go_frame {
	const char *name;
	const char *file; /* "" if unknown */
	uint32_t line;
	uint32_t start_line; /* of the function; 0 before Go 1.20 */
	bool inlined;
	bool wrapper; /* the runtime hides these from its own tracebacks */
};

/*
 * The frames at @vaddr, innermost first; pass return address - 1 for frames
 * that are calls. Returns how many were written, at most @max; 0 if @vaddr is
 * in no Go function. Damaged inline trees give the frames known so far.
 */
size_t go_binary_frames(const struct go_binary *b, uint64_t vaddr, struct go_frame *frames,
			size_t max);

#endif
