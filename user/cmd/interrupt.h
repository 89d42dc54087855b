/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* SIGINT and SIGTERM: the first one stops and writes, a second one quits at once. */
#ifndef ALLOCTAP_CMD_INTERRUPT_H
#define ALLOCTAP_CMD_INTERRUPT_H

#include <stdbool.h>

void interrupt_install(void);
/* The signal that asked us to stop, 0 if none has. */
int interrupt_signal(void);
/* Was it sent to us by a process, rather than to the whole terminal by Ctrl-C? */
bool interrupt_was_ours_alone(void);

#endif
