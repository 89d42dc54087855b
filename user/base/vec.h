/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A growable array of any type:
 *
 *	VEC(struct mapping) maps = {0};
 *	if (vec_push(&maps, m)) ...		0 or -ENOMEM
 *	vec_for_each(&maps, m) ...		m points at each element
 *	vec_free(&maps);			leaves it empty and reusable
 */
#ifndef ALLOCTAP_BASE_VEC_H
#define ALLOCTAP_BASE_VEC_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define VEC(type)              \
	struct {               \
		type *data;    \
		size_t n, cap; \
	}

/* Grows *data to hold at least @need elements of @size bytes. 0 or -ENOMEM. */
static inline int vec_grow(void **data, size_t *cap, size_t need, size_t size)
{
	size_t want = *cap ? *cap : 16;
	void *p;

	if (need <= *cap)
		return 0;
	while (want < need) {
		if (__builtin_mul_overflow(want, (size_t)2, &want))
			return -ENOMEM;
	}
	p = reallocarray(*data, want, size);
	if (!p)
		return -ENOMEM;
	*data = p;
	*cap = want;
	return 0;
}

#define vec_reserve(v, need) vec_grow((void **)&(v)->data, &(v)->cap, (need), sizeof(*(v)->data))

#define vec_push(v, x) (vec_reserve(v, (v)->n + 1) ? -ENOMEM : ((v)->data[(v)->n++] = (x), 0))

#define vec_for_each(v, p) \
	for (__typeof__(*(v)->data) *p = (v)->data; (v)->n && p < (v)->data + (v)->n; p++)

#define vec_free(v)                    \
	do {                           \
		free((v)->data);       \
		(v)->data = NULL;      \
		(v)->n = (v)->cap = 0; \
	} while (0)

#endif
