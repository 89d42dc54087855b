/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A program that is not Go: waits to be killed. */
#include <unistd.h>

int main(void)
{
	for (;;)
		pause();
}
