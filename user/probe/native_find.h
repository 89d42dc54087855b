/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The functions of a file that may be tapped, and which of them are, so that all is counted once. */
#ifndef ALLOCTAP_PROBE_NATIVE_FIND_H
#define ALLOCTAP_PROBE_NATIVE_FIND_H

#include "base/vec.h"
#include "binary/elf_file.h"
#include "probe/allocators.h"
#include "probe/native_plan.h"

/* Bytes of the file. */
struct native_bytes {
	uint64_t first, end;
};

struct native_found {
	const char *symbol; /* points into the file; of aliases the shortest */
	const char *family;
	struct native_function function;
	uint64_t vaddr, end;
	bool custom;
	bool takes_from_another; /* custom, and calls one that is tapped as well */
	bool in_family_only;
	bool is_plain; /* a name of C that other files have too, in a file of no known family */
	/* Why it is not tapped; NULL: it is. */
	const char *why_not;
	uint8_t flags; /* enum native_flags */
	/* Calls of it that come from here are others' business. */
	VEC(struct native_bytes) nested;
};

/* A name of ours and where it is, aliases among them. */
struct native_name {
	const char *name; /* points into the file */
	uint64_t vaddr;
};

struct native_findings {
	VEC(struct native_found) all; /* by address */
	VEC(struct native_name) names;
};

/* Of what @request asks for. 0 or -ENOMEM; free with native_findings_free() either way. */
int native_find(struct native_findings *f, const struct elf_file *elf,
		const struct native_request *request);
void native_findings_free(struct native_findings *f);

/* Of a name, without the version that may follow: "malloc@@GLIBC_2.2.5". */
size_t native_plain_length(const char *name);
/* Are they the same but for their versions? */
bool native_same_name(const char *a, const char *b);

/* Is it glibc's dynamic loader? */
bool native_is_loader(const struct elf_file *elf);
/* Are functions that do this asked for? */
bool native_request_has(const struct native_request *r, enum native_op op);
/* Is a function of that name asked for? Sets what its name tells of it. */
bool native_find_match(const struct native_request *request, const char *name,
		       struct native_found *found);

/* Sets why_not, flags and nested of all (native_once.c). 0 or -ENOMEM. */
int native_count_once(struct native_findings *f, const struct elf_file *elf);

#endif
