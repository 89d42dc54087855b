// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What is asked of a Go program, put together from its parts: go_pclntab.c (the
 * functions), go_module.c (the two base addresses), go_version.c.
 *
 * The only thing built is an array of name offsets, 4 bytes per function, which
 * turns finding a function by name into comparing strings that lie one behind
 * the other: on a program of 100 MB that takes 1-2 ms, and no index is faster
 * for the few dozen names that are looked for.
 */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "binary/go_module.h"
#include "binary/go_version.h"

/* Headers tried in a file that does not name the section. */
#define MAX_SCANNED 16
/* Real programs were seen to inline 6 deep. */
#define MAX_INLINED 128
/* Value table entries read per address; the largest real functions have some 14,000. */
#define FRAMES_BUDGET (1u << 18)
#define NO_NAME       UINT32_MAX

struct go_binary {
	const struct elf_file *file;
	struct go_version version;
	struct go_pclntab table;
	uint64_t text;
	struct cursor gofunc; /* failed: no inline trees */
	uint64_t types, types_end;
	uint32_t *name_offsets;
};

static bool is_wrapper(const struct go_binary *b, uint8_t func_id)
{
	/* FuncIDWrapper: runtime/symtab.go up to 1.20, internal/abi/symtab.go since. */
	if (b->version.minor < 22)
		return func_id == 21;
	return func_id == (b->version.minor < 25 ? 22 : 23);
}

static int refuse(const char **why, int err, const char *sentence)
{
	*why = sentence;
	return err;
}

static int refuse_old(const char **why)
{
	return refuse(why, -ENOTSUP,
		      "built by a Go older than 1.18; rebuild it with Go 1.18 or newer");
}

static int refuse_damaged(const char **why)
{
	return refuse(why, -EBADMSG, "its Go function table is damaged; is the file complete?");
}

static int refuse_baseless(const char **why)
{
	return refuse(why, -EBADMSG,
		      "where its Go code begins is unknown (no moduledata); is the file complete, "
		      "or built by a Go newer than this alloctap?");
}

/* No Go at all, or another compiler's? */
static int refuse_no_table(const struct elf_file *f, const char **why)
{
	const struct elf_section *s = elf_file_section(f, ".strtab");
	struct cursor names = {.failed = true};

	/* gccgo keeps export data in a section that strip leaves alone. */
	if (elf_file_section(f, ".go_export"))
		return refuse(why, -ENOTSUP,
			      "built by gccgo, which writes no Go function table; "
			      "build it with the gc compiler (plain go build)");
	/* TinyGo's assembly: src/internal/task, src/runtime/asm_*.S. */
	if (s)
		names = elf_file_section_bytes(f, s);
	if (cursor_ok(&names) && memmem(names.base, names.len, "\0tinygo_", 8))
		return refuse(why, -ENOTSUP,
			      "built by TinyGo, which has a runtime of its own; "
			      "build it with the gc compiler (plain go build)");
	return refuse(why, -ENOEXEC, "not a Go program (it holds no Go function table)");
}

static int find_version(struct go_binary *b, const char **why)
{
	bool go120 = b->table.go120;

	if (go_version_find(b->file, go120 ? 20 : 18, go120 ? INT_MAX : 19, &b->version))
		return refuse(why, -ENOTSUP,
			      "a Go program that does not say which Go built it (no build info, "
			      "no runtime.buildVersion); is the file complete, or obfuscated?");
	return b->version.minor < 18 ? refuse_old(why) : 0;
}

/*
 * Externally linked PIE before Go 1.26, or no section headers at all. What looks
 * like a header may belong to a program embedded in this one, so moduledata has
 * to point to it.
 */
static int scan_for_table(struct go_binary *b, struct go_module *m, const char **why)
{
	int result = refuse_no_table(b->file, why);
	uint64_t vaddr = 0;

	for (int i = 0; i < MAX_SCANNED && go_pclntab_scan(b->file, &vaddr); i++) {
		int err = go_pclntab_read(b->file, vaddr, &b->table);

		if (err == -ENOENT)
			continue;
		if (err) {
			result = err == -ENOTSUP ? refuse_old(why) : refuse_damaged(why);
			continue;
		}
		result = find_version(b, why);
		if (result)
			continue;
		if (!go_module_find(b->file, &b->table, b->version.minor, m))
			return 0;
		result = refuse_baseless(why);
	}
	return result;
}

