/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Names of code made while a program runs, which its JIT compiler writes to
 * /tmp/perf-PID.map: a line "START SIZE NAME" for each function, numbers in hex
 * (the kernel's tools/perf/Documentation/jit-interface.txt).
 */
#ifndef ALLOCTAP_BINARY_PERF_MAP_H
#define ALLOCTAP_BINARY_PERF_MAP_H

#include <stddef.h>
#include <stdint.h>

struct perf_map;

/*
 * Reads @len bytes, which are copied. Lines that are none are left out. NULL with errno
 * ENOMEM.
 */
struct perf_map *perf_map_new(const void *data, size_t len);
/* The file behind @fd, of which no more than 256 MB. NULL with errno set. */
struct perf_map *perf_map_read(int fd);
void perf_map_free(struct perf_map *m);
size_t perf_map_count(const struct perf_map *m);
/*
 * The function around @address, NULL where there is none. Memory is used anew when
 * code is thrown away: the line that was written last wins.
 */
const char *perf_map_at(const struct perf_map *m, uint64_t address);

#endif
