/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The kinds of Go types. */
#ifndef ALLOCTAP_BINARY_GO_KIND_H
#define ALLOCTAP_BINARY_GO_KIND_H

#include <stdint.h>

/* internal/abi/type.go, the same in all versions. */
enum go_kind {
	GO_KIND_FRAME, /* "invalid": arguments of a call made by reflection */
	GO_KIND_BOOL,
	GO_KIND_INT,
	GO_KIND_INT8,
	GO_KIND_INT16,
	GO_KIND_INT32,
	GO_KIND_INT64,
	GO_KIND_UINT,
	GO_KIND_UINT8,
	GO_KIND_UINT16,
	GO_KIND_UINT32,
	GO_KIND_UINT64,
	GO_KIND_UINTPTR,
	GO_KIND_FLOAT32,
	GO_KIND_FLOAT64,
	GO_KIND_COMPLEX64,
	GO_KIND_COMPLEX128,
	GO_KIND_ARRAY,
	GO_KIND_CHAN,
	GO_KIND_FUNC,
	GO_KIND_INTERFACE,
	GO_KIND_MAP,
	GO_KIND_POINTER,
	GO_KIND_SLICE,
	GO_KIND_STRING,
	GO_KIND_STRUCT,
	GO_KIND_UNSAFE_POINTER,
	GO_KINDS,
};

/* As reflect.Kind prints it: "struct", "ptr"; "frame" for the first. */
const char *go_kind_name(enum go_kind kind);
/* Bytes that every value of the kind has; 0 where that depends on the type. */
uint8_t go_kind_size(enum go_kind kind);

#endif