static int find_table(struct go_binary *b, struct go_module *m, const char **why)
{
	const struct elf_section *s = elf_file_section(b->file, ".gopclntab");
	int err;

	if (!s)
		s = elf_file_section(b->file, ".data.rel.ro.gopclntab");
	if (!s)
		return scan_for_table(b, m, why);

	err = go_pclntab_read(b->file, s->vaddr, &b->table);
	if (err == -ENOENT)
		return refuse(why, -ENOTSUP,
			      "its Go function table is of an unknown kind: obfuscated by garble, "
			      "or newer than this alloctap; build it without garble, or update");
	if (err)
		return err == -ENOTSUP ? refuse_old(why) : refuse_damaged(why);
	err = find_version(b, why);
	if (err)
		return err;
	(void)go_module_find(b->file, &b->table, b->version.minor, m);
	return 0;
}

static int read_names(struct go_binary *b, const char **why)
{
	const struct go_pclntab *t = &b->table;
	bool has_runtime = false;

	b->name_offsets = malloc(t->n_funcs * sizeof(*b->name_offsets));
	if (!b->name_offsets)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_funcs; i++) {
		uint32_t offset = go_pclntab_name_offset(t, i);

		b->name_offsets[i] = offset;
		if (!has_runtime && offset != NO_NAME)
			has_runtime = !strncmp(t->names.data + offset, "runtime.", 8);
	}
	if (has_runtime)
		return 0;
	return refuse(why, -ENOTSUP,
		      "its function names are obfuscated (none is the runtime's); "
		      "build it without garble");
}

static void store_first(const struct go_func *func, void *ctx)
{
	struct go_func *first = ctx;

	if (!first->name)
		*first = *func;
}

/*
 * For a Go whose moduledata we do not understand: the entry point of a program
 * linked by Go itself is a Go function, and .text then begins with Go code.
 */
static uint64_t text_from_entry_point(const struct go_binary *b)
{
	const struct elf_section *s = elf_file_section(b->file, ".text");
	bool arm = elf_file_machine(b->file) == EM_AARCH64;
	struct go_func start = {0};
	uint64_t text;

	go_binary_find_funcs(b, arm ? "_rt0_arm64_linux" : "_rt0_amd64_linux", store_first, &start);
	text = elf_file_entry(b->file) - (start.entry - b->text);
	return s && start.name && s->vaddr == text ? text : 0;
}

static int find_bases(struct go_binary *b, const struct go_module *m, const char **why)
{
	b->gofunc = elf_file_vaddr_bytes(b->file, m->gofunc);
	if (!m->gofunc)
		b->gofunc.failed = true;
	b->types = m->types;
	b->types_end = m->types_end;
	b->text = m->text ? m->text : b->table.text_start;
	if (!b->text)
		b->text = text_from_entry_point(b);
	if (b->text)
		return 0;
	return refuse_baseless(why);
}

struct go_binary *go_binary_open(const struct elf_file *f, const char **why)
{
	struct go_binary *b = calloc(1, sizeof(*b));
	struct go_module module = {0};
	int err = -ENOMEM;

	*why = "out of memory";
	if (!b)
		goto fail;
	b->file = f;
	err = find_table(b, &module, why);
	if (err)
		goto fail;
	err = read_names(b, why);
	if (err)
		goto fail;
	err = find_bases(b, &module, why);
	if (err)
		goto fail;
	*why = NULL;
	return b;
fail:
	go_binary_free(b);
	errno = -err;
	return NULL;
}

void go_binary_free(struct go_binary *b)
{
	if (!b)
		return;
	free(b->name_offsets);
	free(b);
}

const struct go_version *go_binary_version(const struct go_binary *b)
{
	return &b->version;
}

bool go_binary_types(const struct go_binary *b, uint64_t *first, uint64_t *end)
{
	*first = b->types;
	*end = b->types_end;
	return b->types != 0;
}

size_t go_binary_n_funcs(const struct go_binary *b)
{
	return b->table.n_funcs;
}

bool go_binary_func(const struct go_binary *b, size_t i, struct go_func *func)
{
	struct go_record r;

	if (!go_pclntab_record(&b->table, i, &r))
		return false;
	*func = (struct go_func){
		.entry = b->text + r.entry,
		.end = b->text + r.end,
		.name = r.name,
		.wrapper = is_wrapper(b, r.func_id),
	};
	return true;
}

