/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The subcommands. Each takes what follows its name and returns the exit code. */
#ifndef ALLOCTAP_CMD_COMMANDS_H
#define ALLOCTAP_CMD_COMMANDS_H

#include "cmd/options.h"

int cmd_record(const struct options *o);
int cmd_report(const struct options *o);
int cmd_export(const struct options *o);
int cmd_diff(const struct options *o);
int cmd_doctor(const struct options *o);

#endif
