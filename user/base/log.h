/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the program says about itself. Everything goes to stderr: stdout is data.
 *
 * A message is printed once, where the fact is known, and names the thing, the
 * reason and the remedy; callers above add nothing and just pass the -errno on.
 */
#ifndef ALLOCTAP_BASE_LOG_H
#define ALLOCTAP_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

/* Messages above @level are dropped. The default is LOG_INFO. */
void log_set_level(enum log_level level);

/*
 * One line, "alloctap: " in front, newline added. A status line shown by
 * log_status() is wiped first, so that the two never mix. errno is preserved.
 */
void log_vprint(enum log_level level, const char *fmt, va_list ap);
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* True when stderr is a terminal, so that a live status line makes sense. */
bool log_has_terminal(void);

/*
 * Redraws the live status line in place; a NULL @fmt wipes it. Does nothing
 * where stderr is no terminal.
 */
void log_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
