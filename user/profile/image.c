// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/path.h"
#include "binary/go_binary.h"
#include "profile/image.h"
#include "profile/native_names.h"
#include "target/maps.h"

struct image {
	char *path;
	int fd;
	bool opened;
	struct image_options *options;
	struct elf_file *elf;
	struct go_binary *go;
	struct native_names *native; /* made when first asked */
	uint64_t nameless;
};

struct image *image_new(const char *path, int fd, struct image_options *options)
{
	struct image *img = calloc(1, sizeof(*img));

	if (!img)
		return NULL;
	img->options = options;
	img->path = strdup(path);
	img->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (img->path && (fd < 0 || img->fd >= 0))
		return img;
	image_free(img);
	return NULL;
}

void image_free(struct image *img)
{
	if (!img)
		return;
	native_names_free(img->native);
	go_binary_free(img->go);
	elf_file_free(img->elf);
	if (img->fd >= 0)
		close(img->fd);
	free(img->path);
	free(img);
}

/* The kernel gives every process the same one. */
static struct elf_file *open_vdso(void)
{
	struct memory_maps maps;
	struct elf_file *elf = NULL;

	if (memory_maps_read(getpid(), &maps))
		return NULL;
	for (size_t i = 0; i < maps.n && !elf; i++) {
		const struct memory_map *m = &maps.maps[i];

		if (!strcmp(m->path, IMAGE_VDSO))
			elf = elf_file_open_mem((const void *)m->start, m->end - m->start, m->path);
	}
	memory_maps_free(&maps);
	return elf;
}

static void open_image(struct image *img)
{
	const char *why;

	if (img->opened)
		return;
	img->opened = true;
	if (!strcmp(img->path, IMAGE_VDSO))
		img->elf = open_vdso();
	else if (img->fd >= 0)
		img->elf = elf_file_open_fd(img->fd, img->path);
	else
		return;
	if (!img->elf) {
		log_debug("%s: %s: its frames get no names", img->path, elf_file_error(errno));
		return;
	}
	img->go = go_binary_open(img->elf, &why);
}

const char *image_build_id(struct image *img)
{
	open_image(img);
	return img->elf ? elf_file_build_id(img->elf) : "";
}

/* Is it in one of the packages whose frames are the runtime's own business? */
static bool in_go_runtime(const char *name, const char *file)
{
	static const char *const packages[] = {
		"runtime.", "runtime/", "internal/runtime/", "reflect.", "internal/reflectlite.",
	};

	for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
		if (!strncmp(name, packages[i], strlen(packages[i])))
			/* runtime/debug and runtime/pprof are ordinary packages. */
			return strncmp(name, "runtime/", 8) ||
			       !strncmp(name, "runtime/internal/", 17);
	}
	/* Assembly has functions without a package: "gcWriteBarrier". With -trimpath no "src". */
	return !strchr(name, '.') &&
	       (strstr(file, "/src/runtime/") || !strncmp(file, "runtime/", 8));
}

void image_frames_push(struct profile_builder *b, struct image_frames *frames,
		       const struct profile_function *f, uint32_t line)
{
	if (frames->n < IMAGE_MAX_LINES)
		frames->lines[frames->n++] = (struct profile_line){
			.function = profile_builder_function(b, f),
			.line = line,
		};
}

void image_special_frame(struct profile_builder *b, const char *name, struct image_frames *frames)
{
	str_id id = profile_builder_str(b, name);

	frames->n = 0;
	frames->outermost = "";
	image_frames_push(b, frames,
			  &(struct profile_function){
				  .name = id, .system_name = id, .category = FUNCTION_SPECIAL},
			  0);
}

/*
 * The runtime shows no compiler-made wrappers and no goexit in its tracebacks and
 * heap profiles (runtime/traceback.go, elideWrapperCalling); neither do we, so
 * that the two can be compared and merged.
 */
static bool is_hidden(const struct go_frame *f)
{
	return f->wrapper || !strcmp(f->name, "runtime.goexit");
}

/*
 * "pkg.F[go.shape.int]" is "pkg.F[...]" to people, as in the runtime's own
 * tracebacks and profiles (runtime/symtab.go, funcNameForPrint).
 */
