// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// Package account has another name than its directory, and a User of its own.
package account

type User struct {
	Name   string
	Active bool
	hidden int64
}

type Page[T any] struct {
	Items []T
	Next  *Page[T]
	Last  bool
}
