// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/vec.h"
#include "binary/debug_file.h"
#include "binary/dwarf_inlined.h"
#include "probe/native_copies.h"
#include "probe/native_find.h"
#include "probe/native_inlined.h"

/* There are not as many names in the tables. */
#define MAX_FUNCTIONS 256
#define MAX_NAME      4096

struct search {
	struct native_inlined *in;
	struct native_copies *copies;
	const struct native_request *request;
};

static const uint32_t max_entries[] = {
	[NATIVE_INLINED_BRIEFLY] = 400000,
	[NATIVE_INLINED_THOROUGHLY] = 20000000,
};

/*
 * Functions of templates have no linker's name where all of them were inlined: how their
 * names begin, a part of them, and how they end but for arguments of the template. absl's
 * resize() is too long to be inlined, and too many others are called so.
 */
static const struct {
	const char *scope, *part, *name;
	enum native_op op;
} templates[] = {
	{"std::", "", "__tree_balance_after_insert", NATIVE_TREE_INSERT},
	{"std::", "__hash_table<", "__rehash", NATIVE_REHASH},
	{"std::", "__hash_table<", "__do_rehash", NATIVE_REHASH},
	{"hashbrown::", "RawTable", "reserve_rehash", NATIVE_REHASH},
};

/* Is @name called @plain, with arguments of a template behind it or not? */
static bool is_called(const char *name, const char *plain)
{
	size_t len = strlen(plain);

	return !strncmp(name, plain, len) && (!name[len] || name[len] == '<');
}

/* A function of C, or anything by the linker's name. */
static bool match_symbol(const struct search *s, const char *name,
			 struct native_inlined_function *f)
{
	struct native_found found = {0};

	if (!native_find_match(s->request, name, &found))
		return false;
	f->name = found.function.name;
	f->custom = found.custom;
	f->kind = native_op_kind(found.function.op);
	return true;
}

static bool match_template(const struct search *s, const char *name,
			   struct native_inlined_function *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(templates); i++) {
		const char *at = name;

		if (!native_request_has(s->request, templates[i].op) ||
		    strncmp(name, templates[i].scope, strlen(templates[i].scope)) != 0 ||
		    !strstr(name, templates[i].part))
			continue;
		f->name = templates[i].name;
		f->kind = native_op_kind(templates[i].op);
		while ((at = strstr(at, "::"))) {
			at += 2;
			if (is_called(at, f->name))
				return true;
		}
	}
	return false;
}

static bool may_be_wanted(void *ctx, const char *name, const char *linkage_name)
{
	struct native_inlined_function f;

	for (size_t i = 0; i < ARRAY_SIZE(templates) && !*linkage_name; i++) {
		if (is_called(name, templates[i].name))
			return true;
	}
	return match_symbol(ctx, *linkage_name ? linkage_name : name, &f);
}

static int wanted(void *ctx, const char *name, const char *linkage_name)
{
	const struct search *s = ctx;
	struct native_inlined *in = s->in;
	struct native_inlined_function f = {0};
	bool known;

	if (!*linkage_name && strstr(name, "::"))
		known = match_template(s, name, &f);
	else
		known = match_symbol(s, *linkage_name ? linkage_name : name, &f);
	if (!known)
		return -1;
	for (size_t i = 0; i < in->n; i++) {
		if (!strcmp(in->functions[i].name, f.name))
			return (int)i;
	}
	if (in->n == MAX_FUNCTIONS ||
	    vec_grow((void **)&in->functions, &in->cap, in->n + 1, sizeof(f)))
		return -1;
	in->functions[in->n] = f;
	return (int)in->n++;
}

static int found_copy(void *ctx, int which, const struct inlined_place *from)
{
	const struct search *s = ctx;
	struct native_inlined_function *f = &s->in->functions[which];
	const char *slash = strrchr(from->file, '/');
	struct native_inlined_place *to;
	int passes_on = 0;

	/* Pieces of a home-made one are told apart from the blocks it cuts them from. */
	for (size_t i = 0; i < from->n_code && !f->custom && !passes_on; i++)
		passes_on = native_copies_call_tapped(s->copies, f->kind, from->code[i].first,
						      from->code[i].end);
	if (passes_on)
		return passes_on < 0 ? passes_on : 0;
	f->copies++;
	if (f->n_places == NATIVE_INLINED_PLACES)
		return 0;
	to = &f->places[f->n_places];
	*to = (struct native_inlined_place){
		.function = strndup(from->function, MAX_NAME),
		.file = strndup(slash ? slash + 1 : from->file, MAX_NAME),
		.line = from->line,
	};
	f->n_places++;
	return to->function && to->file ? 0 : -ENOMEM;
}

