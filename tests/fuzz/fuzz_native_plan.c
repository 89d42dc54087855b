// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Native allocators looked for in an ELF file of any bytes; or, of other input, instructions. */
#include <stdlib.h>
#include <string.h>

#include "binary/x86_insn.h"
#include "probe/native_plan.h"
#include "probe/prologue_native.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void ask_code(const uint8_t *code, size_t len)
{
	const struct native_wanted wanted = {
		.args = 1u << 1 | 1u << 3, .null_arg = len & 1, .nothing_pushed = len & 2};
	uint8_t where[NATIVE_SUM + 1] = {0};
	struct probe_point point;
	struct x86_insn insn;

	for (size_t at = 0; at < len; at += insn.len) {
		if (x86_decode(code + at, len - at, &insn))
			break;
		require(insn.len > 0 && insn.len <= len - at && insn.len <= 15);
	}
	native_point_find(code, len, &wanted, &point, where);
	require(point.offset == 0 || point.offset < len);
	require(!point.stepped || !point.offset);
	require(!wanted.nothing_pushed || !point.cfa_off);
	require(where[1] >= 1 && where[1] <= NATIVE_ARGS && where[3] >= 1 &&
		where[3] <= NATIVE_ARGS);
}

static void ask_plan(const struct elf_file *elf)
{
	static const struct native_custom custom = {"other", 3};
	const struct native_request request = {
		.kinds = ~0u, .live = true, .custom = &custom, .n_custom = 1};
	struct native_plan plan;

	if (native_plan_file(&plan, "fuzz", elf, &request))
		return;
	for (size_t i = 0; i < plan.n; i++) {
		const struct native_planned_probe *p = &plan.probes[i];
		uint64_t offset;

		require(p->probe.op < NATIVE_OP_MAX && p->probe.n_nested <= NATIVE_NESTED_MAX);
		require(p->probe.size_arg <= 6 && p->probe.size_arg2 <= 6 && p->probe.ptr_arg <= 6);
		require(p->probe.offset == p->point.offset);
		require(!elf_file_vaddr_to_offset(elf, p->vaddr + p->probe.offset, &offset));
		require(offset == p->file_offset);
	}
	native_plan_free(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file *elf = elf_file_open_mem(data, size, "fuzz");

	if (elf)
		ask_plan(elf);
	else
		ask_code(data, size);
	elf_file_free(elf);
	return 0;
}
