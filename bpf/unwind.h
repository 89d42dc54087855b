/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Unwinding by tables: their format. Compiled by both sides; the including file
 * provides the __u8 ... __u64 types. The steps themselves: unwind_step.h.
 *
 * .eh_frame says for every instruction of a program where the caller's frame is
 * (its CFA: the value rsp has once the function has returned) and where the
 * caller's rbp was saved. That is all a walk needs: the return address is always
 * at [CFA - 8]. What user space makes of it (user/binary/eh_frame.c):
 *
 *	mappings  per process, by address: which table, and what to subtract
 *	   |
 *	pages     per 64 KiB of the file's addresses: a run of rows
 *	   |
 *	rows      4 bytes: the low 16 bits of the first address, and a rule
 *	   |
 *	rules     8 bytes, shared by everything: a few hundred do for a whole program
 *
 * Tables belong to files, not to processes: all that map a file share them. A
 * search never takes more than UNWIND_SEARCH_STEPS steps, whatever the tables say.
 */
#ifndef ALLOCTAP_UNWIND_H
#define ALLOCTAP_UNWIND_H

#define UNWIND_PAGE_SHIFT 16
/* Rows of a page: each has its own address. */
#define UNWIND_PAGE_ROWS (1u << UNWIND_PAGE_SHIFT)
/* Enough for UNWIND_PAGE_ROWS rows, and for UNWIND_MAPPINGS_MAX mappings. */
#define UNWIND_SEARCH_STEPS 17
/* Executable mappings kept of one process. */
#define UNWIND_MAPPINGS_MAX 8192

/* Call sites whose rules are remembered (frames.bpf.c). */
#define UNWIND_CACHE_SHIFT   16
#define UNWIND_CACHE_ENTRIES (1u << UNWIND_CACHE_SHIFT)
/* What is remembered of each is less. */
#define UNWIND_CACHE_VALUES (1u << UNWIND_CACHE_SHIFT)

struct unwind_cache {
	__u64 entries[UNWIND_CACHE_ENTRIES];
};

/* How the CFA is found. */
enum unwind_cfa {
	UNWIND_CFA_NONE = 0,      /* nobody knows: frame pointers may help */
	UNWIND_CFA_RSP = 1,       /* rsp + cfa_off */
	UNWIND_CFA_RBP = 2,       /* rbp + cfa_off */
	UNWIND_CFA_PLT = 3,       /* rsp + cfa_off, + 8 from byte plt_pushed of a 16-byte stub on */
	UNWIND_CFA_DEREF_RSP = 4, /* *(rsp + deref_off) + deref_add */
	UNWIND_CFA_DEREF_RBP = 5, /* *(rbp + deref_off) + deref_add */
	UNWIND_CFA_SIGNAL = 6,    /* the kernel's frame of a signal handler: registers are in it */
	UNWIND_CFA_STOP = 7,      /* the outermost frame: nobody called it */
	UNWIND_CFA_GO_SWITCH = 8, /* runtime.asmcgocall: on with the goroutine's stack */
	UNWIND_CFA_GO_CALLBACK = 9, /* runtime.cgocallback: on with the thread's stack */
	UNWIND_CFA_MAX
};

/* Where the caller's rbp is. */
enum unwind_fp {
	UNWIND_FP_SAME = 0,   /* still in rbp */
	UNWIND_FP_AT_CFA = 1, /* at CFA + fp_off */
	UNWIND_FP_AT_FP = 2,  /* at rbp + fp_off */
	UNWIND_FP_LOST = 3,
	UNWIND_FP_MAX
};

struct unwind_rule {
	__u8 cfa; /* enum unwind_cfa */
	__u8 fp;  /* enum unwind_fp */
	union {
		__s16 fp_off;
		__s16 plt_pushed; /* UNWIND_CFA_PLT, whose rbp is the same always */
		/* UNWIND_CFA_GO_SWITCH: bytes from its stack pointer to its return address */
		__s16 go_frame;
	};
	union {
		__s32 cfa_off;
		struct {
			__s16 deref_off, deref_add;
		};
		__s32 go_saved; /* UNWIND_CFA_GO_SWITCH: the goroutine is at [rsp + go_saved] */
	};
};

/*
 * The rule that most code has, in 16 bits: CFA from rsp or rbp, and rbp kept, lost or
 * at one of the words below the return address. Other rules are told by their numbers,
 * which are less than UNWIND_PACKED.
 */
#define UNWIND_PACKED       0x8000
#define UNWIND_PACKED_RBP   0x4000
#define UNWIND_PACKED_OFF   0x3ff8 /* cfa_off as it is */
#define UNWIND_PACKED_BELOW 0x0007 /* words below the return address; 0: rbp is the same */
#define UNWIND_PACKED_LOST  0x0007

/* Valid from this address (its low bits, within a page) to the next row's. */
struct unwind_row {
	__u16 pc;
	__u16 rule;
};

/* Rows are kept in pieces of so many; those of one page lie in one piece. */
#define UNWIND_SHARD_ROWS (1u << 20)

/* An array map's elements are no smaller than 8 bytes. */
struct unwind_rows {
	struct unwind_row row[2];
};

struct unwind_page {
	__u32 first; /* row */
	__u32 n;     /* before the first one nothing is known */
};

struct unwind_mapping {
	__u64 start, end;
	__u64 bias;  /* address - bias counts from the beginning of the table's first page */
	__u32 page;  /* the table's first one */
	__u32 pages; /* 0: it has no table */
};

/* Mappings of a process: a slice of what is kept of all. */
struct unwind_process {
	__u32 first, n;
	__u32 generation; /* of the slice: its rules are remembered under it */
	__u32 go;         /* frame pointers may lead to a stack below: a goroutine's */
};

/* No frame pointer: they are aligned. 0 would say that there is no caller. */
#define UNWIND_NO_FP 1

/*
 * Where a file's table is, by what the kernel knows the file by: of a mapping that user
 * space has not heard of yet.
 */
struct unwind_inode {
	__u64 inode;
	__u64 device; /* as the kernel has it: UNWIND_DEVICE() */
};

#define UNWIND_DEVICE(major, minor) ((__u64)(major) << 20 | (minor))

struct unwind_table_place {
	__u64 offset; /* from a byte's place in the file to that in the table */
	__u32 page, pages;
};

/* Rules that every set of tables has. */
#define UNWIND_RULE_NONE     0 /* nothing is known of these addresses */
#define UNWIND_RULE_NO_TABLE 1 /* ... nor of any around them: no table */
#define UNWIND_RULE_FIRST    2

/*
 * A frame: pc is the return address into it, or where it was interrupted. The
 * instruction that is under way in it is the one before a return address.
 */
struct unwind_frame {
	__u64 pc, sp, fp;
	__u64 interrupted;
	/* Go: where the thread's stack goes on once the goroutine's comes from C; 0: unknown. */
	__u64 go_sp;
};

enum unwind_result {
	UNWIND_STEPPED, /* to the caller */
	UNWIND_ENDED,   /* there is none */
	UNWIND_FAILED,
};

#endif
