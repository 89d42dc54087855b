/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the kernel side and the user side must agree on. Compiled by both; the
 * including file provides the __u8 ... __u64 types (vmlinux.h or linux/types.h).
 *
 * Enums that reach a recording are append-only.
 */
#ifndef ALLOCTAP_H
#define ALLOCTAP_H

/* Frames kept per stack; deeper ones are marked STACK_TRUNCATED. */
#define STACK_MAX_FRAMES 128
/* One copy of this many bytes of user stack serves most walks (design 4.4). */
#define STACK_COPY_BYTES 1024
/* Every so many hits of a CPU, a program times its own run. A power of two. */
#define TIMED_HITS 1024
/* Processes that can be tapped by name (-p), and places for what is kept of Go ones. A power of two. */
#define TARGETS_MAX 4096
/* Processes known at a time, tapped or not, where others than those named are tapped. */
#define TARGETS_FOLLOWED 32768
/* Go runtimes of different layout that one session can tap at a time. A power of two. */
#define GO_LAYOUTS_MAX 16
/*
 * Go's size classes, as slot sizes by request: the first table for requests up to
 * GO_SIZE_FINE_MAX in steps of 8, the second above it in steps of 128. Rounded up
 * to a power of two for the verifier's sake.
 */
#define GO_SIZE_FINE_MAX (1024 - 8)
#define GO_SIZE_TABLE    256

/* What a tapped function does; the kind of every count. */
enum sample_kind {
	KIND_ALLOC = 0,      /* heap allocation: objects and bytes */
	KIND_MAP_INSERT = 1, /* m[k] = v */
	KIND_MAP_GROW = 2,   /* a map outgrew its table, or chained an overflow bucket */
	KIND_WB_FLUSH = 3,   /* a P's write barrier buffer was flushed, while the GC marks */
	/*
	 * An allocation had to help the GC mark, or to wait until others had; bytes are
	 * nanoseconds. Its program follows the GC as a whole.
	 */
	KIND_GC_ASSIST = 4,
	/* Native heaps only. bytes: of what was freed; counted under the stack that allocated it. */
	KIND_FREE = 5,
	/* The address space itself: calls and bytes of mmap, munmap, mremap (growth), brk (growth). */
	KIND_MMAP = 6,
	KIND_MUNMAP = 7,
	KIND_MREMAP = 8,
	KIND_BRK = 9,
	KIND_MAX
};

/* Kinds from here on are counted by native programs, those before by Go's. */
#define KIND_GO_END KIND_FREE

/*
 * What a tapped native function does. Arguments are numbered from 1 as the C
 * calling convention has them.
 */
enum native_op {
	NATIVE_MALLOC = 0,         /* size_arg: bytes */
	NATIVE_CALLOC = 1,         /* size_arg * size_arg 2nd */
	NATIVE_REALLOC = 2,        /* (old, size): a free of old and an allocation of size */
	NATIVE_MEMALIGN = 3,       /* (align, size): like malloc with another size_arg */
	NATIVE_POSIX_MEMALIGN = 4, /* (where, align, size): the address is at *where */
	NATIVE_FREE = 5,           /* (old) */
	NATIVE_MMAP = 6,           /* (addr, length, ...) */
	NATIVE_MUNMAP = 7,         /* (addr, length) */
	NATIVE_MREMAP = 8,         /* (old, old length, new length, ...) */
	NATIVE_SBRK = 9,           /* (increment) */
	NATIVE_TREE_INSERT = 10,   /* std::map, std::set: one node goes in */
	NATIVE_HASH_INSERT =
		11,         /* std::unordered_*: _M_need_rehash(policy, buckets, elements, n) */
	NATIVE_REHASH = 12, /* a hash table makes itself larger */
	NATIVE_OP_MAX
};

/* The containers of C++ and Rust: count_key.type of their KIND_MAP_INSERT and KIND_MAP_GROW. */
enum native_container {
	NATIVE_CONTAINER_NONE = 0,
	NATIVE_CONTAINER_TREE = 1,      /* libstdc++ std::map, std::set, multi... */
	NATIVE_CONTAINER_HASH = 2,      /* libstdc++ std::unordered_... */
	NATIVE_CONTAINER_CXX_TREE = 3,  /* libc++ std::map, ... */
	NATIVE_CONTAINER_CXX_HASH = 4,  /* libc++ std::unordered_... */
	NATIVE_CONTAINER_HASHBROWN = 5, /* Rust's HashMap */
	NATIVE_CONTAINER_ABSL = 6,      /* absl::flat_hash_map, node_hash_... */
	NATIVE_CONTAINER_MAX
};

