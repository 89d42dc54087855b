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
 * i characters match what was read of the name. So there is nothing to go back to.
 */
static inline __u32 glob_skip_stars(const char pattern[GLOB_BYTES], __u32 ways)
{
	for (int i = 0; i < GLOB_BYTES - 1; i++) {
		if (pattern[i] == '*')
			ways |= (ways & 1u << i) << 1;
	}
	return ways;
}

static inline int glob_matches(const char pattern[GLOB_BYTES], const char name[GLOB_BYTES])
{
	__u32 ways = glob_skip_stars(pattern, 1), end = 0;

	for (int n = 0; n < GLOB_BYTES - 1 && name[n]; n++) {
		__u32 next = 0;

		for (int i = 0; i < GLOB_BYTES - 1; i++) {
			char c = pattern[i];

			if (c == '*')
				next |= ways & 1u << i;
			else if (c && (c == '?' || c == name[n]))
				next |= (ways & 1u << i) << 1;
		}
		ways = glob_skip_stars(pattern, next);
	}
	while (end < GLOB_BYTES - 1 && pattern[end])
		end++;
	return ways >> end & 1;
}

#endif