static str_id printed_name(struct profile_builder *b, const char *name)
{
	const char *open = strchr(name, '['), *close = strrchr(name, ']');
	__auto_free char *printed = NULL;

	if (!open || !close || close < open ||
	    asprintf(&printed, "%.*s[...]%s", (int)(open - name), name, close + 1) < 0) {
		printed = NULL;
		return profile_builder_str(b, name);
	}
	return profile_builder_str(b, printed);
}

static bool add_go_frames(struct image *img, struct profile_builder *b, uint64_t vaddr,
			  struct image_frames *out)
{
	struct go_frame frames[IMAGE_MAX_LINES];
	size_t n = img->go ? go_binary_frames(img->go, vaddr, frames, IMAGE_MAX_LINES) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct go_frame *f = &frames[i];

		out->outermost = f->name;
		if (is_hidden(f))
			continue;
		image_frames_push(b, out,
				  &(struct profile_function){
					  .name = printed_name(b, f->name),
					  .system_name = profile_builder_str(b, f->name),
					  .file = profile_builder_str(b, f->file),
					  .start_line = f->start_line,
					  .category = in_go_runtime(f->name, f->file)
							      ? FUNCTION_GO_RUNTIME
							      : FUNCTION_GO,
				  },
				  f->line);
	}
	return n > 0;
}

static bool add_native_frames(struct image *img, struct profile_builder *b, uint64_t vaddr,
			      struct image_frames *out)
{
	if (!img->native)
		img->native = native_names_new(img->elf, img->fd, img->options);
	return img->native && native_names_add(img->native, b, vaddr, out);
}

/*
 * Code without a name is told apart by its address in the file, as addr2line takes it:
 * functions and call sites of a stripped program would be one row otherwise.
 */
static void nameless_frame(struct image *img, struct profile_builder *b, const uint64_t *vaddr,
			   struct image_frames *frames)
{
	char why[300], at[24] = "";

	if (vaddr)
		snprintf(at, sizeof(at), "+0x%" PRIx64, *vaddr);
	snprintf(why, sizeof(why), "[no symbols: %.250s]%s", path_base(img->path), at);
	/* What the kernel names itself, "[heap]" or "[uprobes]", is no file. */
	image_special_frame(b, *img->path == '[' ? img->path : why, frames);
}

void image_frames(struct image *img, struct profile_builder *b, uint64_t offset,
		  struct image_frames *frames)
{
	uint64_t vaddr;
	bool known;

	frames->n = 0;
	frames->outermost = "";
	open_image(img);
	known = img->elf && !elf_file_offset_to_vaddr(img->elf, offset, &vaddr);
	if (known &&
	    (add_go_frames(img, b, vaddr, frames) || add_native_frames(img, b, vaddr, frames)))
		return;
	img->nameless++;
	nameless_frame(img, b, known ? &vaddr : NULL, frames);
}

bool image_is_signal_return(struct image *img, uint64_t offset)
{
	/* mov $15, %rax or %eax; syscall */
	static const uint8_t rax[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	static const uint8_t eax[] = {0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};
	/* mov x8, #139; svc #0 */
	static const uint8_t x8[] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4};
	static const struct {
		uint16_t machine;
		const uint8_t *code;
		size_t len;
	} forms[] = {
		{EM_X86_64, rax, sizeof(rax)},
		{EM_X86_64, eax, sizeof(eax)},
		{EM_AARCH64, x8, sizeof(x8)},
	};
	uint64_t vaddr;

	open_image(img);
	if (!img->elf || elf_file_offset_to_vaddr(img->elf, offset, &vaddr))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct cursor c = elf_file_vaddr_bytes(img->elf, vaddr);
		const void *code = cursor_bytes(&c, forms[i].len);

		if (code && elf_file_machine(img->elf) == forms[i].machine &&
		    !memcmp(code, forms[i].code, forms[i].len))
			return true;
	}
	return false;
}

bool image_has_code(struct image *img)
{
	open_image(img);
	return img->elf != NULL;
}

const char *image_path(const struct image *img)
{
	return img->path;
}

uint64_t image_nameless(const struct image *img)
{
	return img->nameless;
}
