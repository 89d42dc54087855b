/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Addresses to names: once per distinct address, after the measurement.
 *
 * The files are opened while the process lives; reading them waits until an
 * address asks. A frame without a name says why: "[unmapped]",
 * "[no symbols: libfoo.so]+0x4d2a1", "[anonymous executable memory]".
 */
#ifndef ALLOCTAP_PROFILE_SYMBOLIZE_H
#define ALLOCTAP_PROFILE_SYMBOLIZE_H

#include "profile/builder.h"
#include "profile/image.h"
#include "target/maps.h"

struct symbolizer;

/* Adds what it finds to @b, which must outlive it. NULL with errno ENOMEM. */
struct symbolizer *symbolizer_new(struct profile_builder *b, const struct image_options *options);
void symbolizer_free(struct symbolizer *s);

/*
 * Tells that process @target (an index of the builder) has @map mapped, executable;
 * its path is "" where no file is behind it. @fd is the file, duplicated here; -1
 * where there is none or it cannot be read. The main binary's mappings come first.
 * 0 or -errno.
 */
int symbolizer_add_mapping(struct symbolizer *s, uint32_t target, const struct memory_map *map,
			   int fd);

/*
 * Names of code that process @target compiled, a file as binary/perf_map.h has it; read
 * here. They are for memory without a program's file behind it. 0 or -errno.
 */
int symbolizer_add_perf_map(struct symbolizer *s, uint32_t target, int fd);
/* Tells the user which files gave no names, and what would help. */
void symbolizer_say_nameless(const struct symbolizer *s);

/* How the kernel's walk of a stack ended. */
enum stack_end {
	STACK_END_ENTRY,     /* at the goroutine's entry */
	STACK_END_TRUNCATED, /* at the depth limit */
	STACK_END_BROKEN,    /* at a bad frame pointer */
	STACK_END_LEFT,      /* off the goroutine's stack: cgo, or a bad frame pointer */
};

/*
 * The stack with @n addresses (leaf first, the others return addresses) as an
 * index of the builder; PROFILE_NONE when out of memory. Frames that the Go
 * runtime hides from its own tracebacks (wrappers, goexit) are left out. @flags: how
 * frames were found, PROFILE_STACK_FRAME_POINTER and _NO_TABLE.
 */
uint32_t symbolizer_stack(struct symbolizer *s, uint32_t target, const uint64_t *ips, size_t n,
			  enum stack_end end, uint32_t flags);
/* A stack of one frame that stands for something else: "[lost stack]". */
uint32_t symbolizer_special_stack(struct symbolizer *s, const char *name);

#endif