/* Calls that a tapped function passes on to another, which counts them: drop these hits. */
enum native_flags {
	/* ptr_arg is NULL: glibc's realloc goes on as malloc. */
	NATIVE_NULL_ELSEWHERE = 1 << 0,
	/* The alignment, in size_arg2, is at most NATIVE_SMALL_ALIGN: glibc's memalign, likewise. */
	NATIVE_SMALL_ALIGN_ELSEWHERE = 1 << 1,
	/* Drops nothing. Of NATIVE_HASH_INSERT: size_arg has what is to come in it already. */
	NATIVE_SUMMED = 1 << 2,
};

#define NATIVE_SMALL_ALIGN 16

/* Functions whose calls of a tapped function are its own business, per probe. */
#define NATIVE_NESTED_MAX 8

/* Bytes of a function, from the tapped function's first one. */
struct native_range {
	__s32 start, end;
};

/*
 * All a program has to know of a native probe; the cookie has its place in
 * native_probes[]. Addresses are relative: one probe serves every process that maps the file.
 */
struct native_probe {
	__u8 op;        /* enum native_op */
	__u8 size_arg;  /* 1 ... 6; 0: none */
	__u8 size_arg2; /* of calloc: the other factor; of memalign: the alignment */
	__u8 ptr_arg;   /* what is freed or reallocated; the container; 0: none */
	__u8 offset;    /* of the probed instruction from the function's first byte */
	__u8 n_nested;
	__u8 container; /* enum native_container */
	__u8 flags;     /* enum native_flags */
	/* A hit called from here is part of an allocation that was counted already. */
	struct native_range nested[NATIVE_NESTED_MAX];
	/* Where calls may be passed on through a pointer (bpf/native_passed.bpf.c). */
	__u32 file; /* tells files apart */
	__u16 ops;  /* mask of 1 << enum native_op: what calls by name get from the file; 0: none */
	__u16 pad;
	__u32 bytes;              /* of the function */
	struct native_range text; /* the file's code */
};

/* Native probes of one session. */
#define NATIVE_PROBES_MAX 16384

/* How a map grew. */
enum map_growth {
	GROWTH_DOUBLE =
		0, /* classic: to twice the buckets; Swiss: group to table, table to twice */
	GROWTH_SAME_SIZE = 1, /* classic: as many buckets again, to be rid of overflow chains */
	GROWTH_OVERFLOW = 2,  /* classic: one overflow bucket was allocated */
	GROWTH_SPLIT = 3,     /* Swiss: a table of the largest size became two */
	GROWTH_MAX
};

/*
 * What count_key.detail says of a KIND_MAP_GROW. All maps that grew alike at one
 * stack share a key; only those that split are told apart, by some bits of
 * their random seed: how much room they needed depends on how they ended.
 */
#define GROWTH_HOW(detail)             ((detail)&3)
#define GROWTH_LEVEL(detail)           ((detail) >> 2 & 63) /* log2 of the slots of the table before */
#define GROWTH_MAP(detail)             ((detail) >> 8)
#define GROWTH_DETAIL(how, level, map) ((__u32)(how) | (__u32)((level)&63) << 2 | (__u32)(map) << 8)

enum stack_flags {
	STACK_TRUNCATED = 1 << 0,   /* deeper than STACK_MAX_FRAMES */
	STACK_BROKEN = 1 << 1,      /* ended at a bad or cyclic frame pointer */
	STACK_LEFT = 1 << 2,        /* ended where it left the goroutine's stack: C called Go */
	STACK_FP_ASSISTED = 1 << 3, /* native: some frames were found by frame pointers alone */
	STACK_NO_TABLE = 1 << 4,    /* native: ... and their process or file has no unwind rows */
};

/*
 * Each way of losing something has its own counter. An event whose stack could
 * not be kept is still counted, under the "[lost stack]" entry (stack id 0).
 */
