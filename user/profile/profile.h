/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What was seen: one immutable snapshot that every report and exporter reads.
 *
 * Tables refer to each other by index, never by pointer, in one direction:
 *
 *	sample -> stack -> location -> function -> string
 *	growth -> target               -> mapping
 *	       -> type -> field
 *
 * A snapshot is made by a profile_builder, or read back from a recording.
 */
#ifndef ALLOCTAP_PROFILE_PROFILE_H
#define ALLOCTAP_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Index into the string table; 0 is "". */
typedef uint32_t str_id;

#define PROFILE_NONE UINT32_MAX

enum profile_kind {
	PROFILE_ALLOC = 0, /* same numbers as enum sample_kind in bpf/alloctap.h */
	PROFILE_MAP_INSERT = 1,
	PROFILE_WB_FLUSH = 3,  /* 2 are map growths: they have a table of their own */
	PROFILE_GC_ASSIST = 4, /* allocations that had to help the GC mark */
	/* Native heaps: what was freed, under the stack that had allocated it. */
	PROFILE_FREE = 5,
	/* The address space: calls, and bytes asked for, given back or grown by. */
	PROFILE_MMAP = 6,
	PROFILE_MUNMAP = 7,
	PROFILE_MREMAP = 8,
	PROFILE_BRK = 9,
	PROFILE_KIND_MAX
};

/* What a function belongs to; decides its colour and which frames a site skips. */
enum function_category {
	FUNCTION_SPECIAL = 0, /* "[lost stack]", "[unmapped]", "[no symbols: x]+0x1f" */
	FUNCTION_GO = 1,
	FUNCTION_GO_RUNTIME = 2, /* runtime.*, its map and reflect internals */
	FUNCTION_NATIVE = 3,
	FUNCTION_NATIVE_ALLOCATOR = 4,
	FUNCTION_CATEGORY_MAX
};

enum profile_stack_flags {
	PROFILE_STACK_TRUNCATED = 1 << 0, /* same numbers as enum stack_flags */
	PROFILE_STACK_BROKEN = 1 << 1,
	PROFILE_STACK_CGO = 1 << 2,
	/* A frame was passed by its frame pointer, for want of an unwind row. Whole all the same. */
	PROFILE_STACK_FRAME_POINTER = 1 << 3,
	/* ... in code that no unwind table covers at all. With _BROKEN: that is where it ended. */
	PROFILE_STACK_NO_TABLE = 1 << 4,
};

struct profile_target {
	uint32_t pid;
	str_id comm;
	str_id exe;
	str_id runtime;   /* "go" */
	str_id version;   /* "go1.26.8" */
	uint32_t ppid;    /* 0: not known */
	str_id container; /* the ID of the container it runs in; "": in none */
	str_id allocator; /* whose native functions were tapped: "glibc", "jemalloc"; "": none */
	/* Nanoseconds since the recording began. 0: it ran when it began; still ran when it ended. */
	uint64_t start_ns, end_ns;
	/*
	 * How long of that it had files without probes in them yet, as its program or a
	 * library had not been seen before: what it allocated there meanwhile is missing.
	 */
	uint64_t untapped_ns;
};

struct profile_mapping {
	uint64_t start, limit; /* addresses in the target */
	uint64_t offset;       /* in the file */
	uint32_t target;
	str_id file;
	str_id build_id; /* hex, or "" */
};

struct profile_function {
	str_id name;
	str_id system_name; /* as the linker wrote it; same as name where not mangled */
	str_id file;
	uint32_t start_line; /* 0: unknown */
	enum function_category category;
};

/* One source position; several per location where functions were inlined. */
struct profile_line {
	uint32_t function;
	uint32_t line; /* 0: unknown */
};

struct profile_location {
	/* The call for non-leaf frames: return address - 1. 0: no frame, as "[lost stack]". */
	uint64_t address;
	uint32_t mapping; /* or PROFILE_NONE */
	/* In profile.lines, innermost function first; at least one, next to the last location's. */
	uint32_t first_line, n_lines;
};

struct profile_stack {
	/* In profile.stack_locations, leaf first; at least one, next to the last stack's. */
	uint32_t first_location, n_locations;
	uint32_t flags; /* enum profile_stack_flags */
};

enum profile_type_flags {
	PROFILE_TYPE_SWISS = 1 << 0,      /* a map of groups of 8 slots; else of buckets of 8 */
	PROFILE_TYPE_KEY_BOXED = 1 << 1,  /* over 128 bytes: a heap object for each key */
	PROFILE_TYPE_ELEM_BOXED = 1 << 2, /* ... for each value */
};

/* A type as the runtime describes it, or what stands for one: "[string bytes]". */
struct profile_type {
	uint64_t size;
	uint64_t ptr_bytes;             /* of them may hold pointers */
	uint64_t length;                /* of arrays */
	uint64_t group_size, slot_size; /* of maps: a group or bucket; key and value in it */
	str_id name;                    /* as reflect prints it: "main.User" */
	str_id package;                 /* import path; "" where no package declares it */
	uint32_t kind;                  /* enum go_kind; 0: not a type of the runtime's */
	uint32_t hash;                  /* the runtime's; tells types of equal names apart */
	uint32_t align;
	uint32_t flags;            /* enum profile_type_flags */
	uint32_t key, elem, group; /* of maps; elem of arrays and slices too. 0: not known */
	/* Of structs, in profile.fields by offset. 0 also where they were not read. */
	uint32_t first_field, n_fields;
};

