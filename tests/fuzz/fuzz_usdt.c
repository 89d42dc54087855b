// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Probe notes of an ELF file of any bytes; or, of other input, the arguments of a probe. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "binary/usdt.h"

#define MAX_PROBES 1024 /* keeps an input's work within bounds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void ask_args(const char *text)
{
	struct usdt_arg args[USDT_ARGS_MAX];
	size_t n = usdt_args_parse(text, args);

	require(n <= USDT_ARGS_MAX && n <= strlen(text));
	for (size_t i = 0; i < n; i++) {
		const struct usdt_arg *a = &args[i];

		require((a->kind == USDT_ARG_REFUSED) == (a->refusal != NULL));
		if (a->kind == USDT_ARG_REFUSED)
			continue;
		require(a->size == 1 || a->size == 2 || a->size == 4 || a->size == 8);
		require(a->kind == USDT_ARG_CONSTANT || a->reg < USDT_REGISTER_MAX);
	}
}

/* Strings must lie in the input, their end included. */
static void require_inside(const char *s, const uint8_t *data, size_t size)
{
	const uint8_t *p = (const uint8_t *)s;

	require(p >= data && p < data + size && memchr(p, 0, (size_t)(data + size - p)) != NULL);
}

static void ask_notes(const struct elf_file *f, const uint8_t *data, size_t size)
{
	struct usdt_notes notes = usdt_begin(f);
	struct usdt_probe probe;
	uint64_t offset;

	for (size_t i = 0; i < MAX_PROBES && usdt_next(&notes, &probe); i++) {
		require_inside(probe.provider, data, size);
		require_inside(probe.name, data, size);
		require_inside(probe.args, data, size);
		elf_file_vaddr_to_offset(f, probe.vaddr, &offset);
		ask_args(probe.args);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file *f = elf_file_open_mem(data, size, "fuzz");
	__auto_free char *text = f ? NULL : strndup((const char *)data, size);

	if (f)
		ask_notes(f, data, size);
	else
		ask_args(text);
	elf_file_free(f);
	return 0;
}
