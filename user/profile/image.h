/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A mapped file and what names it can give, read when first asked. */
#ifndef ALLOCTAP_PROFILE_IMAGE_H
#define ALLOCTAP_PROFILE_IMAGE_H

#include "probe/native_plan.h"
#include "profile/builder.h"

struct image;

/* What the kernel calls the code it maps into every process; it is in no file. */
#define IMAGE_VDSO "[vdso]"

struct image_options {
	bool debuginfod; /* fetch debug information that is not installed; reset where none can be */
	/* Functions that allocate for others, besides those known to native_role(). */
	const struct native_custom *allocators;
	size_t n_allocators;
};

/*
 * @fd is duplicated; -1 makes an image that knows no names, unless @path is IMAGE_VDSO.
 * @options must outlive it. NULL with errno ENOMEM.
 */
struct image *image_new(const char *path, int fd, struct image_options *options);
void image_free(struct image *img);
/* The build ID in hex, "" where there is none. */
const char *image_build_id(struct image *img);

#define IMAGE_MAX_LINES 64

struct image_frames {
	struct profile_line lines[IMAGE_MAX_LINES]; /* innermost first */
	size_t n;
	/* Outermost function; points into the file or is static. */
	const char *outermost;
};

/*
 * The functions around file offset @offset, added to @b, with those left out that
 * the Go runtime hides. n may become 0 then. A place without a name gives one
 * special function that says why.
 */
void image_frames(struct image *img, struct profile_builder *b, uint64_t offset,
		  struct image_frames *frames);
/*
 * Is this where a signal handler returns to, which is the call that ends it? What it
 * interrupted had called nothing.
 */
bool image_is_signal_return(struct image *img, uint64_t offset);
/* False for memory without a file, and files that are not ELF. */
bool image_has_code(struct image *img);
const char *image_path(const struct image *img);
/* How many places without a name image_frames() was asked for. */
uint64_t image_nameless(const struct image *img);
/* Adds a function to @frames, as its outermost so far; beyond IMAGE_MAX_LINES it is left out. */
void image_frames_push(struct profile_builder *b, struct image_frames *frames,
		       const struct profile_function *f, uint32_t line);
/* One special function, "[unmapped]" and its like. */
void image_special_frame(struct profile_builder *b, const char *name, struct image_frames *frames);

#endif