struct profile_field {
	uint64_t offset;
	str_id name;
	uint32_t type; /* in profile.types */
	bool embedded;
};

struct profile_sample {
	uint32_t target;
	uint32_t stack;
	enum profile_kind kind;
	/* GC cycles that had begun when it happened: what filled the heap before cycle epoch + 1. */
	uint32_t epoch;
	uint32_t type; /* allocated, or of the map; in profile.types, 0: not known */
	uint64_t objects;
	uint64_t bytes;     /* as the heap charged them (size class, pages) */
	uint64_t requested; /* as the program asked for them */
	uint64_t entries;   /* map inserts: the most the map held at one of them */
	/*
	 * GC assists: time of the goroutine in them. Those whose leaf is
	 * runtime.gcParkAssist waited for others to mark, the rest marked. Of these the
	 * epoch is the cycle that was helped.
	 */
	uint64_t ns;
};

enum profile_growth_how {
	PROFILE_GROWTH_DOUBLE = 0, /* same numbers as enum map_growth in bpf/alloctap.h */
	PROFILE_GROWTH_SAME_SIZE = 1,
	PROFILE_GROWTH_OVERFLOW = 2,
	PROFILE_GROWTH_SPLIT = 3,
	PROFILE_GROWTH_MAX
};

/* Maps that grew alike; the stack's leaf is the function that grew them. */
struct profile_growth {
	uint32_t target;
	uint32_t stack;
	uint32_t type; /* of the map; 0: not known */
	enum profile_growth_how how;
	uint32_t level;   /* log2 of the slots (of 8 each bucket) of the table before */
	uint32_t map;     /* tells maps that split apart; 0 for the other ways */
	uint64_t count;   /* growths */
	uint64_t entries; /* the most a map held then */
};

enum profile_gc_trigger {
	PROFILE_GC_HEAP = 0,   /* the heap reached its goal */
	PROFILE_GC_TIME = 1,   /* no cycle for two minutes */
	PROFILE_GC_FORCED = 2, /* runtime.GC() or debug.FreeOSMemory() */
	PROFILE_GC_UNKNOWN = 3,
	PROFILE_GC_TRIGGER_MAX
};

/* No heap is larger (the address space of a process has 2^47 bytes). */
#define PROFILE_HEAP_MAX (1ull << 47)

/*
 * A cycle of a garbage collector. Times are nanoseconds since the recording began.
 * A cycle that ran when it began or ended has start_ns or end_ns of 0.
 */
struct profile_gc_cycle {
	uint64_t start_ns,
		end_ns; /* marking: from the decision to start to the end of mark termination */
	/* Bytes, as the runtime's pacer has them at the start; 0: not known, or none. */
	uint64_t heap_live, heap_goal;
	uint64_t memory_limit; /* 0: none, or not known */
	/*
	 * What was found dead is swept, beside the program and up to the next cycle at the
	 * latest. 0: not known.
	 */
	uint64_t sweep_start_ns, sweep_end_ns;
	uint32_t target;
	uint32_t
		epoch; /* 1 is the first that began while recording; samples before it have epoch - 1 */
	enum profile_gc_trigger trigger;
	uint32_t stack;     /* of whoever started it */
	int32_t gc_percent; /* GOGC; -1: off */
	str_id name;        /* what the runtime calls it: "" for Go; "generation 2", "G1 Young" */
};

/* The world stood still. */
struct profile_gc_pause {
	uint64_t start_ns;    /* when it was asked to stop */
	uint64_t stopping_ns; /* until every thread stood */
	uint64_t stopped_ns;  /* until they were let go */
	uint32_t target;
	uint32_t epoch; /* of the cycle it belongs to; 0: not a GC's, or one that began before */
	str_id reason;  /* "GC mark termination", "read mem stats": the runtime's own words */
	bool gc;        /* a phase of a collection */
	uint32_t stack; /* of whoever stopped it */
};

/* How often a recording looks at the live heap, at most. */
#define PROFILE_SNAPSHOTS_MAX 8

/* What lives of all that a stack allocated. Of recordings with --live. */
struct profile_live {
	uint32_t target;
	uint32_t stack;
	uint64_t objects, bytes; /* when the recording ended; bytes as asked for */
	uint64_t oldest_ns;  /* when the oldest of these was allocated, since the recording began */
	uint64_t peak_bytes; /* the most that lived at once, as far as was looked */
	/* At the times of profile.heap.snapshot_ns. */
	uint64_t snapshot_objects[PROFILE_SNAPSHOTS_MAX], snapshot_bytes[PROFILE_SNAPSHOTS_MAX];
};

