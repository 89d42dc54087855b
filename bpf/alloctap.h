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
/* Processes one session taps at a time. A power of two. */
#define TARGETS_MAX 4096
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
	KIND_MAX
};

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
	STACK_TRUNCATED = 1 << 0, /* deeper than STACK_MAX_FRAMES */
	STACK_BROKEN = 1 << 1,    /* ended at a bad or cyclic frame pointer */
	STACK_LEFT = 1 << 2,      /* ended where it left the goroutine's stack: C called Go */
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

union probe_cookie {
	struct {
		__u8 flags;   /* enum cookie_flags */
		__u8 layout;  /* index into go_layouts[] */
		__u8 cfa_off; /* bytes pushed since entry: [rsp + cfa_off] is the return address */
		__u8 growth;  /* enum growth_function */
		__u16 target; /* place of the process among the targets */
		__u8 gc;      /* enum gc_function */
		__u8 pad;
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
	__u64 stack; /* hash of the frames and flags; 0 is "[lost stack]" */
	__u64 type;  /* address of the runtime type: allocated, or of the map; 0: none */
	__u32 tgid;
	__u32 epoch;  /* GC cycles begun since the recording began; of growths: 0 */
	__u32 kind;   /* enum sample_kind */
	__u32 detail; /* KIND_MAP_GROW: GROWTH_DETAIL(); else 0 */
};

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
	__u64 after_exec; /* dropped: the process has become another program */
	__u64 timed_hits; /* every TIMED_HITS-th run is timed ... */
	__u64 timed_ns;   /* ... and took this long in all */
};

/* Bytes kept of a reason to stop the world; the longest of Go 1.20 has 27. */
#define GC_REASON_TEXT 32

/* Ring buffer records: rare things only. */
enum event_type {
	EVENT_EXEC = 1, /* a target became another program */
	EVENT_FULL = 2, /* a side of the double buffer fills up: drain it now */
	EVENT_TYPE = 3, /* a type that is not in the program's file: read it while you can */
};

/* Where a process has the types of its program. */
struct type_range {
	__u64 first, end;
};

/* A process that is tapped. */
struct target_value {
	struct type_range types;
	__u32 execed; /* it has become another program */
	__u32 pad;
};

struct event {
	__u32 event; /* enum event_type */
	__u32 tgid;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 type;    /* EVENT_TYPE: its address */
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
	__u32 event; /* enum gc_event_type */
	__u32 target;
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
#define ALLOC_BINS   512 /* of each target */

#endif
