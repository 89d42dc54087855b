/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A mapped file and what names it can give, read when first asked. */
#ifndef ALLOCTAP_PROFILE_IMAGE_H
#define ALLOCTAP_PROFILE_IMAGE_H

#include "profile/builder.h"

struct image;

/* @fd is duplicated; -1 makes an image that knows no names. NULL with errno ENOMEM. */
struct image *image_new(const char *path, int fd);
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
/* One special function, "[unmapped]" and its like. */
void image_special_frame(struct profile_builder *b, const char *name, struct image_frames *frames);

#endif