enum loss_reason {
	LOST_STACK_MAP_FULL,  /* stack could not be stored: map full */
	LOST_STACK_INSERT,    /* ... the kernel refused for another reason */
	LOST_STACK_SCRATCH,   /* ... all scratch slots of the CPU were in use */
	LOST_COUNT_MAP_FULL,  /* key could not be stored: charged to the overflow entry */
	LOST_COUNT_INSERT,    /* ... for another reason */
	LOST_SIZE_UNREADABLE, /* size class unknown: type could not be read */
	LOST_RECURSION,       /* the kernel skipped the program (its own count) */
	LOST_GROWTH,          /* growth of a map: key could not be stored, or map not read */
	LOST_GC_EVENT,        /* a cycle or a pause: no room in the ring buffer */
	LOST_GC_ASSIST,       /* an assist: no room to remember when it began */
	LOST_TARGET,          /* a hit of a process there was no room to know */
	LOST_LIVE_FULL,       /* an address: the live map is full, the heap is known in part */
	LOST_LIVE_INSERT,     /* ... the kernel refused it for another reason */
	LOST_LIVE_CALL,       /* ... there was no room to remember the call until it returns */
	LOST_LIVE_FREE,       /* a free was not seen: the address was given out again */
	LOST_MAX
};

/*
 * The attach cookie: all a program has to know about the function it sits in.
 * Kept to 64 bits because that is what the kernel carries per probe.
 */
enum cookie_flags {
	/* The probe is on a stack-check branch: drop the hit if it will be taken. */
	COOKIE_STACK_CHECK = 1 << 0,
};

/* The functions that make a map larger: what KIND_MAP_GROW is told apart by. */
enum growth_function {
	GROWTH_NONE = 0,      /* of other kinds */
	GROWTH_HASH_GROW,     /* classic: hashGrow(t, h) */
	GROWTH_NEW_OVERFLOW,  /* classic: (*hmap).newoverflow(h, t, b) */
	GROWTH_GROW_TO_TABLE, /* Swiss: (*Map).growToTable(m, typ) */
	GROWTH_TABLE_GROW,    /* Swiss: (*table).grow(t, typ, m, newCapacity) */
	GROWTH_TABLE_SPLIT,   /* Swiss: (*table).split(t, typ, m) */
};

/* What tells of the GC (facts/go-runtime.md 4). Of other kinds of probe: none. */
enum gc_function {
	GC_NONE = 0,
	GC_TRIGGER,      /* gcStart(trigger): many enter, at most one starts a cycle */
	GC_CYCLE,        /* gcBgMarkStartWorkers(): once per cycle, before the world stops */
	GC_STOP_NAMED,   /* to 1.20: stopTheWorld(reason string) */
	GC_STOP,         /* stopTheWorldWithSema(reason) */
	GC_STOPPED,      /* to 1.22: finishsweep_m(), the world stands */
	GC_TERMINATE,    /* gcMarkTermination(): the world stands, marking is done */
	GC_RESTART,      /* startTheWorldWithSema(...) */
	GC_RESTARTED,    /* ... behind its call of nanotime(): the others were woken */
	GC_ASSIST_BEGIN, /* gcAssistAlloc1() */
	GC_ASSIST_END,   /* ... behind its only call */
	GC_PARK_BEGIN,   /* gcParkAssist(): nothing left to help with, so wait */
	GC_PARK_END,     /* ... behind its only call */
	GC_SWEEP_BEGIN,  /* gcSweep(): sweeping begins; the world stands */
	GC_SWEEP_END,    /* freeSomeWbufs(): the background sweeper found no more */
	GC_FUNCTION_MAX
};

/*
 * The probe serves every process that maps the file: who is hit is looked up. Else
 * the cookie has the target's id, which is its place too.
 */
#define COOKIE_ANY_TARGET 0xffff

union probe_cookie {
	struct {
		__u8 flags;   /* enum cookie_flags */
		__u8 layout;  /* index into go_layouts[] */
		__u8 cfa_off; /* bytes pushed since entry: [rsp + cfa_off] is the return address */
		__u8 growth;  /* enum growth_function */
		__u16 target; /* id of the process the probe is for; COOKIE_ANY_TARGET */
		union {
			struct {
				__u8 gc; /* enum gc_function */
				__u8 pad;
			};
			__u16 native; /* of native functions: place in native_probes[] */
		};
	};
	__u64 value;
};

/* What the functions that stop the world are told, by version (facts/go-runtime.md 4.1). */
enum gc_stops {
	GC_STOPS_NAMED,   /* to 1.20: stopTheWorld gets a string, GC stops get nothing */
	GC_STOPS_REASON,  /* 1.21: all get a number */
	GC_STOPS_START,   /* 1.22: the restart also gets when the stop began */
	GC_STOPS_STAMPED, /* from 1.23: ... and when the world stood */
};

