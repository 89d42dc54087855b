/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The static probes (USDT) of an ELF file: where they are, and where their
 * arguments are found. Pure; the essay is in usdt.c.
 */
#ifndef ALLOCTAP_BINARY_USDT_H
#define ALLOCTAP_BINARY_USDT_H

#include "binary/elf_file.h"

struct usdt_probe {
	const char *provider, *name, *args; /* point into the file */
	/* Link-time addresses, as of now: adjusted where the file was prelinked. */
	uint64_t vaddr;     /* of the probe's nop */
	uint64_t semaphore; /* of a 16-bit count of tracers; 0: the probe has none */
};

/* A walk over the notes: usdt_begin(), then usdt_next() while it is true. */
struct usdt_notes {
	struct cursor notes;
	const struct elf_section *base;
	size_t skipped; /* notes so far that were damaged */
};

/* A file without probes gives an empty walk. */
struct usdt_notes usdt_begin(const struct elf_file *f);
bool usdt_next(struct usdt_notes *n, struct usdt_probe *probe);

/* <sys/sdt.h> goes up to STAP_PROBE12. */
#define USDT_ARGS_MAX 12

enum usdt_arg_kind {
	USDT_ARG_REFUSED,  /* a form we do not read: .refusal says which */
	USDT_ARG_CONSTANT, /* .value */
	USDT_ARG_REGISTER, /* .reg */
	USDT_ARG_MEMORY,   /* at .reg + .value */
};

/* x86-64's registers in the order of their encoding. */
enum usdt_register {
	USDT_RAX,
	USDT_RCX,
	USDT_RDX,
	USDT_RBX,
	USDT_RSP,
	USDT_RBP,
	USDT_RSI,
	USDT_RDI,
	USDT_R8, /* to R15 */
	USDT_REGISTER_MAX = 16
};

struct usdt_arg {
	enum usdt_arg_kind kind;
	uint8_t size; /* 1, 2, 4 or 8 bytes of the register or memory count */
	bool is_signed;
	enum usdt_register reg;
	int64_t value;
	const char *refusal; /* for people; not in the file */
};

/*
 * Reads the argument string of a probe in x86-64 code. Returns how many there
 * are; those past USDT_ARGS_MAX are left out.
 */
size_t usdt_args_parse(const char *text, struct usdt_arg args[USDT_ARGS_MAX]);

#endif
