// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "session/native.h"

#include "alloctap.h"
#include "alloctap.skel.h" /* names types of alloctap.h */

/* What is done at a probe: a link each per file. */
enum role {
	ROLE_ALLOC,     /* allocations, when they are asked for */
	ROLE_PAGES,     /* address space */
	ROLE_CONTAINER, /* inserts, rehashes */
	ROLE_CALL,      /* allocations, followed from the call to the return */
	ROLE_FREE,
	ROLE_MAX,
	ROLE_NONE = ROLE_MAX
};

#define KIND_BIT(kind) (1u << (kind))
#define KINDS_PAGES \
	(KIND_BIT(KIND_MMAP) | KIND_BIT(KIND_MUNMAP) | KIND_BIT(KIND_MREMAP) | KIND_BIT(KIND_BRK))
#define KINDS_CONTAINER (KIND_BIT(KIND_MAP_INSERT) | KIND_BIT(KIND_MAP_GROW))

struct native {
	struct bpf_program *entry[ROLE_MAX];
	struct bpf_program
		*returned; /* the return side of ROLE_CALL; NULL: a session link is both */
	int probes_fd;     /* native_probes[], once loaded */
	uint32_t n_probes;
	bool live;
	bool empty; /* all probes run a program that does nothing */
};

struct native *native_new(bool empty)
{
	struct native *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->probes_fd = -1;
	n->empty = empty;
	return n;
}

void native_free(struct native *n)
{
	free(n);
}

void native_forget(struct native *n)
{
	n->n_probes = 0;
}

static void prepare(struct native *n, struct alloctap_bpf *skel, const struct attachment *a,
		    enum role role, struct bpf_program *prog)
{
	n->entry[role] = n->empty ? skel->progs.nothing : prog;
	attachment_prepare(a, n->entry[role]);
}

static void prepare_live(struct native *n, struct alloctap_bpf *skel, const struct attachment *a,
			 uint32_t max_live)
{
	n->live = true;
	skel->rodata->cfg_live = true;
	bpf_map__set_max_entries(skel->maps.live, max_live);
	prepare(n, skel, a, ROLE_FREE, skel->progs.live_freed);
	if (attachment_prepare_session(a, skel->progs.live_session)) {
		n->entry[ROLE_CALL] = skel->progs.live_session;
		return;
	}
	prepare(n, skel, a, ROLE_CALL, skel->progs.live_entered);
	n->returned = skel->progs.live_returned;
	attachment_prepare(a, n->returned);
}

void native_prepare(struct native *n, struct alloctap_bpf *skel, const struct attachment *a,
		    const struct native_request *request, uint32_t max_live)
{
	if (request) {
		bpf_map__set_max_entries(skel->maps.native_probes, NATIVE_PROBES_MAX);
		/* Also with --live: there may be targets that bear no return probes. */
		if (request->kinds & KIND_BIT(KIND_ALLOC))
			prepare(n, skel, a, ROLE_ALLOC, skel->progs.native_alloc);
		if (request->kinds & KINDS_PAGES)
			prepare(n, skel, a, ROLE_PAGES, skel->progs.native_pages);
		if (request->kinds & KINDS_CONTAINER)
			prepare(n, skel, a, ROLE_CONTAINER, skel->progs.native_container);
	}
	if (!request || !(request->kinds & (KIND_BIT(KIND_ALLOC) | KINDS_PAGES)))
		bpf_map__set_autocreate(skel->maps.passings, false);
	if (request && request->live) {
		prepare_live(n, skel, a, max_live ?: NATIVE_MAX_LIVE_DEFAULT);
	} else {
		bpf_map__set_autocreate(skel->maps.live, false);
		bpf_map__set_autocreate(skel->maps.live_calls, false);
	}
}

int native_start(struct native *n, struct alloctap_bpf *skel)
{
	n->probes_fd = bpf_map__fd(skel->maps.native_probes);
	return n->probes_fd < 0 ? -EBADF : 0;
}

static enum role role_of(const struct native *n, const struct native_planned_probe *p,
			 bool may_return)
{
	bool follow = n->live && may_return;

	switch (p->kind) {
	case KIND_ALLOC:
		return follow && p->has_return && !p->point.cfa_off ? ROLE_CALL : ROLE_ALLOC;
	case KIND_FREE:
		return follow ? ROLE_FREE : ROLE_NONE;
	case KIND_MAP_INSERT:
	case KIND_MAP_GROW:
		return ROLE_CONTAINER;
	case KIND_MMAP:
	case KIND_MUNMAP:
	case KIND_MREMAP:
	case KIND_BRK:
		return ROLE_PAGES;
	default:
		return ROLE_NONE;
	}
}

/* What the programs are told of each probe, from place @first in native_probes[] on. */
static int note_probes(const struct native *n, const struct native_plan *plan, uint32_t first)
{
	int err = 0;

	for (size_t i = 0; i < plan->n && !err; i++) {
		struct native_probe probe = plan->probes[i].probe;
		uint32_t place = first + (uint32_t)i;

		probe.file = first;
		err = bpf_map_update_elem(n->probes_fd, &place, &probe, BPF_ANY);
	}
	return err;
}

/* Returns first: what was not seen to begin is passed over, what never ends is remembered. */
static int attach_role(struct native *n, struct attachment *a, const char *name, enum role role,
		       struct uprobe_offsets *set, pid_t pid, int fd)
{
	int err = 0;

	if (!set->n || !n->entry[role])
		return 0;
	if (role == ROLE_CALL && !n->returned) {
		set->when = UPROBE_SESSION;
	} else if (role == ROLE_CALL) {
		set->when = UPROBE_RETURN;
		err = attachment_add_native(a, name, n->returned, set, pid, fd);
		set->when = UPROBE_ENTRY;
	}
	return err ?: attachment_add_native(a, name, n->entry[role], set, pid, fd);
}

int native_attach(struct native *n, struct attachment *a, const char *name,
		  const struct native_plan *plan, struct native_scope scope, int fd,
		  bool may_return)
{
	__auto_free uint64_t *words = calloc(plan->n ?: 1, 2 * sizeof(*words));
	uint32_t first = n->n_probes;
	int err;

	if (!words)
		return -ENOMEM;
	if (plan->n > NATIVE_PROBES_MAX - first) {
		log_error("%s: over %d native probes in all files: tap fewer at a time", name,
			  NATIVE_PROBES_MAX);
		return -ENOSPC;
	}
	n->n_probes += (uint32_t)plan->n;
	err = note_probes(n, plan, first);
	if (err) {
		log_error("%s: its probes cannot be noted: %s", name, strerror(-err));
		return err;
	}
	for (enum role role = 0; role < ROLE_MAX && !err; role++) {
		uint64_t *offsets = words, *cookies = words + plan->n;
		struct uprobe_offsets set = {.probes = offsets, .cookies = cookies};

		for (size_t i = 0; i < plan->n; i++) {
			const struct native_planned_probe *p = &plan->probes[i];
			union probe_cookie cookie = {
				.cfa_off = p->point.cfa_off,
				.target = scope.target,
				.native = (uint16_t)(first + i),
			};

			if (role_of(n, p, may_return) != role)
				continue;
			offsets[set.n] = p->file_offset;
			cookies[set.n++] = cookie.value;
		}
		err = attach_role(n, a, name, role, &set, scope.pid, fd);
	}
	return err;
}
