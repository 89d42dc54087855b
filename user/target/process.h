/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A process to be tapped, as /proc shows it.
 *
 * The executable is opened once, at the start: it is the file the process runs
 * whatever mount namespace it lives in, even after it was deleted or the
 * process has gone.
 */
#ifndef ALLOCTAP_TARGET_PROCESS_H
#define ALLOCTAP_TARGET_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct process;

/*
 * NULL with errno set and the reason printed: ESRCH no such process, EPERM not
 * readable by us, ENOEXEC a kernel thread, a zombie or a mere thread.
 */
struct process *process_open(pid_t pid);
/* The same, nothing printed. */
struct process *process_open_if(pid_t pid);
void process_free(struct process *p);

/* Calls @fn for every process there is, ours too. 0, -errno of /proc, or what @fn failed with. */
int process_each(int (*fn)(void *ctx, pid_t pid), void *ctx);

pid_t process_pid(const struct process *p);
const char *process_comm(const struct process *p);
/* As the process sees it; for messages and outputs, never to be opened. */
const char *process_exe(const struct process *p);
/* Readable, owned by @p. */
int process_exe_fd(const struct process *p);
/* Becomes readable when the process has ended; owned by @p. */
int process_pidfd(const struct process *p);

/*
 * Where the kernel put the program's first instruction (AT_ENTRY). 0 or -errno, -ENOENT
 * where it does not say.
 */
int process_entry(const struct process *p, uint64_t *address);

/*
 * What the kernel told the program when it began, by AT_*. 0 or -errno, -ENOENT where it
 * did not tell.
 */
int process_auxv(pid_t pid, unsigned long type, uint64_t *value);

/* User and system time used so far, in ns. 0 or -errno once it has gone. */
int process_cpu_ns(const struct process *p, uint64_t *ns);

/* Memory it has resident, as VmRSS is. 0 or -errno; a zombie has none: -ESRCH. */
int process_resident_bytes(const struct process *p, uint64_t *bytes);

#endif
