// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Shows what user/binary reads of Go types, for tests/e2e/test_types.py:
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
#include "binary/go_type_layout.h"

static int read_memory(void *ctx, uint64_t address, void *buf, size_t len)
{
	ssize_t n = pread(*(int *)ctx, buf, len, (off_t)address);

	return n == (ssize_t)len ? 0 : -EIO;
}

static void print_name(const struct go_types *t, const char *what, uint64_t address)
{
	char name[GO_TYPE_NAME_SIZE];

	if (!address)
		return;
	go_type_name(t, address, name, sizeof(name));
	printf("%s\t%s\n", what, name);
}

static void print_layout(const struct go_types *t, uint64_t address)
{
	struct go_type_layout *l = go_type_layout_new(t, address);

	if (!l) {
		printf("L\t%s\n", strerrorname_np(errno));
		return;
	}
	for (size_t i = 0; i < l->n_fields; i++) {
		const struct go_layout_field *f = &l->fields[i];

		printf("F\t%" PRIu64 "\t%" PRIu64 "\t%u\t%" PRIu64 "\t%d\t%d\t%s\t%s\n", f->offset,
		       f->size, f->align, f->padding, f->pointers, f->embedded, f->name,
		       f->type_name);
	}
	printf("L\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", l->size, l->padding, l->optimal_size);
	go_type_layout_free(l);
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

static void print_type(const struct go_types *t, uint64_t address)
{
	char name[GO_TYPE_NAME_SIZE], package[GO_TYPE_NAME_SIZE];
	struct go_type type;
	int err = go_type_read(t, address, &type);

	go_type_name(t, address, name, sizeof(name));
	go_type_package(t, address, package, sizeof(package));
	printf("T\t%" PRIx64 "\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%u\t%s\t%s\n", address,
	       err ? strerrorname_np(-err) : "", go_kind_name(type.kind), type.size, type.ptr_bytes,
	       type.align, package, name);
	if (err)
		return;
	print_name(t, "E", type.elem);
	print_name(t, "K", type.key);
	if (type.kind == GO_KIND_ARRAY)
		printf("N\t%" PRIu64 "\n", type.len);
	if (type.kind == GO_KIND_MAP)
		print_map(t, &type);
	if (type.kind == GO_KIND_STRUCT)
		print_layout(t, address);
}

static int print_types(const struct elf_file *file, uint64_t bias, int *memory)
{
	const char *why;
	struct go_binary *b = go_binary_open(file, &why);
	struct go_types *t = b ? go_types_new(file, b, bias) : NULL;
	uint64_t address;

	if (!t) {
		fprintf(stderr, "%s: %s\n", strerrorname_np(errno), b ? "no types" : why);
		go_binary_free(b);
		return 1;
	}
	if (*memory >= 0)
		go_types_set_reader(t, read_memory, memory);
	while (scanf("%" SCNx64, &address) == 1)
		print_type(t, address);
	go_types_free(t);
	go_binary_free(b);
	return 0;
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
	status = print_types(file, argc > 2 ? strtoull(argv[2], NULL, 16) : 0, &memory);
	elf_file_free(file);
	return status;
}