/* What is read of runtime.gcController when a cycle begins. */
enum pacer_word {
	PACER_PERCENT, /* GOGC, an int32 */
	PACER_LIMIT,   /* GOMEMLIMIT; MaxInt64: none */
	PACER_GOAL,    /* by GOGC alone; all ones: off */
	PACER_LIVE,
	PACER_MARKED, /* live after the cycle before */
	PACER_FREE,   /* free and not given back */
	PACER_TOTAL_ALLOC,
	PACER_TOTAL_FREE,
	PACER_MAPPED, /* ready to be used, heap or not */
	PACER_MAX
};

#define PACER_ABSENT 0xffff

/*
 * Where one Go version keeps what a walk needs (facts/go_offsets.tsv). Of a
 * version newer than our table nothing is known but the names of functions.
 */
struct go_layout {
	__u16 known;
	__u16 g_m;
	__u16 g_sched_sp;
	__u16 g_sched_bp;
	__u16 m_curg;
	__u16 m_p;
	__u16 p_mcache;
	__u16 mcache_tiny; /* tinyoffset is the word after it */
	/*
	 * Before Go 1.21 systemstack() has no frame of its own, and a walk that
	 * comes from the system stack misses its caller: it is at [g.sched.sp].
	 */
	__u16 systemstack_frameless;
	__u16 race_detector; /* built with -race: tiny blocks are never shared */
	/* Classic maps double above this many entries for two buckets. */
	__u16 map_load;
	__u16 hmap_extra;
	__u16 gc_stops; /* enum gc_stops */
	/* In runtime.gcControllerState, by enum pacer_word; PACER_ABSENT: has none. */
	__u16 pacer[PACER_MAX];
	/* Objects with pointers above this many bytes carry an 8-byte header; 0: none do. */
	__u32 malloc_header_above;
	/* Requests above this many bytes get whole pages of their own. */
	__u32 small_max;
};

struct count_key {
	__u64 stack;  /* hash of the frames and flags; 0 is "[lost stack]" */
	__u64 type;   /* address of the runtime type: allocated, or of the map; 0: none */
	__u32 target; /* id */
	__u32 epoch;  /* GC cycles begun since the recording began; of growths: 0 */
	__u32 kind;   /* enum sample_kind */
	__u32 detail; /* KIND_MAP_GROW: GROWTH_DETAIL(); KIND_ALLOC: ALLOC_FOLLOWED; else 0 */
};

/* count_key.detail of an allocation whose address is in the live map. */
#define ALLOC_FOLLOWED 1

struct count_value {
	__u64 objects;
	__u64 bytes;     /* what the heap gave: size class, tiny block or pages */
	__u64 requested; /* what the program asked for */
	/* KIND_MAP_INSERT, KIND_MAP_GROW: not a sum, but the most entries the map had then. */
	__u64 entries;
};

struct stack_value {
	__u32 n;
	__u32 flags;                 /* enum stack_flags */
	__u64 ips[STACK_MAX_FRAMES]; /* leaf first; non-leaf ones are return addresses */
};

/* What the programs tell about themselves, next to the counts. One per CPU. */
struct tap_stats {
	__u64 hits;       /* program runs, dropped ones included */
	__u64 restarts;   /* dropped: the stack check was about to be taken */
	__u64 zero_sized; /* dropped: the runtime does not count them either */
	__u64 foreign;    /* dropped: the process is no target, or none any more since an exec */
	__u64 timed_hits; /* every TIMED_HITS-th run is timed ... */
	__u64 timed_ns;   /* ... and took this long in all */
	__u64 nested;     /* dropped: part of an allocation that is counted already */
	__u64 failed;     /* with --live: allocations that gave nothing */
	__u64 untracked;  /* with --live: frees of what was not seen to be allocated */
};

/* A block in use, while --live follows addresses. */
struct live_key {
	__u64 address;
	__u32 target; /* as in count_key */
	__u32 pad;
};

struct live_value {
	__u64 size;    /* what was asked for */
	__u64 stack;   /* of the count_key it was counted under */
	__u64 time_ns; /* CLOCK_MONOTONIC */
};

/* Bytes kept of a reason to stop the world; the longest of Go 1.20 has 27. */
#define GC_REASON_TEXT 32

