// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "base/vec.h"
#include "session/emulators.h"
#include "target/emulator.h"

struct running {
	pid_t pid;
	int pidfd;
};

struct emulators {
	struct tapper *t;
	VEC(struct running) list;
	int ends; /* epoll, of the pidfds */
};

struct emulators *emulators_new(struct tapper *t)
{
	struct emulators *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->t = t;
	e->ends = epoll_create1(EPOLL_CLOEXEC);
	if (e->ends >= 0)
		return e;
	free(e);
	return NULL;
}

void emulators_free(struct emulators *e)
{
	if (!e)
		return;
	vec_for_each (&e->list, r)
		close(r->pidfd);
	vec_free(&e->list);
	close(e->ends);
	free(e);
}

int emulators_fd(const struct emulators *e)
{
	return e->ends;
}

int emulators_note(struct emulators *e, pid_t pid, const char *name)
{
	struct epoll_event ended = {.events = EPOLLIN, .data.u64 = (uint64_t)pid};
	struct running r = {pid, -1};

	/* Not in our PID namespace: nobody would tell when it ends. */
	if (!pid)
		return 0;
	vec_for_each (&e->list, known) {
		if (known->pid == pid)
			return 0;
	}
	r.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	/* It is gone already. */
	if (r.pidfd < 0 && errno == ESRCH)
		return 0;
	if (r.pidfd < 0 || epoll_ctl(e->ends, EPOLL_CTL_ADD, r.pidfd, &ended) ||
	    vec_push(&e->list, r)) {
		cleanup_fd(&r.pidfd);
		return -ENOMEM;
	}
	if (e->list.n == 1)
		log_warn("pid %d runs its program under %s, to which a probe is fatal: "
			 "all probes are out until it ends",
			 pid, name);
	tapper_suspend(e->t);
	return 0;
}

static int look_at(void *ctx, pid_t pid)
{
	const char *name = emulator_of_process(pid);

	return name ? emulators_note(ctx, pid, name) : 0;
}

int emulators_scan(struct emulators *e)
{
	return process_each(look_at, e);
}

static void forget(struct emulators *e, pid_t pid)
{
	for (size_t i = 0; i < e->list.n; i++) {
		if (e->list.data[i].pid != pid)
			continue;
		close(e->list.data[i].pidfd);
		e->list.data[i] = e->list.data[--e->list.n];
		return;
	}
}

int emulators_settle(struct emulators *e)
{
	struct epoll_event ended[16];
	uint64_t since_ns;
	char time[32];
	int n, err;

	if (!e->list.n)
		return 0;
	while ((n = epoll_wait(e->ends, ended, ARRAY_SIZE(ended), 0)) > 0) {
		for (int i = 0; i < n; i++)
			forget(e, (pid_t)ended[i].data.u64);
	}
	/* What it has forked runs in it as well. */
	err = e->list.n ? 0 : emulators_scan(e);
	if (err || e->list.n)
		return err;
	since_ns = e->t->suspended_ns;
	err = tapper_resume(e->t);
	if (!err)
		log_info("probes are in again, after %s without",
			 format_duration(time, sizeof(time), now_ns() - since_ns));
	return err;
}