/* The live heap of all targets together. Times are nanoseconds since the recording began. */
struct profile_heap {
	bool recorded; /* with --live; all else is 0 without */
	uint32_t n_snapshots;
	uint64_t snapshot_ns[PROFILE_SNAPSHOTS_MAX]; /* ascending; the end is none of them */
	/* From then on no new blocks were taken in: there was no room. 0: all were. */
	uint64_t partial_since_ns;
	uint64_t untracked_frees; /* of blocks that were not seen to be allocated */
	uint64_t peak_bytes, peak_ns;
};

/* What a part of the heap held when a cycle began and when it ended; of runtimes that tell. */
struct profile_gc_pool {
	uint32_t target;
	uint32_t epoch; /* of the cycle */
	str_id name;    /* "G1 Eden Space" */
	uint64_t before, after;
};

/* Memory that a process has resident, looked at from time to time. */
struct profile_memory {
	uint64_t time_ns; /* since the recording began */
	uint64_t bytes;   /* then */
	uint64_t peak;    /* the most that was seen since the row before */
	uint32_t target;
};

/* What was allocated in PROFILE_BIN_NS of time; empty bins are left out. */
#define PROFILE_BIN_NS 10000000ull
struct profile_bin {
	uint64_t time_ns; /* since the recording began, a multiple of PROFILE_BIN_NS */
	uint32_t target;
	uint64_t objects, bytes;
};

struct profile_loss {
	str_id reason; /* "stack_map_full": the key in JSON */
	str_id text;   /* a sentence for people, with the remedy */
	uint64_t count;
};

/* Programs that waited at their start until their probes were in. */
struct profile_holds {
	uint64_t programs;             /* that were new */
	uint64_t late;                 /* began without: we were not ready in time */
	uint64_t total_ns, longest_ns; /* of all waits, those of known programs too */
};

struct profile_cost {
	uint64_t hits;
	double trap_ns;          /* an empty probe of this kind on this machine */
	double program_ns;       /* what our program adds, mean of timed hits */
	double target_cpu_share; /* of the target's own CPU time, 0..1 */
	struct profile_holds holds;
};

struct profile {
	str_id tool_version;
	str_id mode; /* "exact" */
	uint64_t start_unix_ns;
	uint64_t duration_ns;

	struct profile_target *targets;
	struct profile_mapping *mappings;
	struct profile_function *functions;
	struct profile_line *lines;
	struct profile_location *locations;
	uint32_t *stack_locations;
	struct profile_stack *stacks;
	struct profile_type *types; /* 0 is "": none, or not known */
	struct profile_field *fields;
	struct profile_sample *samples;
	struct profile_growth *growths;
	struct profile_gc_cycle *gc_cycles; /* by target, then epoch */
	struct profile_gc_pause *gc_pauses; /* by target, then start */
	struct profile_gc_pool *gc_pools;   /* by target, then epoch */
	struct profile_memory *memory;      /* by target, then time */
	struct profile_bin *bins;           /* by target, then time */
	struct profile_live *live;          /* each stack of a target once */
	struct profile_loss *losses;
	size_t n_targets, n_mappings, n_functions, n_lines, n_locations, n_stack_locations;
	size_t n_stacks, n_types, n_fields, n_samples, n_growths, n_losses, n_strings;
	size_t n_gc_cycles, n_gc_pauses, n_gc_pools, n_memory, n_bins, n_live;

	struct profile_heap heap;
	struct profile_cost cost;
	/*
	 * Epochs up to this one were folded together: their samples have it, but for
	 * those of epochs that were kept apart. 0: none were.
	 */
	uint32_t epochs_folded;
	uint64_t stacks_truncated; /* hits whose stack was cut at the depth limit */
	uint64_t stacks_broken;    /* hits whose walk ended at a bad frame pointer */

	struct profile_strings *strings;
};

const char *profile_str(const struct profile *p, str_id id);

/* Samples of @kind added up. */
struct profile_totals {
	uint64_t alloc_objects, alloc_bytes, alloc_requested;
	uint64_t map_inserts;
	uint64_t wb_flushes;
	uint64_t free_objects, free_bytes;
	uint64_t live_objects, live_bytes; /* at the end, of what was allocated while recording */
};

/* Native allocators of @target were tapped. */
bool profile_target_native(const struct profile *p, uint32_t target);
/* ... of one at least. */
bool profile_native(const struct profile *p);

struct profile_totals profile_totals(const struct profile *p);
/* All losses added up; 0 is what --strict wants to see. */
uint64_t profile_lost(const struct profile *p);
/* Nothing but collections was recorded: all there is of another runtime than Go. */
bool profile_only_collections(const struct profile *p);
/* Samples of @epoch are those of several, folded together. */
bool profile_epoch_folded(const struct profile *p, uint32_t epoch);
/*
 * The call site of a stack: its first line, from the leaf, that is not the
 * runtime or its map and reflect internals (in C: not the allocator). Inlined
 * frames count as frames. Where there is none such, the outermost line.
 */
struct profile_line profile_stack_site(const struct profile *p, uint32_t stack);
/*
 * Share of the frames of all stacks (locations with an address) that have a
 * function name, 0..1; 1 where there are no frames.
 */
double profile_resolved_share(const struct profile *p);

void profile_free(struct profile *p);

#endif
