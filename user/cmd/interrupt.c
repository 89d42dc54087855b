// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <signal.h>
#include <string.h>

#include "cmd/interrupt.h"

static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t sent_by_process;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	stop_signal = number;
	sent_by_process = info->si_code == SI_USER || info->si_code == SI_TKILL;
}

void interrupt_install(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_signal;
	/* No SA_RESTART: waiting calls are to return. A second signal kills as usual. */
	action.sa_flags = SA_SIGINFO | (int)SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* A closed pipe is an error of the write, to be reported like any other. */
	signal(SIGPIPE, SIG_IGN);
}

int interrupt_signal(void)
{
	return stop_signal;
}

bool interrupt_was_ours_alone(void)
{
	return sent_by_process;
}
