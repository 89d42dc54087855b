// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "target/process.h"

struct process {
	pid_t pid;
	char comm[32];
	char *exe;
	int exe_fd;
	int pidfd;
	bool quiet; /* why it cannot be opened is not printed */
};

/* What a /proc/PID/status line "Name:\tvalue" says; 0 or -errno. */
static int read_status(pid_t pid, const char *name, char *value, size_t size)
{
	__auto_file FILE *f = NULL;
	char path[64], line[256];
	size_t len = strlen(name);

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(value, size, "%s", line + len + 1 + strspn(line + len + 1, " \t"));
		return 0;
	}
	return -ENOENT;
}

static int fail(const struct process *p, int err, const char *why)
{
	if (!p->quiet)
		log_error("pid %d: %s", p->pid, why);
	return err;
}

/* Is this a process of its own, with a program? 0 or -errno, the reason printed. */
static int check_kind(struct process *p)
{
	char value[64];
	int err = read_status(p->pid, "Tgid", value, sizeof(value));

	if (err == -ENOENT || err == -ESRCH)
		return fail(p, -ESRCH, "no such process");
	if (err)
		return fail(p, -EPERM, "no permission to read it: need CAP_SYS_PTRACE");
	if (atoi(value) != p->pid) {
		if (!p->quiet)
			log_error("pid %d: is a thread of process %s: use -p %s", p->pid, value,
				  value);
		return -ENOEXEC;
	}
	if (!read_status(p->pid, "State", value, sizeof(value)) && value[0] == 'Z')
		return fail(p, -ENOEXEC,
			    "has ended already (a zombie its parent has not "
			    "waited for)");
	return read_status(p->pid, "Name", p->comm, sizeof(p->comm));
}

static int open_exe(struct process *p)
{
	char path[64], exe[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", p->pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n < 0 && (errno == EACCES || errno == EPERM))
		return fail(p, -EPERM, "no permission to read its executable: need CAP_SYS_PTRACE");
	if (n < 0 && errno == ENOENT)
		return fail(p, -ENOEXEC, "is a kernel thread: it runs no program to tap");
	if (n < 0)
		return fail(p, -ESRCH, "no such process");
	exe[n] = 0;
	p->exe = strdup(exe);
	if (!p->exe)
		return -ENOMEM;
	p->exe_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (p->exe_fd < 0 && (errno == EACCES || errno == EPERM))
		return fail(p, -EPERM,
			    "no permission to read its executable: need CAP_SYS_PTRACE and "
			    "CAP_DAC_READ_SEARCH");
	if (p->exe_fd < 0)
		return fail(p, -ESRCH, "ended while it was being looked at");
	return 0;
}

static struct process *open_process(pid_t pid, bool quiet)
{
	struct process *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return NULL;
	p->pid = pid;
	p->quiet = quiet;
	p->exe_fd = -1;
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	/* A mere thread has no pidfd: check_kind() tells better than EINVAL does. */
	err = check_kind(p);
	if (!err)
		err = open_exe(p);
	if (!err && p->pidfd < 0)
		err = fail(p, -ESRCH, "ended while it was being looked at");
	if (!err)
		return p;
	process_free(p);
	errno = -err;
	return NULL;
}

struct process *process_open(pid_t pid)
{
	return open_process(pid, false);
}

struct process *process_open_if(pid_t pid)
{
	return open_process(pid, true);
}

void process_free(struct process *p)
{
	if (!p)
		return;
	if (p->exe_fd >= 0)
		close(p->exe_fd);
	if (p->pidfd >= 0)
		close(p->pidfd);
	free(p->exe);
	free(p);
}

int process_each(int (*fn)(void *ctx, pid_t pid), void *ctx)
{
	__auto_dir DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int err = proc ? 0 : -errno;

	while (!err && (entry = readdir(proc))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (!*end && pid > 0)
			err = fn(ctx, (pid_t)pid);
	}
	return err;
}

pid_t process_pid(const struct process *p)
{
	return p->pid;
}

const char *process_comm(const struct process *p)
{
	return p->comm;
}

const char *process_exe(const struct process *p)
{
	return p->exe;
}

int process_exe_fd(const struct process *p)
{
	return p->exe_fd;
}

int process_pidfd(const struct process *p)
{
	return p->pidfd;
}

int process_auxv(pid_t pid, unsigned long type, uint64_t *value)
{
	__auto_file FILE *f = NULL;
	Elf64_auxv_t entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/auxv", pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fread(&entry, sizeof(entry), 1, f) == 1) {
		if (entry.a_type == type) {
			*value = entry.a_un.a_val;
			return 0;
		}
	}
	return -ENOENT;
}

int process_entry(const struct process *p, uint64_t *address)
{
	return process_auxv(p->pid, AT_ENTRY, address);
}

int process_cpu_ns(const struct process *p, uint64_t *ns)
{
	struct timespec time;
	clockid_t clock;
	int err = clock_getcpuclockid(p->pid, &clock);

	if (err)
		return -err;
	if (clock_gettime(clock, &time))
		return -errno;
	*ns = timespec_ns(time);
	return 0;
}

int process_resident_bytes(const struct process *p, uint64_t *bytes)
{
	__auto_file FILE *f = NULL;
	unsigned long long pages;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/statm", p->pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%*u %llu", &pages) != 1)
		return -EPROTO;
	*bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return pages ? 0 : -ESRCH;
}
