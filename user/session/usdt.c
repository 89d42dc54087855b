// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "session/usdt.h"
#include "session/usdt_gc.h"

#include "alloctap.h"
#include "alloctap.skel.h" /* names types of alloctap.h */

struct usdt {
	struct usdt_gc *gc;
	struct alloctap_bpf *skel; /* once loaded */
	struct ring_buffer *ring;
	uint32_t n_sites;
	bool wanted;
};

struct usdt *usdt_new(struct profile_builder *b)
{
	struct usdt *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->gc = usdt_gc_new(b);
	if (u->gc)
		return u;
	usdt_free(u);
	errno = ENOMEM;
	return NULL;
}

void usdt_free(struct usdt *u)
{
	if (!u)
		return;
	ring_buffer__free(u->ring);
	usdt_gc_free(u->gc);
	free(u);
}

void usdt_forget(struct usdt *u)
{
	usdt_take(u);
	u->n_sites = 0;
}

int usdt_add_target(struct usdt *u, uint32_t id, uint32_t target)
{
	return usdt_gc_add_target(u->gc, id, target);
}

void usdt_prepare(struct usdt *u, struct alloctap_bpf *skel, const struct attachment *a,
		  bool wanted)
{
	u->wanted = wanted;
	if (wanted) {
		attachment_prepare(a, skel->progs.usdt_passed);
		return;
	}
	bpf_map__set_autocreate(skel->maps.usdt_sites, false);
	bpf_map__set_autocreate(skel->maps.usdt_events, false);
}

static int take_event(void *ctx, void *data, size_t size)
{
	struct usdt *u = ctx;

	if (size >= sizeof(struct usdt_event))
		usdt_gc_take(u->gc, data);
	return 0;
}

void usdt_set_start(struct usdt *u, uint64_t started_ns)
{
	usdt_gc_start(u->gc, started_ns);
}

int usdt_start(struct usdt *u, struct alloctap_bpf *skel)
{
	if (!u->wanted)
		return 0;
	u->skel = skel;
	u->ring = ring_buffer__new(bpf_map__fd(skel->maps.usdt_events), take_event, u, NULL);
	if (u->ring)
		return 0;
	log_error("the ring buffer of static probes cannot be opened: %s", strerror(errno));
	return -errno;
}

int usdt_attach(struct usdt *u, struct attachment *a, const char *name,
		const struct usdt_plan *plan, pid_t pid, int fd)
{
	uint32_t first = u->n_sites;
	int err = 0;

	if (plan->n > USDT_SITES_MAX - first) {
		log_error("%s: over %d static probes in all targets: tap fewer at a time", name,
			  USDT_SITES_MAX);
		return -ENOSPC;
	}
	for (size_t i = 0; i < plan->n && !err; i++) {
		uint32_t index = u->n_sites++;

		err = bpf_map_update_elem(bpf_map__fd(u->skel->maps.usdt_sites), &index,
					  &plan->sites[i].operands, BPF_ANY);
	}
	if (err) {
		log_error("%s: its static probes cannot be noted: %s", name, strerror(-err));
		return err;
	}
	return attachment_add_usdt(a, name, plan, u->skel->progs.usdt_passed, first, pid, fd);
}

int usdt_events_fd(const struct usdt *u)
{
	return u->ring ? ring_buffer__epoll_fd(u->ring) : -1;
}

void usdt_take(struct usdt *u)
{
	if (u->ring)
		ring_buffer__consume(u->ring);
}

void usdt_finish(struct usdt *u)
{
	usdt_take(u);
	usdt_gc_finish(u->gc);
}

uint64_t usdt_n_cycles(const struct usdt *u)
{
	return usdt_gc_n_cycles(u->gc);
}

uint64_t usdt_n_pauses(const struct usdt *u)
{
	return usdt_gc_n_pauses(u->gc);
}

uint64_t usdt_lost(const struct usdt *u)
{
	uint64_t in_kernel =
		u->skel ? __atomic_load_n(&u->skel->bss->usdt_lost, __ATOMIC_RELAXED) : 0;

	return in_kernel + usdt_gc_dropped(u->gc);
}