bool go_binary_func_at(const struct go_binary *b, uint64_t vaddr, struct go_func *func)
{
	size_t i;

	return go_pclntab_find(&b->table, vaddr - b->text, &i) && go_binary_func(b, i, func);
}

static size_t find_by_name(const struct go_binary *b, const char *name, size_t len, bool whole,
			   void (*found)(const struct go_func *func, void *ctx), void *ctx)
{
	size_t n = 0;

	for (size_t i = 0; i < b->table.n_funcs; i++) {
		const char *candidate = b->table.names.data + b->name_offsets[i];
		struct go_func func;

		if (b->name_offsets[i] == NO_NAME || strncmp(candidate, name, len) != 0)
			continue;
		if ((whole && candidate[len]) || !go_binary_func(b, i, &func) || func.wrapper)
			continue;
		found(&func, ctx);
		n++;
	}
	return n;
}

size_t go_binary_find_funcs(const struct go_binary *b, const char *name,
			    void (*found)(const struct go_func *func, void *ctx), void *ctx)
{
	return find_by_name(b, name, strlen(name), true, found, ctx);
}

size_t go_binary_find_prefix(const struct go_binary *b, const char *prefix,
			     void (*found)(const struct go_func *func, void *ctx), void *ctx)
{
	return find_by_name(b, prefix, strlen(prefix), false, found, ctx);
}

/*
 * One call that was inlined (runtime.inlinedCall). Fills @frame but for the line;
 * *@parent_pc is where in the function the call stood.
 */
static bool read_inlined_call(const struct go_binary *b, const struct go_record *r, int32_t index,
			      struct go_frame *frame, uint32_t *parent_pc)
{
	size_t size = b->table.go120 ? 16 : 20;
	struct cursor c =
		cursor_sub(&b->gofunc, r->inline_tree + (uint64_t)(uint32_t)index * size, size);
	uint8_t func_id;
	uint32_t name;

	*frame = (struct go_frame){.inlined = true};
	if (b->table.go120) {
		func_id = cursor_u8(&c);
		cursor_skip(&c, 3);
		name = cursor_u32(&c);
		*parent_pc = cursor_u32(&c);
		frame->start_line = cursor_u32(&c);
	} else {
		cursor_skip(&c, 2); /* index of the parent: found by its code instead */
		func_id = cursor_u8(&c);
		cursor_skip(&c, 1 + 4 + 4); /* pad, file and line of the call */
		name = cursor_u32(&c);
		*parent_pc = cursor_u32(&c);
	}
	frame->name = name_table_at(&b->table.names, name);
	frame->wrapper = is_wrapper(b, func_id);
	return cursor_ok(&c) && frame->name && *parent_pc < r->end - r->entry;
}

size_t go_binary_frames(const struct go_binary *b, uint64_t vaddr, struct go_frame *frames,
			size_t max)
{
	const struct go_pclntab *t = &b->table;
	size_t budget = FRAMES_BUDGET;
	int32_t index, last = INT32_MAX;
	bool lost = false;
	struct go_record r;
	size_t i, n = 0;
	uint32_t pc;

	if (!go_pclntab_find(t, vaddr - b->text, &i) || !go_pclntab_record(t, i, &r))
		return 0;
	pc = (uint32_t)(vaddr - b->text - r.entry);
	while (r.has_inline_tree && n < max && n < MAX_INLINED &&
	       go_pclntab_value(t, r.pcinline, pc, &budget, &index) && index >= 0) {
		struct go_frame *frame = &frames[n];
		uint32_t parent_pc;

		/*
		 * The compiler numbers a call before those inlined into it
		 * (cmd/internal/obj/pcln.go, addBranch), so numbers go down on the
		 * way out. In a few real programs the code that stands for the
		 * caller was given to the callee: that would go round for ever.
		 */
		lost = index >= last || !read_inlined_call(b, &r, index, frame, &parent_pc);
		if (lost)
			break;
		go_pclntab_line(t, &r, pc, &budget, &frame->file, &frame->line);
		pc = parent_pc;
		last = index;
		n++;
	}
	if (n < max) {
		struct go_frame *frame = &frames[n];

		*frame = (struct go_frame){
			.name = r.name,
			.file = "",
			.start_line = r.start_line,
			.wrapper = is_wrapper(b, r.func_id),
		};
		/* Where the call out of lost frames stood is not known either. */
		if (!lost || !n)
			go_pclntab_line(t, &r, pc, &budget, &frame->file, &frame->line);
		n++;
	}
	return n;
}
