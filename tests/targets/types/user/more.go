// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
package account

// User2 is embedded by name in a struct that embeds another User already.
type User2 struct {
	by [3]byte
	on uint16
}
