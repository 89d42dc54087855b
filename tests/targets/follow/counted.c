/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A library whose allocations are counted: linked, or opened while recording. */
#include <stdlib.h>

void library_counted(int n)
{
	for (int i = 0; i < n; i++) {
		void *volatile block = malloc(48);

		free(block);
	}
}
