/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Putting the probes of a plan in, and taking them out. */
#ifndef ALLOCTAP_PROBE_ATTACH_H
#define ALLOCTAP_PROBE_ATTACH_H

#include <sys/types.h>

#include "probe/plan.h"
#include "probe/uprobe_multi.h"
#include "probe/usdt_plan.h"

struct bpf_program;

enum link_kind {
	LINK_AUTO,
	LINK_MULTI, /* one link for many probes */
	LINK_PERF,  /* a perf event per probe */
};

/*
 * Makes LINK_AUTO the best kind this kernel has. -ENOTSUP, the reason printed,
 * where it does not have the kind that was asked for. 0 on success.
 */
int link_kind_choose(enum link_kind *kind);
const char *link_kind_name(enum link_kind kind);

struct attachment;

/* Where the kernel side keeps what it knows of a target. */
struct target_place {
	uint8_t layout;  /* in go_layouts[] */
	uint16_t target; /* in epochs[] and all that is by target */
};

struct attachment *attachment_new(enum link_kind kind);
/*
 * Readies a program for this kind of link; to be called before it is loaded.
 * Also makes libbpf load it: programs are off until a plan needs them.
 */
void attachment_prepare(const struct attachment *a, struct bpf_program *prog);
/*
 * The same for a program that is to see calls and their returns, by a session link. False,
 * and nothing done, where the kernel has none, or this attachment is of perf links.
 */
bool attachment_prepare_session(const struct attachment *a, struct bpf_program *prog);
/*
 * Puts all probes of the plan in, for process @pid and the file open as
 * @exe_fd. programs[kind] counts that kind. 0 or -errno, the reason printed
 * under @name; probes put in by then are taken out by attachment_free().
 */
int attachment_add(struct attachment *a, const char *name, const struct probe_plan *plan,
		   struct bpf_program *const programs[KIND_GO_END], struct target_place place,
		   pid_t pid, int exe_fd);
/* A single probe, for calibration. */
int attachment_add_one(struct attachment *a, const char *name, struct bpf_program *prog,
		       uint64_t file_offset, pid_t pid, int exe_fd);
/*
 * The static probes of a plan, in the file open as @fd; @prog gets the index of
 * each as its cookie, counted from @first_cookie.
 */
int attachment_add_usdt(struct attachment *a, const char *name, const struct usdt_plan *plan,
			struct bpf_program *prog, uint32_t first_cookie, pid_t pid, int fd);
/*
 * Probes of native functions. @pid of -1: in every process that maps the file open as
 * @fd. @prog is to be readied for offsets->when.
 */
int attachment_add_native(struct attachment *a, const char *name, struct bpf_program *prog,
			  const struct uprobe_offsets *offsets, pid_t pid, int fd);
size_t attachment_count(const struct attachment *a);
/* Takes all probes out: when it returns, none of their programs runs any more. */
void attachment_free(struct attachment *a);

#endif