/* Ring buffer records: rare things only. */
enum event_type {
	EVENT_EXEC = 1,   /* a target became another program; it is no target any more */
	EVENT_FULL = 2,   /* a side of the double buffer fills up: drain it now */
	EVENT_TYPE = 3,   /* a type that is not in the program's file: read it while you can */
	EVENT_TARGET = 4, /* a process became a target */
	EVENT_EXIT = 5,   /* a target ended */
};

/* As the kernel keeps it of a thread, with the NUL. */
#define COMM_BYTES 16

struct event {
	__u32 event; /* enum event_type */
	__u32 target;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 type;    /* EVENT_TYPE: its address */
	__u64 cpu_ns;  /* EVENT_TARGET by exec, _EXEC, _EXIT: the process's so far; 0: not known */
	__u32 tgid;
	__u32 parent;          /* EVENT_TARGET: tgid; 0: not known */
	char comm[COMM_BYTES]; /* EVENT_TARGET */
};

/* Which processes are targets besides those that user space has named. */
enum select_mode {
	SELECT_NAMED = 0, /* none */
	SELECT_ALL = 1,
	SELECT_COMM = 2,   /* whose comm cfg_comm matches */
	SELECT_CGROUP = 3, /* in cgroup select_cgroup[0], or below it */
};

/* Where a process has the types of its program. */
struct type_range {
	__u64 first, end;
};

/*
 * What is known of a process. One that runs another program (exec) is another target.
 * Places are given out by user space, to Go programs; ids by whoever adds the target.
 */
struct target_value {
	struct type_range types;
	__u32 id;    /* from 1, never given out again; 0: it is no target */
	__u32 place; /* in epochs[] and all that is kept by place; 0: shared by those without */
};

/*
 * The GC of one process. The world of a process is stopped by one at a time, so
 * what is known of the stop under way needs no key.
 */
struct gc_target {
	__u64 controller; /* address of runtime.gcController; 0: not known */
	/* The stop under way: when it was asked for, and when the world stood; 0: none. */
	__u64 stop_ns, stopped_ns;
	__u64 stack;
	__u32 reason;
	__u32 phase;       /* enum gc_phase */
	__u64 sweep_ns;    /* when sweeping last began */
	__u32 sweep_epoch; /* of the cycle that is being swept; 0: none */
	__u32 pad;
	char text[GC_REASON_TEXT];
};

enum gc_phase {
	GC_MARKING = 1 << 0,    /* a cycle has begun */
	GC_SWEPT = 1 << 1,      /* its first stop is over */
	GC_TERMINATED = 1 << 2, /* its last stop is under way */
	GC_RESTARTING = 1 << 3, /* a stop is over once all were woken */
};

enum gc_event_type {
	GC_EVENT_CYCLE = 1,
	GC_EVENT_PAUSE = 2,
	GC_EVENT_SWEPT = 3, /* time_ns: when sweeping ended */
};

struct gc_pause {
	__u64 stopping_ns; /* until the world stood; 0: not known */
	__u64 stopped_ns;  /* from there to its restart; else from the start */
	__u32 is_gc;
	__u32 ends_cycle;
	__u64 sweep_ns; /* of one that ends a cycle: when sweeping began in it; 0: not known */
	char text[GC_REASON_TEXT]; /* to 1.20, of stops that are no GC's: why */
};

/* A cycle that begins, or a pause or sweeping that has ended. */
struct gc_event {
	__u32 event;   /* enum gc_event_type */
	__u32 target;  /* id */
	__u32 epoch;   /* of the cycle it is or belongs to; 0: none, or one that began before us */
	__u32 what;    /* gcTrigger.kind (GC_TRIGGER_UNKNOWN: not seen), or stwReason */
	__u64 time_ns; /* when it began: CLOCK_MONOTONIC */
	__u64 stack;
	union {
		__u64 pacer[PACER_MAX]; /* of a cycle; 0 where not known */
		struct gc_pause pause;
	};
};

#define GC_TRIGGER_UNKNOWN 3

/* runtime/proc.go, stwReason: the same in 1.21 to 1.27; told by the phase before. */
#define GC_REASON_MARK_TERMINATION  1
#define GC_REASON_SWEEP_TERMINATION 2

/*
 * What was allocated in some 10 ms of time. A CPU's bins only ever grow, and come
 * round after ALLOC_BINS of them: user space keeps what it saw last, and the
 * difference belongs to the latest time that shares the bin.
 */
struct alloc_bin {
	__u64 objects, bytes;
};

#define ALLOC_BIN_NS 10000000ull
#define ALLOC_BINS   512 /* of each place */

#endif
