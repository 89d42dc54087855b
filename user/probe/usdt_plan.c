// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/vec.h"
#include "binary/usdt.h"
#include "probe/usdt_plan.h"

/* Real ones have some ten. Keeps a file of nothing but notes from taking all there is. */
#define MAX_SITES 128

_Static_assert(USDT_REGISTER_MAX == 16 && USDT_RDI == 7, "arch.bpf.h counts alike");

struct arguments {
	struct usdt_arg args[USDT_ARGS_MAX];
	size_t n;
	const char *name, *probe; /* for messages */
};

/* The @nth argument counted from 1; what cannot be read reads as 0, and we say so. */
static struct usdt_operand operand(const struct arguments *a, unsigned int nth)
{
	static const uint8_t kinds[] = {
		[USDT_ARG_REFUSED] = USDT_OPERAND_NONE,
		[USDT_ARG_CONSTANT] = USDT_OPERAND_CONSTANT,
		[USDT_ARG_REGISTER] = USDT_OPERAND_REGISTER,
		[USDT_ARG_MEMORY] = USDT_OPERAND_MEMORY,
	};
	const struct usdt_arg *arg;

	if (!nth)
		return (struct usdt_operand){0};
	if (nth > a->n) {
		log_warn("%s: probe %s has %zu arguments, not %u: some details will be missing",
			 a->name, a->probe, a->n, nth);
		return (struct usdt_operand){0};
	}
	arg = &a->args[nth - 1];
	if (arg->kind == USDT_ARG_REFUSED) {
		log_warn("%s: argument %u of probe %s cannot be read (%s): some details will be "
			 "missing",
			 a->name, nth, a->probe, arg->refusal);
		return (struct usdt_operand){0};
	}
	return (struct usdt_operand){
		.kind = kinds[arg->kind],
		.value = arg->value,
		.reg = (uint8_t)arg->reg,
		.size = arg->size,
		.is_signed = arg->is_signed,
	};
}

static struct usdt_operands operands_of(const char *name, const struct usdt_probe *found,
					const struct gc_probe *probe)
{
	struct usdt_operands o = {.probe = (uint32_t)(probe - gc_probes)};
	struct arguments a = {.name = name, .probe = found->name};

	a.n = usdt_args_parse(found->args, a.args);
	o.number = operand(&a, probe->number);
	for (int i = 0; i < USDT_TEXTS; i++) {
		if (!probe->text[i])
			continue;
		o.text[i].address = operand(&a, probe->text[i]);
		o.text[i].length = operand(&a, probe->text[i] + 1u);
	}
	return o;
}

static int add_site(struct usdt_plan *plan, const char *name, const struct elf_file *elf,
		    const struct usdt_probe *found, const struct gc_probe *probe)
{
	struct usdt_site site = {.probe = probe};
	int err;

	if (plan->n == MAX_SITES) {
		log_error("%s: over %d places with probes of %s: a damaged file?", name, MAX_SITES,
			  probe->runtime->label);
		return -ENOTSUP;
	}
	if (elf_file_vaddr_to_offset(elf, found->vaddr, &site.file_offset) ||
	    (found->semaphore &&
	     elf_file_vaddr_to_offset(elf, found->semaphore, &site.semaphore))) {
		log_error("%s: probe %s:%s is not in the file: damaged notes", name,
			  found->provider, found->name);
		return -ENOTSUP;
	}
	site.operands = operands_of(name, found, probe);
	err = vec_grow((void **)&plan->sites, &plan->cap, plan->n + 1, sizeof(site));
	if (!err)
		plan->sites[plan->n++] = site;
	return err;
}

/* A file has the probes of one runtime: the first it has one of. */
int usdt_plan_make(struct usdt_plan *plan, const char *name, const struct elf_file *elf)
{
	struct usdt_notes notes = usdt_begin(elf);
	struct usdt_probe found;
	int err = 0;

	*plan = (struct usdt_plan){0};
	while (!err && usdt_next(&notes, &found)) {
		const struct gc_probe *probe = gc_probe_find(found.provider, found.name);

		if (!probe || (plan->runtime && probe->runtime != plan->runtime))
			continue;
		plan->runtime = probe->runtime;
		err = add_site(plan, name, elf, &found, probe);
	}
	if (!err && !plan->n)
		err = -ENOENT;
	if (!err && elf_file_machine(elf) != EM_X86_64) {
		log_error("%s: its probes are those of another machine", name);
		err = -ENOTSUP;
	}
	if (err)
		usdt_plan_free(plan);
	return err;
}

void usdt_plan_free(struct usdt_plan *plan)
{
	free(plan->sites);
	*plan = (struct usdt_plan){0};
}

void usdt_plan_print(const struct usdt_plan *plan, const char *file, FILE *out)
{
	fprintf(out, "%s\n", file);
	fprintf(out, "  %-42s %11s  %-11s %-9s %s\n", "probe", "file offset", "instruction", "how",
		"semaphore");
	for (size_t i = 0; i < plan->n; i++) {
		const struct usdt_site *s = &plan->sites[i];
		char name[96];

		snprintf(name, sizeof(name), "%s:%s", s->probe->provider, s->probe->name);
		fprintf(out, "  %-42s %#11" PRIx64 "  %-11s %-9s ", name, s->file_offset, "nop",
			"emulated");
		if (s->semaphore)
			fprintf(out, "%#" PRIx64 "\n", s->semaphore);
		else
			fprintf(out, "-\n");
	}
}
