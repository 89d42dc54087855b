// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Shows what user/binary reads of Go types, and how a recording would lay out those
 * that are structs, for tests/e2e/test_types.py:
 *
 *	typedump FILE [BIAS [PID]]
 *
 * Takes hex addresses on stdin. BIAS (hex) is where the program was loaded, PID a
 * process whose memory may be read. Fields are separated by tabs:
 *
 *	T address error kind size ptr-bytes align package name
 *	E name			element, of types that have one
 *	K name			key
 *	N length		of arrays
 *	M key-size elem-size indirect-key indirect-elem swiss group-size slot-size
 *	F offset size align padding pointers embedded name type-name
 *	L size padding optimal-size
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "report/type_layout.h"
#include "session/types.h"

struct dump {
	struct go_types *go;
	struct target_types *types; /* what a recording would hold of @go */
	struct profile_builder *builder;
	struct profile *profile;
	VEC(uint64_t) addresses;
	VEC(uint32_t) recorded; /* by address: in profile.types */
};

static void print_name(const struct go_types *t, const char *what, uint64_t address)
{
	char name[GO_TYPE_NAME_SIZE];

	if (!address)
		return;
	go_type_name(t, address, name, sizeof(name));
	printf("%s\t%s\n", what, name);
}

static void print_layout(const struct profile *p, uint32_t type)
{
	struct type_layout *l = type_layout_new(p, 0, type);

	if (!l) {
		printf("L\t%s\n", strerrorname_np(errno));
		return;
	}
	for (size_t i = 0; i < l->n_fields; i++) {
		const struct layout_field *f = &l->fields[i];

		printf("F\t%" PRIu64 "\t%" PRIu64 "\t%u\t%" PRIu64 "\t%d\t%d\t%s\t%s\n", f->offset,
		       f->size, f->align, f->padding, f->pointers, f->embedded,
		       profile_str(p, f->name), profile_str(p, p->types[f->type].name));
	}
	printf("L\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", l->size, l->padding, l->optimal_size);
	type_layout_free(l);
}

static void print_map(const struct go_types *t, const struct go_type *type)
{
	struct go_map_type m;
	int err = go_type_map(t, type, &m);

	if (err)
		printf("M\t%s\n", strerrorname_np(-err));
	else
		printf("M\t%" PRIu64 "\t%" PRIu64 "\t%d\t%d\t%d\t%" PRIu64 "\t%" PRIu64 "\n",
		       m.key_size, m.elem_size, m.key_indirect, m.elem_indirect, m.swiss,
		       m.group_size, m.slot_size);
}

static void print_type(const struct dump *d, size_t i)
{
	char name[GO_TYPE_NAME_SIZE], package[GO_TYPE_NAME_SIZE];
	uint64_t address = d->addresses.data[i];
	struct go_type type;
	int err = go_type_read(d->go, address, &type);

	go_type_name(d->go, address, name, sizeof(name));
	go_type_package(d->go, address, package, sizeof(package));
	printf("T\t%" PRIx64 "\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%u\t%s\t%s\n", address,
	       err ? strerrorname_np(-err) : "", go_kind_name(type.kind), type.size, type.ptr_bytes,
	       type.align, package, name);
	if (err)
		return;
	print_name(d->go, "E", type.elem);
	print_name(d->go, "K", type.key);
	if (type.kind == GO_KIND_ARRAY)
		printf("N\t%" PRIu64 "\n", type.len);
	if (type.kind == GO_KIND_MAP)
		print_map(d->go, &type);
	if (type.kind == GO_KIND_STRUCT)
		print_layout(d->profile, d->recorded.data[i]);
}

static int record_types(struct dump *d)
{
	uint64_t address;

	while (scanf("%" SCNx64, &address) == 1) {
		if (vec_push(&d->addresses, address) ||
		    vec_push(&d->recorded, target_types_get(d->types, address)))
			return -ENOMEM;
	}
	d->profile = profile_builder_finish(d->builder);
	return d->profile ? 0 : -ENOMEM;
}

static int print_types(const struct elf_file *file, uint64_t bias, int memory)
{
	const char *why = "";
	struct go_binary *b = go_binary_open(file, &why);
	struct dump d = {.go = b ? go_types_new(file, b, bias) : NULL,
			 .builder = profile_builder_new()};
	int err = errno;

	if (d.go && d.builder)
		d.types = target_types_new(d.go, memory, d.builder);
	if (d.types)
		err = -record_types(&d);
	if (!d.types || err)
		fprintf(stderr, "%s: %s\n", strerrorname_np(err), b ? "no types" : why);
	for (size_t i = 0; !err && i < d.addresses.n; i++)
		print_type(&d, i);
	target_types_free(d.types);
	profile_free(d.profile);
	profile_builder_free(d.builder);
	vec_free(&d.addresses);
	vec_free(&d.recorded);
	go_binary_free(b);
	return d.types && !err ? 0 : 1;
}

int main(int argc, char **argv)
{
	__auto_close int memory = -1;
	struct elf_file *file;
	char path[64];
	int fd, status;

	if (argc < 2) {
		fprintf(stderr, "usage: typedump FILE [BIAS [PID]]\n");
		return 2;
	}
	if (argc > 3) {
		snprintf(path, sizeof(path), "/proc/%s/mem", argv[3]);
		memory = open(path, O_RDONLY | O_CLOEXEC);
		if (memory < 0) {
			perror(path);
			return 1;
		}
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : elf_file_open_fd(fd, argv[1]);
	if (!file) {
		fprintf(stderr, "%s: %s\n", strerrorname_np(errno), elf_file_error(errno));
		return 1;
	}
	close(fd);
	status = print_types(file, argc > 2 ? strtoull(argv[2], NULL, 16) : 0, memory);
	elf_file_free(file);
	return status;
}
