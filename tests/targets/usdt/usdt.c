// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Says of itself what a JVM would, through the same static probes: known values,
 * at known times apart, in every place a compiler puts arguments. Unlike a JVM's,
 * its probes have semaphores, and are silent while those are 0.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#define SEMAPHORE(name) unsigned short name##_semaphore __attribute__((section(".probes")))

SEMAPHORE(hs_private_safepoint__begin);
SEMAPHORE(hs_private_safepoint__end);
SEMAPHORE(hotspot_vmops__begin);
SEMAPHORE(hotspot_gc__begin);
SEMAPHORE(hotspot_gc__end);
SEMAPHORE(hotspot_mem__pool__gc__begin);
SEMAPHORE(hotspot_mem__pool__gc__end);

#define IF_TRACED(provider, name) if (*(volatile unsigned short *)&provider##_##name##_semaphore)

#define PASS(provider, name)                          \
	do {                                          \
		IF_TRACED(provider, name)             \
		{                                     \
			DTRACE_PROBE(provider, name); \
		}                                     \
	} while (0)

#define PASS_ARGS(provider, name, n, ...)                             \
	do {                                                          \
		IF_TRACED(provider, name)                             \
		{                                                     \
			DTRACE_PROBE##n(provider, name, __VA_ARGS__); \
		}                                                     \
	} while (0)

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Not seen through by the compiler, so that the arguments are where a caller puts them. */
static __attribute__((noipa)) void pool_begin(const char *manager, size_t manager_len,
					      const char *pool, size_t pool_len, size_t initial,
					      size_t used, size_t committed, size_t most)
{
	PASS_ARGS(hotspot, mem__pool__gc__begin, 8, manager, manager_len, pool, pool_len, initial,
		  used, committed, most);
}

static void collection(const char *operation, size_t operation_len, uint64_t used, long ms)
{
	static const char manager[] = "Pretended Generation, not terminated: and more";
	const size_t manager_len = strlen("Pretended Generation");

	PASS(hs_private, safepoint__begin);
	sleep_ms(ms);
	PASS_ARGS(hotspot, vmops__begin, 3, operation, operation_len, 0);
	PASS_ARGS(hotspot, gc__begin, 1, 1); /* a constant: no register has it */
	pool_begin(manager, manager_len, "Metaspace", 9, 1, 1ull << 40, 3, 4);
	pool_begin(manager, manager_len, "Eden", 4, 1, used, 3, 4);
	pool_begin(manager, manager_len, "Old", 3, 1, 7, 3, 4);
	sleep_ms(2 * ms);
	PASS_ARGS(hotspot, mem__pool__gc__end, 8, manager, manager_len, "Old", (size_t)3, (size_t)1,
		  (size_t)2, (size_t)3, (size_t)4);
	PASS(hotspot, gc__end);
	PASS(hs_private, safepoint__end);
}

static void collect(void)
{
	static const char long_name[] =
		"An operation with a name so long that it has to be cut, or else it would not fit";

	collection("Short", 5, 1000, 20);
	collection(long_name, strlen(long_name), 1ull << 33, 30);
	collection(NULL, 5, 0, 10);
	collection((const char *)0xdead0000beef, 5, 0, 10);
	collection("Empty", 0, 12, 10);
	collection("Minus", (size_t)-1, 12, 10);
	PASS(hs_private, safepoint__begin);
	PASS(hs_private, safepoint__end);
}

int main(void)
{
	puts("ready");
	fflush(stdout);
	getchar();
	collect();
	puts("ready");
	fflush(stdout);
	getchar();
	return 0;
}
