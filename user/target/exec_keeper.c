// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/path.h"
#include "target/emulator.h"
#include "target/exec_keeper.h"

/* Held at a time; more go on at once. */
#define HELD_MAX 64

struct held {
	uint32_t id; /* 0: free */
	int fd;      /* by which the kernel knows what we answer */
	uint64_t until_ns;
};

struct keeper {
	int group, sock;
	exec_wanted_fn wanted;
	void *ctx;
	uint32_t last_id;
	struct held held[HELD_MAX];
};

/* --- messages ------------------------------------------------------------------------ */

union fd_room {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr aligned;
};

int keeper_send(int sock, const void *data, size_t size, int fd)
{
	struct iovec part = {(void *)(uintptr_t)data, size};
	union fd_room room = {{0}};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		message.msg_control = room.bytes;
		message.msg_controllen = sizeof(room.bytes);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(sock, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

ssize_t keeper_receive(int sock, void *data, size_t size, int *fd)
{
	struct iovec part = {data, size};
	union fd_room room = {{0}};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = room.bytes,
				 .msg_controllen = sizeof(room.bytes)};
	ssize_t n = recvmsg(sock, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	if (n < 0)
		return -errno;
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return n;
}

/* --- the kernel ---------------------------------------------------------------------- */

int keeper_mark(int group, int fd)
{
	return fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC_PERM, fd,
			     NULL)
		       ? -errno
		       : 0;
}

static void allow(const struct keeper *k, int fd)
{
	struct fanotify_response answer = {.fd = fd, .response = FAN_ALLOW};

	/* It fails where who asked was killed meanwhile. */
	if (write(k->group, &answer, sizeof(answer)) < 0 && errno == EINTR &&
	    write(k->group, &answer, sizeof(answer)) < 0)
		_exit(1); /* the kernel lets them all go then */
	close(fd);
}

/*
 * The file is not asked about again, until it is written to or the kernel wants the memory.
 * Where others decide by the process, every process must be asked about; and of emulators
 * each wants all probes out.
 */
static void ask_no_more(const struct keeper *k, int fd)
{
	if (!k->wanted && !emulator_of_fd(fd))
		fanotify_mark(k->group, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_EVICTABLE,
			      FAN_OPEN_EXEC_PERM, fd, NULL);
}

/* 0: it is not held. */
static uint64_t hold_at_most_ns(const struct keeper *k, pid_t pid, int fd)
{
	__auto_free char *path = NULL;

	/* Those two may be what the other waits for. */
	if (pid == getpid() || pid == getppid())
		return 0;
	path = path_of_fd(fd);
	if (path && emulator_name(path))
		return EMULATOR_HOLD_MAX_NS;
	if (!k->wanted)
		return EXEC_HOLD_MAX_NS;
	return path && k->wanted(k->ctx, pid, path) ? EXEC_HOLD_MAX_NS : 0;
}

static struct held *free_slot(struct keeper *k)
{
	for (size_t i = 0; i < HELD_MAX; i++) {
		if (!k->held[i].id)
			return &k->held[i];
	}
	return NULL;
}

static void take_exec(struct keeper *k, pid_t pid, int fd)
{
	struct held *slot = free_slot(k);
	struct keeper_held message = {.pid = pid, .since_ns = now_ns()};
	uint64_t most_ns = slot ? hold_at_most_ns(k, pid, fd) : 0;

	if (most_ns) {
		message.id = ++k->last_id ?: ++k->last_id;
		if (!keeper_send(k->sock, &message, sizeof(message), fd)) {
			*slot = (struct held){message.id, fd, message.since_ns + most_ns};
			return;
		}
	}
	allow(k, fd);
}

static void take_execs(struct keeper *k)
{
	struct fanotify_event_metadata events[64];
	const struct fanotify_event_metadata *e = events;
	ssize_t n = read(k->group, events, sizeof(events));

	for (; n > 0 && FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n)) {
		if (e->fd >= 0)
			take_exec(k, e->pid, e->fd);
	}
}

/* --- orders -------------------------------------------------------------------------- */

static void release(struct keeper *k, uint32_t id)
{
	for (size_t i = 0; i < HELD_MAX; i++) {
		if (k->held[i].id != id)
			continue;
		ask_no_more(k, k->held[i].fd);
		allow(k, k->held[i].fd);
		k->held[i].id = 0;
	}
}

/* False: nobody is there any more to give some. */
static bool take_orders(struct keeper *k)
{
	struct keeper_order order;
	ssize_t n;
	int fd;

	while ((n = keeper_receive(k->sock, &order, sizeof(order), &fd)) == sizeof(order)) {
		if (order.id)
			release(k, order.id);
		else if (fd >= 0)
			keeper_mark(k->group, fd);
		if (fd >= 0)
			close(fd);
	}
	return n == -EAGAIN || n == -EINTR;
}

/* Lets those go on that have waited long enough. When the next has, in ms; -1: nobody waits. */
static int release_late(struct keeper *k)
{
	uint64_t now = now_ns(), next = UINT64_MAX;

	for (size_t i = 0; i < HELD_MAX; i++) {
		struct held *h = &k->held[i];

		if (!h->id)
			continue;
		if (h->until_ns <= now) {
			allow(k, h->fd);
			h->id = 0;
		} else if (h->until_ns < next) {
			next = h->until_ns;
		}
	}
	return next == UINT64_MAX ? -1 : (int)((next - now) / 1000000) + 1;
}

void keeper_run(int group, int sock, exec_wanted_fn wanted, void *ctx)
{
	struct keeper k = {.group = group, .sock = sock, .wanted = wanted, .ctx = ctx};
	struct pollfd feeds[] = {{group, POLLIN, 0}, {sock, POLLIN, 0}};

	for (;;) {
		if (poll(feeds, 2, release_late(&k)) < 0 && errno != EINTR)
			return;
		if (feeds[1].revents && !take_orders(&k))
			return;
		if (feeds[0].revents)
			take_execs(&k);
	}
}
