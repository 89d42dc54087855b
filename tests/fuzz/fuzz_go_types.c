// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Go types of any bytes. An input is one byte for the Go version, one for what is
 * said below, two for how many of the bytes are the file's (at 0x10000); the rest
 * is the memory of the process (at 0xc000000000).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "binary/go_types.h"
#include "../unit/described.h"
#include "report/type_layout.h"

#define FILE_VADDR  0x10000u
#define MEMORY      0xc000000000u
#define HEADER      4
#define STEP        64 /* types in the seeds lie at multiples of 192 */
#define MAX_ASKED   64 /* keeps an input's work within bounds */
#define MAX_FIELDS  64
#define BIT_CLASSIC 1
#define BIT_BIASED  2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

struct memory {
	const uint8_t *bytes;
	size_t len;
};

static int read_memory(void *ctx, uint64_t address, void *buf, size_t len)
{
	const struct memory *m = ctx;
	uint64_t at = address - MEMORY;

	if (at > m->len || m->len - at < len)
		return -EIO;
	memcpy(buf, m->bytes + at, len);
	return 0;
}

static void require_printable(const char *s)
{
	require(strlen(s) < GO_TYPE_NAME_SIZE && utf8_valid(s));
	for (; *s; s++)
		require((unsigned char)*s >= ' ' && *s != 0x7f);
}

static void ask_layout(const struct profile *p, uint32_t type)
{
	struct type_layout *l = type_layout_new(p, 0, type);
	uint64_t end = 0;

	require_printable(profile_str(p, p->types[type].name));
	if (!l) {
		require(errno == EINVAL || errno == EBADMSG);
		return;
	}
	require(l->n_fields == p->types[type].n_fields && l->size == p->types[type].size);
	require(l->padding <= l->size && l->optimal_size <= l->size);
	for (size_t i = 0; i < l->n_fields; i++) {
		const struct layout_field *f = &l->fields[i];

		require(f->offset == end && f->offset % f->align == 0);
		end = f->offset + f->size + f->padding;
		require_printable(profile_str(p, f->name));
		require_printable(profile_str(p, p->types[f->type].name));
	}
	require(end == l->size);
	type_layout_free(l);
}

static void ask(const struct go_types *t, uint64_t address)
{
	char name[GO_TYPE_NAME_SIZE], small[32];
	struct go_type_field field;
	struct go_map_type map;
	struct go_type type;
	int err = go_type_name(t, address, name, sizeof(name));

	require_printable(name);
	require(!err || !strcmp(name, GO_TYPE_BAD));
	err = go_type_name(t, address, small, sizeof(small));
	require_printable(small);
	go_type_package(t, address, name, sizeof(name));
	require_printable(name);
	if (go_type_read(t, address, &type))
		return;
	require(type.n_fields <= GO_TYPE_MAX_FIELDS);
	err = go_type_map(t, &type, &map);
	require((err == -EINVAL) == (type.kind != GO_KIND_MAP));
	for (uint32_t i = 0; i < type.n_fields && i < MAX_FIELDS; i++) {
		if (!go_type_field(t, &type, i, &field))
			require_printable(field.name);
	}
}

struct asked {
	uint64_t addresses[2 * MAX_ASKED + 4];
	uint32_t types[2 * MAX_ASKED + 4];
	size_t n;
};

static void add_range(struct asked *a, uint64_t from, size_t len)
{
	for (size_t i = 0; i < len && i / STEP < MAX_ASKED; i += STEP)
		a->addresses[a->n++] = from + i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct go_types_source source = {.vaddr = FILE_VADDR};
	struct described_memory memory;
	struct asked asked = {0};
	struct go_types *t;
	struct profile *p;
	struct memory m;
	uint64_t bias;

	if (size < HEADER)
		return 0;
	source.minor = data[0];
	source.classic_maps = data[1] & BIT_CLASSIC;
	bias = data[1] & BIT_BIASED ? 0x555555550000u : 0;
	source.bytes = data + HEADER;
	source.len = (size_t)data[2] | (size_t)data[3] << 8;
	if (source.len > size - HEADER)
		source.len = size - HEADER;
	m = (struct memory){data + HEADER + source.len, size - HEADER - source.len};
	t = go_types_new_mem(&source, bias);
	require(t);
	go_types_set_reader(t, read_memory, &m);
	add_range(&asked, FILE_VADDR + bias, source.len);
	add_range(&asked, MEMORY, m.len);
	asked.addresses[asked.n++] = FILE_VADDR + bias + 1;
	asked.addresses[asked.n++] = FILE_VADDR + bias + source.len;
	asked.addresses[asked.n++] = 0;
	asked.addresses[asked.n++] = UINT64_MAX - 7;
	for (size_t i = 0; i < asked.n; i++)
		ask(t, asked.addresses[i]);
	memory = (struct described_memory){m.bytes, m.len, MEMORY};
	p = described(t, &memory, asked.addresses, asked.types, asked.n);
	for (size_t i = 0; i < asked.n; i++)
		ask_layout(p, asked.types[i]);
	profile_free(p);
	return 0;
}
