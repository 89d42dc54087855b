// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * To be preloaded: the time is always the same. libxml2 draws the seed of its hash
 * tables from it, and two words in one bucket cost an allocation more.
 */
#include <time.h>

time_t time(time_t *t)
{
	const time_t now = 1600000000;

	if (t)
		*t = now;
	return now;
}
