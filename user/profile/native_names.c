// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/log.h"
#include "base/path.h"
#include "base/vec.h"
#include "binary/debug_file.h"
#include "binary/demangle.h"
#include "binary/dwarf_lines.h"
#include "binary/elf_symbols.h"
#include "profile/native_role.h"
#include "profile/native_names.h"

struct known_name {
	str_id system, readable;
	enum native_role role;
};

struct native_names {
	struct image_options *options;
	struct elf_file *debug; /* the separate file, or NULL */
	struct dwarf_lines *lines;
	/* Of the separate file, which has all of them, and of the file itself. */
	struct elf_symbols *debug_symbols, *symbols;
	/* Read once: the same functions are inlined everywhere. */
	VEC(struct known_name) known;
	struct intern index;
};

static bool has_dwarf(const struct elf_file *f)
{
	return elf_file_section(f, ".debug_info");
}

static struct dwarf_lines *read_dwarf(const struct elf_file *f, int fd, const char *path)
{
	__auto_close int alt = debug_file_open_alt(f, path, DEBUG_FILE_ROOT);
	struct dwarf_lines *lines;

	if (alt < 0 && alt != -ENODATA) {
		log_debug("%s: what dwz moved out of it is not installed: no lines", path);
		return NULL;
	}
	lines = dwarf_lines_new(fd, alt);
	if (!lines)
		log_debug("%s: its debug information cannot be read", path);
	return lines;
}

static int fetch_debug(const struct elf_file *elf, struct image_options *options)
{
	const char *build_id = elf_file_build_id(elf);
	int fd;

	if (!*build_id)
		return -ENOENT;
	log_info("%s: asking debuginfod for build ID %s", elf_file_name(elf), build_id);
	fd = debug_file_fetch(build_id);
	if (fd == -ENOSYS) {
		options->debuginfod = false;
		log_warn("debuginfod cannot be asked: install libdebuginfod1 and set "
			 "DEBUGINFOD_URLS");
	} else if (fd == -ETIME) {
		/* Each file would wait as long. */
		options->debuginfod = false;
		log_warn("debuginfod does not answer (waited DEBUGINFOD_TIMEOUT=%s s): names of "
			 "further files are not asked for",
			 getenv("DEBUGINFOD_TIMEOUT") ?: "90");
	} else if (fd < 0) {
		log_info("%s: not there: %s", elf_file_name(elf), strerror(-fd));
	}
	return fd;
}

static void open_separate(struct native_names *n, const struct elf_file *elf, const char *path)
{
	__auto_free char *found = NULL;
	__auto_close int fd = debug_file_open(elf, path, DEBUG_FILE_ROOT, &found);

	if (fd < 0 && n->options->debuginfod)
		fd = fetch_debug(elf, n->options);
	if (fd < 0)
		return;
	n->debug = elf_file_open_fd(fd, found ? found : path);
	if (!n->debug)
		return;
	n->debug_symbols = elf_symbols_new(n->debug);
	n->lines = read_dwarf(n->debug, fd, found ? found : path);
}

struct native_names *native_names_new(const struct elf_file *elf, int fd,
				      struct image_options *options)
{
	struct native_names *n = calloc(1, sizeof(*n));
	__auto_free char *path = fd < 0 ? NULL : path_of_fd(fd);

	if (!n)
		return NULL;
	n->options = options;
	n->symbols = elf_symbols_new(elf);
	if (!n->symbols) {
		native_names_free(n);
		errno = ENOMEM;
		return NULL;
	}
	if (path && has_dwarf(elf))
		n->lines = read_dwarf(elf, fd, path);
	else if (path)
		open_separate(n, elf, path);
	return n;
}

void native_names_free(struct native_names *n)
{
	if (!n)
		return;
	vec_free(&n->known);
	intern_free(&n->index);
	dwarf_lines_free(n->lines);
	elf_symbols_free(n->debug_symbols);
	elf_symbols_free(n->symbols);
	elf_file_free(n->debug);
	free(n);
}

/* "" where there is none. */
static const char *symbol_at(const struct native_names *n, uint64_t vaddr)
{
	const struct elf_symbol *s = NULL;

	if (n->debug_symbols)
		s = elf_symbols_at(n->debug_symbols, vaddr);
	if (!s)
		s = elf_symbols_at(n->symbols, vaddr);
	return s ? s->name : "";
}