/* The debug information of @elf: *@fd, and in *@alt what dwz moved out of it, or -1. */
static int open_debug(const struct elf_file *elf, int own, enum native_inlined_effort effort,
		      int *fd, int *alt)
{
	__auto_free char *path = path_of_fd(own), *found = NULL;
	struct elf_file *separate;

	if (!path)
		return -ENOMEM;
	if (elf_file_section(elf, ".debug_info")) {
		*alt = debug_file_open_alt(elf, path, DEBUG_FILE_ROOT);
		*fd = fcntl(own, F_DUPFD_CLOEXEC, 3);
		return *fd < 0 ? -ENOMEM : 0;
	}
	if (effort == NATIVE_INLINED_BRIEFLY)
		return -ENODATA;
	*fd = debug_file_open(elf, path, DEBUG_FILE_ROOT, &found);
	if (*fd < 0)
		return -ENODATA;
	separate = elf_file_open_fd(*fd, found);
	if (separate)
		*alt = debug_file_open_alt(separate, found, DEBUG_FILE_ROOT);
	elf_file_free(separate);
	return separate ? 0 : -ENODATA;
}

/* What was asked about, and was never copied. */
static void drop_uncopied(struct native_inlined *in)
{
	size_t n = 0;

	for (size_t i = 0; i < in->n; i++) {
		if (in->functions[i].copies)
			in->functions[n++] = in->functions[i];
	}
	in->n = n;
}

int native_inlined_find(struct native_inlined *in, const struct elf_file *elf, int fd,
			const struct native_request *request, enum native_inlined_effort effort)
{
	struct search s = {.in = in, .request = request};
	struct inlined_search search = {
		.wanted = wanted,
		.may_be_wanted = may_be_wanted,
		.found = found_copy,
		.ctx = &s,
		.max_entries = max_entries[effort],
	};
	__auto_close int debug = -1, alt = -1;
	int err;

	*in = (struct native_inlined){0};
	/* Its copies of malloc call libc's, through a pointer. */
	if (native_is_loader(elf))
		return 0;
	err = open_debug(elf, fd, effort, &debug, &alt);
	if (!err && alt < 0 && alt != -ENODATA)
		err = -ENODATA; /* names are in what is not installed */
	if (!err) {
		s.copies = native_copies_new(elf, request);
		err = s.copies ? dwarf_inlined_find(debug, alt, &search) : -ENOMEM;
	}
	native_copies_free(s.copies);
	in->untold = err == -ENODATA;
	in->cut = err == -E2BIG;
	drop_uncopied(in);
	return err == -ENOMEM ? err : 0;
}

void native_inlined_free(struct native_inlined *in)
{
	for (size_t i = 0; i < in->n; i++) {
		struct native_inlined_function *f = &in->functions[i];

		for (size_t k = 0; k < f->n_places; k++) {
			free(f->places[k].function);
			free(f->places[k].file);
		}
	}
	free(in->functions);
	*in = (struct native_inlined){0};
}

const char *native_inlined_places(const struct native_inlined_function *f, char *text, size_t size)
{
	FILE *out = fmemopen(text, size, "w");

	if (!out)
		return "";
	for (size_t i = 0; i < f->n_places; i++) {
		const struct native_inlined_place *p = &f->places[i];

		fprintf(out, "%s%s", i ? ", " : "", *p->function ? p->function : "(unnamed)");
		if (*p->file && p->line)
			fprintf(out, " (%s:%" PRIu32 ")", p->file, p->line);
	}
	if (f->copies > f->n_places)
		fprintf(out, " and %" PRIu64 " more", f->copies - f->n_places);
	fclose(out);
	text[size - 1] = 0;
	return text;
}
