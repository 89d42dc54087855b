// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/vec.h"
#include "target/exec_keeper.h"

struct exec_gate {
	int group; /* until it is open; -1 */
	int sock;  /* -1: the keeper has ended */
	pid_t keeper;
	VEC(dev_t) watched;
};

/* --- the keeper's process ------------------------------------------------------------ */

/* Nothing of ours is to stay open for its sake: BPF programs least of all. */
static void keep_only(int group, int sock)
{
	unsigned int low = (unsigned int)(group < sock ? group : sock);
	unsigned int high = (unsigned int)(group < sock ? sock : group);
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd <= 2 && null >= 0; fd++) {
		if (fd != group && fd != sock)
			dup2(null, fd);
	}
	if (low > 3)
		close_range(3, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

__attribute__((noreturn)) static void be_keeper(int group, int sock, pid_t parent,
						exec_wanted_fn wanted, void *ctx)
{
	/* What the terminal sends to stop or end us, it does not get. */
	setsid();
	prctl(PR_SET_NAME, "alloctap-keeper");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	keep_only(group, sock);
	if (getppid() == parent)
		keeper_run(group, sock, wanted, ctx);
	_exit(0);
}

/* --- ours ---------------------------------------------------------------------------- */

static int start_keeper(struct exec_gate *g, exec_wanted_fn wanted, void *ctx)
{
	pid_t parent = getpid();
	int socks[2];

	g->group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK |
					 FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
				 O_RDONLY | O_CLOEXEC | O_LARGEFILE);
	if (g->group < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		return -errno;
	g->sock = socks[0];
	g->keeper = fork();
	if (!g->keeper)
		be_keeper(g->group, socks[1], parent, wanted, ctx);
	close(socks[1]);
	return g->keeper < 0 ? -errno : 0;
}

struct exec_gate *exec_gate_new(exec_wanted_fn wanted, void *ctx)
{
	struct exec_gate *g = calloc(1, sizeof(*g));
	int err;

	if (!g)
		return NULL;
	g->group = g->sock = g->keeper = -1;
	err = start_keeper(g, wanted, ctx);
	if (!err)
		return g;
	exec_gate_free(g);
	errno = -err;
	return NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void exec_gate_free(struct exec_gate *g)
{
	if (!g)
		return;
	close_fd(&g->group);
	close_fd(&g->sock);
	if (g->keeper > 0)
		waitpid(g->keeper, NULL, 0);
	vec_free(&g->watched);
	free(g);
}

/*
 * Where programs lie. Others (/proc and its like, or a server that does not answer) are not
 * even looked at.
 */
static bool has_programs(const char *type)
{
	static const char *const types[] = {"9p",    "bcachefs", "btrfs",    "erofs", "ext2",
					    "ext3",  "ext4",     "f2fs",     "jfs",   "overlay",
					    "ramfs", "reiserfs", "squashfs", "tmpfs", "virtiofs",
					    "xfs",   "zfs"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!strcmp(type, types[i]))
			return true;
	}
	return false;
}

/* Is it the first of its file system? */
static bool is_new(struct exec_gate *g, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	vec_for_each (&g->watched, device) {
		if (*device == st.st_dev)
			return false;
	}
	return !vec_push(&g->watched, st.st_dev);
}

int exec_gate_open(struct exec_gate *g)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *m;
	int marked = 0, err = mounts ? 0 : -errno;

	while (mounts && (m = getmntent(mounts))) {
		__auto_close int fd = -1;

		if (!has_programs(m->mnt_type))
			continue;
		fd = open(m->mnt_dir, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 || !is_new(g, fd))
			continue;
		err = keeper_mark(g->group, fd);
		if (err)
			log_debug("%s: its programs cannot be held: %s", m->mnt_dir,
				  strerror(-err));
		marked += !err;
	}
	if (mounts)
		endmntent(mounts);
	/* From now on there is one who holds it, and whose end frees all. */
	close_fd(&g->group);
	return marked ? 0 : err ?: -ENOENT;
}

void exec_gate_watch(struct exec_gate *g, int fd)
{
	const struct keeper_order order = {0};

	/* Nobody is held yet. */
	if (g->group >= 0)
		return;
	/* Of one that has no room for orders the next process reminds us. */
	if (g->sock >= 0 && is_new(g, fd) && keeper_send(g->sock, &order, sizeof(order), fd))
		g->watched.n--;
}

int exec_gate_fd(const struct exec_gate *g)
{
	return g->sock;
}

pid_t exec_gate_keeper(const struct exec_gate *g)
{
	return g->keeper;
}

int exec_gate_next(struct exec_gate *g, struct held_exec *e)
{
	struct keeper_held message;
	ssize_t n =
		g->sock < 0 ? -EAGAIN : keeper_receive(g->sock, &message, sizeof(message), &e->fd);

	if (n == -EAGAIN || n == -EINTR)
		return 0;
	if (n == sizeof(message) && e->fd >= 0) {
		e->id = message.id;
		e->pid = message.pid;
		e->since_ns = message.since_ns;
		return 1;
	}
	if (e->fd >= 0)
		close(e->fd);
	close_fd(&g->sock);
	return -EPIPE;
}

void exec_gate_release(struct exec_gate *g, const struct held_exec *e)
{
	const struct keeper_order order = {e->id};

	if (g->sock >= 0)
		keeper_send(g->sock, &order, sizeof(order), -1);
	close(e->fd);
}
