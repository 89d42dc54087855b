/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The part of a session that taps runtimes other than Go: static probes in,
 * collections and pauses out.
 *
 *	usdt_new -> usdt_prepare -> (programs are loaded) -> usdt_start
 *		 -> usdt_add_target, usdt_attach ... -> usdt_take ... -> usdt_finish
 */
#ifndef ALLOCTAP_SESSION_USDT_H
#define ALLOCTAP_SESSION_USDT_H

#include "probe/attach.h"
#include "profile/builder.h"

struct alloctap_bpf;
struct usdt;

/* What it sees goes to @b, which must outlive it. NULL with errno ENOMEM. */
struct usdt *usdt_new(struct profile_builder *b);
void usdt_free(struct usdt *u);
/* Target @id will be the profile's @target; at any time. 0 or -ENOMEM. */
int usdt_add_target(struct usdt *u, uint32_t id, uint32_t target);
/* Has the program loaded, or, where it is not @wanted, leaves out what it needs. */
void usdt_prepare(struct usdt *u, struct alloctap_bpf *skel, const struct attachment *a,
		  bool wanted);
/* Once loaded. 0 or -errno, printed. */
int usdt_start(struct usdt *u, struct alloctap_bpf *skel);
/* All probes are in: times in the profile count from @started_ns. */
void usdt_set_start(struct usdt *u, uint64_t started_ns);
/* Puts the probes of @plan, in the file open as @fd, in. 0 or -errno, printed under @name. */
int usdt_attach(struct usdt *u, struct attachment *a, const char *name,
		const struct usdt_plan *plan, pid_t pid, int fd);

/* All probes have been taken out, to put others in. */
void usdt_forget(struct usdt *u);

/* Readable when there are records; -1 where there never will be. */
int usdt_events_fd(const struct usdt *u);
void usdt_take(struct usdt *u);
/* After the probes were taken out. */
void usdt_finish(struct usdt *u);

uint64_t usdt_n_cycles(const struct usdt *u);
uint64_t usdt_n_pauses(const struct usdt *u);
/* Events without room in the kernel or here. */
uint64_t usdt_lost(const struct usdt *u);

#endif
