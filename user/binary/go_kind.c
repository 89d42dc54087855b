// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "binary/go_kind.h"

static const struct {
	const char *name;
	uint8_t size;
} kinds[GO_KINDS] = {
	[GO_KIND_FRAME] = {"frame", 0},
	[GO_KIND_BOOL] = {"bool", 1},
	[GO_KIND_INT] = {"int", 8},
	[GO_KIND_INT8] = {"int8", 1},
	[GO_KIND_INT16] = {"int16", 2},
	[GO_KIND_INT32] = {"int32", 4},
	[GO_KIND_INT64] = {"int64", 8},
	[GO_KIND_UINT] = {"uint", 8},
	[GO_KIND_UINT8] = {"uint8", 1},
	[GO_KIND_UINT16] = {"uint16", 2},
	[GO_KIND_UINT32] = {"uint32", 4},
	[GO_KIND_UINT64] = {"uint64", 8},
	[GO_KIND_UINTPTR] = {"uintptr", 8},
	[GO_KIND_FLOAT32] = {"float32", 4},
	[GO_KIND_FLOAT64] = {"float64", 8},
	[GO_KIND_COMPLEX64] = {"complex64", 8},
	[GO_KIND_COMPLEX128] = {"complex128", 16},
	[GO_KIND_ARRAY] = {"array", 0},
	[GO_KIND_CHAN] = {"chan", 8},
	[GO_KIND_FUNC] = {"func", 8},
	[GO_KIND_INTERFACE] = {"interface", 16},
	[GO_KIND_MAP] = {"map", 8},
	[GO_KIND_POINTER] = {"ptr", 8},
	[GO_KIND_SLICE] = {"slice", 24},
	[GO_KIND_STRING] = {"string", 16},
	[GO_KIND_STRUCT] = {"struct", 0},
	[GO_KIND_UNSAFE_POINTER] = {"unsafe.Pointer", 8},
};

const char *go_kind_name(enum go_kind kind)
{
	return kind < GO_KINDS ? kinds[kind].name : "invalid";
}

uint8_t go_kind_size(enum go_kind kind)
{
	return kind < GO_KINDS ? kinds[kind].size : 0;
}
