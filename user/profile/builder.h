/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Makes a profile. Each add function interns what it is given and returns an id
 * that stays valid in the finished profile, or PROFILE_NONE when out of memory;
 * the builder remembers that failure, so that callers may check just once, at
 * the end. Passing PROFILE_NONE on is harmless.
 */
#ifndef ALLOCTAP_PROFILE_BUILDER_H
#define ALLOCTAP_PROFILE_BUILDER_H

#include "profile/profile.h"

struct profile_builder;

struct profile_builder *profile_builder_new(void);
void profile_builder_free(struct profile_builder *b);

str_id profile_builder_str(struct profile_builder *b, const char *s);
/* Numbered in the order they come, though they be alike: a process that ran two programs. */
uint32_t profile_builder_target(struct profile_builder *b, const struct profile_target *target);
uint32_t profile_builder_mapping(struct profile_builder *b, const struct profile_mapping *m);
uint32_t profile_builder_function(struct profile_builder *b, const struct profile_function *f);
/* Interned by (address, mapping, lines). Without lines it gets one: "[unknown]". */
uint32_t profile_builder_location(struct profile_builder *b, uint64_t address, uint32_t mapping,
				  const struct profile_line *lines, size_t n_lines);
/* Interned by (locations, flags). Without locations it gets one: "[no stack]". */
uint32_t profile_builder_stack(struct profile_builder *b, const uint32_t *locations, size_t n,
			       uint32_t flags);
/*
 * Interned by everything in it; @fields are its own (type->first_field and
 * n_fields are not read). Type 0 is there from the start: "", not known.
 */
uint32_t profile_builder_type(struct profile_builder *b, const struct profile_type *type,
			      const struct profile_field *fields, size_t n_fields);
/* The name of a type, valid until the next add; "" where there is no such type. */
const char *profile_builder_type_name(const struct profile_builder *b, uint32_t type);
/*
 * The name of the @i-th line of a stack from the leaf, inlined ones included;
 * NULL where there are fewer. Valid until the next add.
 */
const char *profile_builder_stack_line(const struct profile_builder *b, uint32_t stack, size_t i);
/* Samples with equal (target, stack, kind, epoch, type) are added up. 0 or -ENOMEM. */
int profile_builder_sample(struct profile_builder *b, const struct profile_sample *s);
/* Growths with all but count and entries equal are added up. 0 or -ENOMEM. */
int profile_builder_growth(struct profile_builder *b, const struct profile_growth *g);
/*
 * Kept as they come; the finished profile has them in order. A heap that no
 * memory could hold is taken as not known. 0 or -ENOMEM.
 */
int profile_builder_gc_cycle(struct profile_builder *b, const struct profile_gc_cycle *c);
int profile_builder_gc_pause(struct profile_builder *b, const struct profile_gc_pause *pause);
int profile_builder_gc_pool(struct profile_builder *b, const struct profile_gc_pool *pool);
int profile_builder_memory(struct profile_builder *b, const struct profile_memory *m);
/* Added up to bins of (time, target), whatever part of one the time is in. 0 or -ENOMEM. */
int profile_builder_bin(struct profile_builder *b, const struct profile_bin *bin);
/*
 * Rows of one target and stack are added up, their peaks too; the oldest is the
 * older of both. 0 or -ENOMEM.
 */
int profile_builder_live(struct profile_builder *b, const struct profile_live *live);
/* @count of 0 is kept out. */
int profile_builder_loss(struct profile_builder *b, const char *reason, const char *text,
			 uint64_t count);

/*
 * Hands the snapshot over and empties @b (free it still). Scalars of the
 * profile (duration, cost, mode, heap) are the caller's to set on the result before
 * it is shown to anybody. NULL with errno ENOMEM if any add had failed.
 */
struct profile *profile_builder_finish(struct profile_builder *b);

#endif
