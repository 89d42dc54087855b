/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Does a name match a pattern with "*" (any characters) and "?" (one)? Pure: compiled
 * for the kernel and for the host, where it is tested.
 */
#ifndef ALLOCTAP_GLOB_H
#define ALLOCTAP_GLOB_H

/* Of patterns and names, with the NUL: that of a comm. */
#define GLOB_BYTES 16

/*
 * All ways to match are followed at once: bit i of a word says that the pattern's first
 * i characters match what was read of the name. So there is nothing to go back to. And
 * without branches: the verifier follows both sides of each.
 */

/* All ones where @a is @b, else 0. */
static inline __u32 glob_same(unsigned char a, unsigned char b)
{
	__u64 differs = a ^ b;

	asm volatile("" : "+r"(differs)); /* or the compiler makes a branch of it */
	return (differs - 1) >> 32;
}

static inline __u32 glob_skip_stars(const volatile char *pattern, __u32 ways)
{
	for (int i = 0; i < GLOB_BYTES - 1; i++)
		ways |= (ways & 1u << i & glob_same(pattern[i], '*')) << 1;
	return ways;
}

/* Those that go on with character @c of the name. */
static inline __u32 glob_step(const volatile char *pattern, __u32 ways, char c)
{
	__u32 next = 0;

	for (int i = 0; i < GLOB_BYTES - 1; i++) {
		__u32 here = ways & 1u << i;

		next |= here & glob_same(pattern[i], '*');
		next |= (here & (glob_same(pattern[i], '?') | glob_same(pattern[i], c))) << 1;
	}
	return glob_skip_stars(pattern, next);
}

/* Both of GLOB_BYTES, the last of which is 0. */
static inline int glob_matches(const volatile char *pattern, const char *name)
{
	__u32 ways = glob_skip_stars(pattern, 1), end = 0;

	for (int n = 0; n < GLOB_BYTES - 1 && name[n]; n++)
		ways = glob_step(pattern, ways, name[n]);
	while (end < GLOB_BYTES - 1 && pattern[end])
		end++;
	return ways >> end & 1;
}

#endif