/* What the linker calls it, or else the source. */
static const char *system_name(const struct dwarf_frame *f)
{
	return *f->linkage_name ? f->linkage_name : f->name;
}

/*
 * Of a function that was not inlined the symbol is better, unless DWARF has the mangled
 * name: C libraries have internal names, "__GI___libc_malloc", for what all call malloc.
 */
static const char *outermost_name(const struct dwarf_frame *f, const char *symbol)
{
	const char *name = system_name(f);

	return demangle_is_mangled(name) || !*symbol ? name : symbol;
}

/* "memcpy@@GLIBC_2.14" and "memcpy.cold" are memcpy. */
static str_id plain_name(struct profile_builder *b, const char *name)
{
	static const char *const suffixes[] = {
		"@",           ".cold",  ".part.",     ".isra.",
		".constprop.", ".llvm.", ".lto_priv.", ".localalias",
	};
	__auto_free char *plain = strdup(name);

	for (size_t i = 0; plain && i < ARRAY_SIZE(suffixes); i++) {
		char *at = strstr(plain, suffixes[i]);

		if (at > plain)
			*at = 0;
	}
	return profile_builder_str(b, plain ? plain : name);
}

static bool is_known(const void *ctx, uint32_t id, const void *key)
{
	const struct native_names *n = ctx;

	return n->known.data[id].system == *(const str_id *)key;
}

static bool is_named_allocator(const struct image_options *o, const char *name)
{
	for (size_t i = 0; i < o->n_allocators; i++) {
		if (!strcmp(o->allocators[i].symbol, name))
			return true;
	}
	return false;
}

static struct known_name look_up(struct native_names *n, struct profile_builder *b,
				 const char *system)
{
	struct known_name k = {.system = profile_builder_str(b, system)};
	uint64_t hash = hash_bytes(&k.system, sizeof(k.system), 0);
	uint32_t id = intern_find(&n->index, hash, is_known, n, &k.system);
	__auto_free char *readable = NULL;

	if (id != INTERN_NONE)
		return n->known.data[id];
	readable = demangle(system);
	k.readable = readable ? profile_builder_str(b, readable) : plain_name(b, system);
	k.role = is_named_allocator(n->options, system) ? NATIVE_ALLOCATOR : native_role(system);
	/* Without room it is read again, no more. */
	if (!vec_push(&n->known, k))
		(void)intern_add(&n->index, hash, (uint32_t)n->known.n - 1);
	return k;
}

static str_id file_name(struct profile_builder *b, const struct dwarf_frame *f)
{
	__auto_free char *joined = NULL;

	if (!*f->directory || asprintf(&joined, "%s/%s", f->directory, f->file) < 0) {
		joined = NULL;
		return profile_builder_str(b, f->file);
	}
	return profile_builder_str(b, joined);
}

static void add_frame(struct native_names *n, struct profile_builder *b,
		      const struct dwarf_frame *f, const char *system, bool in_allocator,
		      struct image_frames *out)
{
	struct known_name known = look_up(n, b, system);
	struct profile_function function = {
		.name = known.readable,
		.system_name = known.system,
		.file = file_name(b, f),
		.start_line = f->start_line,
		.category = in_allocator || known.role != NATIVE_PLAIN ? FUNCTION_NATIVE_ALLOCATOR
								       : FUNCTION_NATIVE,
	};

	out->outermost = system;
	image_frames_push(b, out, &function, f->line);
}

bool native_names_add(struct native_names *n, struct profile_builder *b, uint64_t vaddr,
		      struct image_frames *out)
{
	struct dwarf_frame frames[IMAGE_MAX_LINES];
	size_t count = n->lines ? dwarf_lines_at(n->lines, vaddr, frames, IMAGE_MAX_LINES) : 0;
	const char *outermost;
	bool in_allocator;

	if (!count)
		frames[count++] = (struct dwarf_frame){
			.name = "", .linkage_name = "", .file = "", .directory = ""};
	outermost = outermost_name(&frames[count - 1], symbol_at(n, vaddr));
	if (!*outermost)
		return false;
	/* What was inlined into an allocator is part of it. */
	in_allocator = look_up(n, b, outermost).role == NATIVE_ALLOCATOR;
	for (size_t i = 0; i + 1 < count; i++) {
		const char *name = system_name(&frames[i]);

		add_frame(n, b, &frames[i], *name ? name : "(unnamed)", in_allocator, out);
	}
	add_frame(n, b, &frames[count - 1], outermost, in_allocator, out);
	return true;
}
