/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What doctor has to say of the machine: kernel and privileges. */
#ifndef ALLOCTAP_CMD_DOCTOR_HOST_H
#define ALLOCTAP_CMD_DOCTOR_HOST_H

#include <stdbool.h>
#include <stdio.h>

/* Prints it, a line each. Can anything be tapped here? */
bool doctor_host(FILE *out);
/* One line, "  what         text". */
void doctor_line(FILE *out, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
