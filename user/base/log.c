// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

static enum log_level max_level = LOG_INFO;
static bool status_shown;

void log_set_level(enum log_level level)
{
	max_level = level;
}

bool log_has_terminal(void)
{
	return isatty(STDERR_FILENO);
}

static void wipe_status(void)
{
	if (!status_shown)
		return;
	fputs("\r\033[K", stderr);
	status_shown = false;
}

void log_vprint(enum log_level level, const char *fmt, va_list ap)
{
	int saved = errno;

	if (level <= max_level) {
		wipe_status();
		fputs("alloctap: ", stderr);
		vfprintf(stderr, fmt, ap);
		fputc('\n', stderr);
	}
	errno = saved;
}

#define DEFINE_LOG(name, level)             \
	void name(const char *fmt, ...)     \
	{                                   \
		va_list ap;                 \
                                            \
		va_start(ap, fmt);          \
		log_vprint(level, fmt, ap); \
		va_end(ap);                 \
	}

DEFINE_LOG(log_error, LOG_ERROR)
DEFINE_LOG(log_warn, LOG_WARN)
DEFINE_LOG(log_info, LOG_INFO)
DEFINE_LOG(log_debug, LOG_DEBUG)

void log_status(const char *fmt, ...)
{
	va_list ap;

	if (!log_has_terminal() || max_level < LOG_INFO)
		return;
	wipe_status();
	if (fmt) {
		va_start(ap, fmt);
		vfprintf(stderr, fmt, ap);
		va_end(ap);
		status_shown = true;
	}
	fflush(stderr);
}
