/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The command line: one table of options drives parsing and help of all commands. */
#ifndef ALLOCTAP_CMD_OPTIONS_H
#define ALLOCTAP_CMD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "export/exporter.h"
#include "probe/native_plan.h"
#include "session/session.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,      /* while running */
	EXIT_USAGE = 2,       /* wrong usage */
	EXIT_UNTRACEABLE = 3, /* this kernel, privilege or target cannot be traced */
	EXIT_STRICT_LOST = 4, /* --strict, and something was lost */
};

enum command_bit {
	CMD_RECORD = 1 << 0,
	CMD_REPORT = 1 << 1,
	CMD_EXPORT = 1 << 2,
	CMD_DIFF = 1 << 3,
	CMD_DOCTOR = 1 << 4,
};

struct output {
	const char *path;
	const struct exporter *exporter;
};

struct options {
	struct session_options session;
	struct export_options export;
	VEC(pid_t) pids;
	VEC(struct native_custom) allocators; /* symbols are ours */
	VEC(const char *) output_paths;
	VEC(struct output) outputs; /* made of the paths and the format */
	const struct exporter *format;
	uint64_t duration_ns;              /* 0: until stopped */
	struct suppressions *suppressions; /* export.suppressions, to be freed */
	const char *layout;                /* name of a type; NULL: none was asked for */
	bool has_view;                     /* the view was named */
	bool selects_twice;                /* processes were selected in more than one way */
	bool strict;
	bool totals; /* compared, not amounts per second */
	bool dry_run;
	bool help;
	char **operands; /* recording, or the command to run */
	int n_operands;
	bool has_command; /* operands follow a "--" */
};

/*
 * Parses what follows the command's name. 0, or an enum exit_code with the reason
 * printed. Free with options_free() either way.
 */
int options_parse(struct options *o, enum command_bit command, int argc, char **argv);
void options_free(struct options *o);
/* The options of @command, from the table, with a line each. */
void options_print_help(enum command_bit command);

#endif
