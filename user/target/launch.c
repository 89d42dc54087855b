// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The hold is ptrace's: a traced process stops when exec has succeeded and
 * before the new program's first instruction. By then /proc shows the program
 * that will really run (after PATH, "#!" lines and binfmt handlers), so it is
 * looked at like any other target. We detach before it runs on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "target/launch.h"

struct launch {
	pid_t pid;
	bool held;
	bool ended;
	int status; /* as exit(3) takes it */
};

static void set_ended(struct launch *l, int wait_status)
{
	l->ended = true;
	l->status =
		WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* In the child: never returns. exec's errno goes to the parent through @report. */
static void run_command(char *const argv[], int report)
{
	int err;

	/* Ignored signals stay ignored across exec: what we ignore is not the command's. */
	signal(SIGPIPE, SIG_DFL);
	/* Should we be killed while it is stopped at a later exec, it goes on. */
	prctl(PR_SET_PDEATHSIG, SIGCONT);
	if (!ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		execvp(argv[0], argv);
	err = errno;
	while (write(report, &err, sizeof(err)) < 0 && errno == EINTR)
		;
	_exit(127);
}

/* Waits for the stop after exec, or for word of why there was none. */
static int wait_exec(struct launch *l, const char *name, int report)
{
	int status, err = 0;

	if (waitpid(l->pid, &status, 0) < 0)
		return -errno;
	if (WIFSTOPPED(status)) {
		l->held = true;
		return 0;
	}
	set_ended(l, status);
	if (read(report, &err, sizeof(err)) != sizeof(err))
		err = ECHILD;
	log_error("%s: cannot be run: %s", name, strerror(err));
	return -err;
}

struct launch *launch_start(char *const argv[])
{
	struct launch *l = calloc(1, sizeof(*l));
	int report[2], err;

	if (!l)
		return NULL;
	if (pipe2(report, O_CLOEXEC)) {
		free(l);
		return NULL;
	}
	l->pid = fork();
	if (l->pid == 0)
		run_command(argv, report[1]);
	close(report[1]);
	if (l->pid < 0) {
		err = -errno;
		log_error("%s: cannot be started: %s", argv[0], strerror(errno));
	} else {
		err = wait_exec(l, argv[0], report[0]);
	}
	close(report[0]);
	if (!err)
		return l;
	launch_free(l);
	errno = -err;
	return NULL;
}

pid_t launch_pid(const struct launch *l)
{
	return l->pid;
}

int launch_load(struct launch *l, loader_mapped_fn mapped, void *ctx)
{
	int status, err = l->ended ? 0 : loader_follow(l->pid, mapped, ctx, &status);

	if (err != -ECHILD)
		return err;
	/* It ended in the loader: a library is missing, or somebody killed it. */
	l->held = false;
	set_ended(l, status);
	return 0;
}

int launch_release(struct launch *l)
{
	if (l->ended)
		return 0;
	if (ptrace(PTRACE_DETACH, l->pid, NULL, NULL)) {
		int err = -errno;

		log_error("pid %d: cannot be let run: %s", l->pid, strerror(-err));
		return err;
	}
	l->held = false;
	return 0;
}

bool launch_ended(struct launch *l, int *status)
{
	int wait_status;

	if (!l->ended && waitpid(l->pid, &wait_status, WNOHANG) == l->pid)
		set_ended(l, wait_status);
	*status = l->status;
	return l->ended;
}

/*
 * Not held as at the start: a tracer that goes away lets go, so what fails here does not
 * cost the command its life.
 */
int launch_catch(struct launch *l)
{
	int status = 0, err = 0;

	if (ptrace(PTRACE_SEIZE, l->pid, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, l->pid, NULL, NULL))
		err = -errno;
	while (!err && waitpid(l->pid, &status, 0) < 0) {
		if (errno != EINTR)
			err = -errno;
	}
	if (!err && !WIFSTOPPED(status))
		set_ended(l, status);
	else
		launch_continue(l);
	return err == -ESRCH ? 0 : err;
}

void launch_continue(const struct launch *l)
{
	kill(l->pid, SIGCONT);
}

bool launch_wait(struct launch *l, int *status)
{
	int wait_status;

	while (!l->ended) {
		pid_t pid = waitpid(l->pid, &wait_status, WUNTRACED);

		if (pid == l->pid && WIFSTOPPED(wait_status))
			return false;
		if (pid == l->pid)
			set_ended(l, wait_status);
		else if (errno != EINTR)
			break;
	}
	*status = l->status;
	return true;
}

void launch_free(struct launch *l)
{
	if (!l)
		return;
	if (l->held) {
		kill(l->pid, SIGKILL);
		waitpid(l->pid, NULL, 0);
	}
	free(l);
}
