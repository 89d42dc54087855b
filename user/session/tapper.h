/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Puts probes into targets. Where only processes that were named are tapped, each has
 * links of its own, and nobody else pays for them; where others may join, a file has
 * one link for all that map it, now and later.
 */
#ifndef ALLOCTAP_SESSION_TAPPER_H
#define ALLOCTAP_SESSION_TAPPER_H

#include "session/kernel.h"
#include "session/live.h"
#include "session/native.h"
#include "session/probed.h"
#include "session/targets.h"
#include "session/unwind.h"
#include "session/usdt.h"

struct tapper {
	const struct session_options *options;
	bool everywhere; /* one link for all that map a file */
	struct native_request request;
	struct files *files;
	struct targets targets;
	struct kernel *kernel;
	struct attachment *attachment; /* once started, and while no emulator runs */
	struct probed_files *probed;
	uint64_t counts_since_ns; /* CLOCK_MONOTONIC; 0: not yet */
	uint64_t suspended_ns;    /* no probes are in since then; 0: they are */
	struct usdt *usdt;
	struct native *native;
	struct unwind *unwind;
	struct live *live; /* NULL: blocks are not followed */
};

/* Are native functions of the target tapped? */
bool tapper_wants_native(const struct tapper *t, const struct tap *tap);
/* Is there anything in it to tap? */
bool tapper_has_something(const struct tapper *t, const struct tap *tap);
/*
 * Puts the probes of a target in that the programs know (kernel_add_target()), as far as
 * they are not in yet. 0 or -errno, printed.
 */
int tapper_attach(struct tapper *t, struct target *target);
/* Of a target that has gone, the files: for the next process that maps them. 0 or -errno. */
int tapper_attach_files(struct tapper *t, struct target *target);
/*
 * Puts the probes of a file in that some process is about to map; only where t->everywhere.
 * 0 or -errno, printed under @name.
 */
int tapper_attach_file(struct tapper *t, struct file *file, const char *name);
/* Are native functions of a program tapped that is that file? */
bool tapper_wants_native_of(const struct tapper *t, const struct file *exe);
/*
 * Looks at what a target has mapped since, and puts probes into files that are new; one
 * that is @stopped misses nothing meanwhile. 0 or -errno, printed; -ESRCH, not printed: it
 * has gone.
 */
int tapper_look_again(struct tapper *t, struct target *target, bool stopped);
/*
 * Takes the probes of all targets out, so that those of one which has run another program
 * do not serve that. 0 or -ENOMEM.
 */
int tapper_take_out(struct tapper *t);
/* The same for the time being, where t->everywhere: targets go on without. */
void tapper_suspend(struct tapper *t);
/* Puts them in again. 0 or -ENOMEM. */
int tapper_resume(struct tapper *t);
/* Where they are out, and stay out to the end at @end_ns (CLOCK_MONOTONIC). */
void tapper_note_suspended(struct tapper *t, uint64_t end_ns);
/*
 * A target has ended or become another program at @time_ns (CLOCK_MONOTONIC): what was
 * seen of it is kept, what it needed is not. 0 or -errno.
 */
int tapper_gone(struct tapper *t, struct target *target, uint64_t time_ns);

#endif
