// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The runtime passes no type where the collector need not look inside: then the
 * function that called the allocator knows what it is. These are all that do
 * so in the sources of Go 1.18 to 1.27 (mallocgc(..., nil, ...) in src/runtime),
 * but for some that allocate once in a process's life.
 *
 * Such a function may work for somebody whose own name says more: bytes that
 * strings.Builder asked for will be a string.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "profile/untyped.h"

#define STRING   "[string bytes]"
#define BYTES    "[]byte"
#define RUNES    "[]rune"
#define ELEMENTS "[slice of pointer-free elements]"
#define CHANNEL  "[channel buffer]"
#define MERGED   "[merged small variables]"

/* cmd/compile/internal/ssagen/ssa.go: maxAggregatedHeapAllocation, since Go 1.25. */
#define MERGED_SINCE_MINOR 25
#define MERGED_MAX_BYTES   16

/* Deeper than a stack is kept, inlined frames counted: only for stacks without an end. */
#define MAX_LINES 4096

struct maker {
	const char *prefix; /* of the function's name */
	const char *makes;
};

/* The first that fits counts. */
static const struct maker makers[] = {
	{"runtime.concatstring", STRING},      {"runtime.rawstring", STRING},
	{"runtime.slicebytetostring", STRING}, {"runtime.slicerunetostring", STRING},
	{"runtime.intstring", STRING},         {"runtime.gostring", STRING},
	{"runtime.rawbyteslice", BYTES},       {"runtime.stringtoslicebyte", BYTES},
	{"runtime.concatbyte", BYTES},         {"internal/bytealg.MakeNoZero", BYTES},
	{"runtime.bytealg_MakeNoZero", BYTES}, {"runtime.rawruneslice", RUNES},
	{"runtime.stringtoslicerune", RUNES},  {"runtime.growslice", ELEMENTS},
	{"runtime.makeslice", ELEMENTS},       {"runtime.moveSlice", ELEMENTS},
	{"runtime.makechan", CHANNEL},
};

/* Whose slices of pointer-free elements can be of one kind only. */
static const struct maker owners[] = {
	{"strings.(*Builder).", STRING},
	{"bytes.", BYTES},
	{"strconv.", BYTES},
	{"fmt.(*buffer).", BYTES},
};

static bool begins_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static const char *look_up(const struct maker *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (begins_with(name, table[i].prefix))
			return table[i].makes;
	}
	return NULL;
}

/*
 * The first function from the leaf that is not the allocator, and its place; ""
 * where there is none. Valid until the next add to @b.
 */
static const char *asking_function(const struct profile_builder *b, uint32_t stack, size_t *line)
{
	const char *name;

	for (*line = 0; *line < MAX_LINES; ++*line) {
		name = profile_builder_stack_line(b, stack, *line);
		if (!name)
			break;
		if (!begins_with(name, "runtime.mallocgc"))
			return name;
	}
	return "";
}

/* What the function behind those that make @makes would call it. */
static const char *owner_of(const struct profile_builder *b, uint32_t stack, size_t line,
			    const char *makes)
{
	const char *name, *owned;

	if (strcmp(makes, ELEMENTS) && strcmp(makes, BYTES))
		return makes;
	do {
		name = profile_builder_stack_line(b, stack, ++line);
	} while (name && look_up(makers, ARRAY_SIZE(makers), name));
	owned = name ? look_up(owners, ARRAY_SIZE(owners), name) : NULL;
	return owned ? owned : makes;
}

/*
 * The compiler calls the allocator without a type, and without a function of the
 * runtime's between, in two places: for variables that it merges, and for
 * make([]T, n) with a copy() behind it (cmd/compile/internal/walk/builtin.go,
 * walkMakeSliceCopy).
 */
static const char *inlined_by_compiler(const struct untyped *u)
{
	return u->minor >= MERGED_SINCE_MINOR && u->bytes <= MERGED_MAX_BYTES ? MERGED : ELEMENTS;
}

void untyped_name(const struct profile_builder *b, const struct untyped *u, char *buf, size_t size)
{
	size_t line;
	const char *name = asking_function(b, u->stack, &line);
	const char *makes = look_up(makers, ARRAY_SIZE(makers), name);
	bool named = *name && *name != '[';

	if (makes)
		snprintf(buf, size, "%s", owner_of(b, u->stack, line, makes));
	else if (named && !begins_with(name, "runtime."))
		snprintf(buf, size, "%s", inlined_by_compiler(u));
	else if (named)
		snprintf(buf, size, "[no type: %s]", name);
	else
		snprintf(buf, size, "[no type]");
}

bool untyped_is_slice(const struct profile_builder *b, uint32_t stack)
{
	size_t line;
	const char *makes = look_up(makers, ARRAY_SIZE(makers), asking_function(b, stack, &line));

	return makes && !strcmp(makes, ELEMENTS);
}
