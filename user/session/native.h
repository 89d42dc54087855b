/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The part of a session that taps native functions: allocators, containers, the
 * address space. One native_attach() for each file that has any; more may follow
 * while counts are being made.
 *
 *	native_new -> native_prepare -> (programs are loaded) -> native_start -> native_attach ...
 */
#ifndef ALLOCTAP_SESSION_NATIVE_H
#define ALLOCTAP_SESSION_NATIVE_H

#include <sys/types.h>

#include "probe/attach.h"
#include "probe/native_plan.h"

struct alloctap_bpf;
struct native;

/* What --max-live is without being given: addresses that --live follows at a time. */
#define NATIVE_MAX_LIVE_DEFAULT (1u << 20)

/*
 * @empty: the probes are put in as ever, and their program does nothing; not with
 * request->live. NULL with errno ENOMEM.
 */
struct native *native_new(bool empty);
void native_free(struct native *n);

/*
 * Before loading: has the programs for @request loaded, sizes their maps, and leaves
 * out those that nothing needs. @request may be NULL: no native functions at all.
 * @max_live is how many addresses request->live may follow (0: the default).
 */
void native_prepare(struct native *n, struct alloctap_bpf *skel, const struct attachment *a,
		    const struct native_request *request, uint32_t max_live);
/* Once loaded; the skeleton must outlive @n. 0 or -errno. */
int native_start(struct native *n, struct alloctap_bpf *skel);

/* Which processes a link serves. */
struct native_scope {
	uint16_t target; /* the place of process @pid, or COOKIE_ANY_TARGET */
	pid_t pid;       /* -1: all that map the file */
};

/*
 * Puts the probes of @plan, in the file open as @fd, in. Where the plan was made for
 * --live and @may_return is false (the kernel would hurt the process, see
 * probe/return_guard.h), allocations are counted when they are asked for, and what
 * becomes of them is not known. 0 or -errno, printed under @name.
 */
int native_attach(struct native *n, struct attachment *a, const char *name,
		  const struct native_plan *plan, struct native_scope scope, int fd,
		  bool may_return);
/* All probes have been taken out, to put others in. */
void native_forget(struct native *n);

#endif
