/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of C, C++ and Rust functions of one file, from all places that may have them. */
#ifndef ALLOCTAP_PROFILE_NATIVE_NAMES_H
#define ALLOCTAP_PROFILE_NATIVE_NAMES_H

#include "binary/elf_file.h"
#include "profile/image.h"

struct native_names;

/*
 * Looks for debug information in the file, whose descriptor is @fd (-1: none), in its
 * separate debug file, and at debuginfod servers if @options say so. @elf and @options must
 * outlive it. NULL with errno ENOMEM.
 */
struct native_names *native_names_new(const struct elf_file *elf, int fd,
				      struct image_options *options);
void native_names_free(struct native_names *n);
/* Adds the functions around link-time address @vaddr. False where there is no name. */
bool native_names_add(struct native_names *n, struct profile_builder *b, uint64_t vaddr,
		      struct image_frames *out);

#endif
