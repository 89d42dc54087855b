// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* stackid OBJECT PID FILE SYMBOL: attaches at the symbol, says so, waits to be killed. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = argc == 5 ? argv[4] : NULL);
	struct bpf_object *obj = argc == 5 ? bpf_object__open(argv[1]) : NULL;
	struct bpf_program *prog;

	if (!obj || bpf_object__load(obj))
		return 1;
	prog = bpf_object__find_program_by_name(obj, "on_malloc");
	if (!prog || !bpf_program__attach_uprobe_opts(prog, atoi(argv[2]), argv[3], 0, &opts))
		return 1;
	puts("attached");
	fflush(stdout);
	pause();
	return 0;
}
