// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

//go:build !fixed

package main

import "fmt"

var (
	ordersByID map[uint64]Order
	sessions   map[string]Session
	prices     map[string]uint64
)

// A map made without a size that then takes struct values: each time it grows,
// every order in it is copied into a new table twice as large.
//
//go:noinline
func indexOrdersByID(orders []Order) {
	ordersByID = make(map[uint64]Order)
	for _, o := range orders {
		ordersByID[o.ID] = o
	}
}

// Values over 128 bytes: one more heap object for each insert.
//
//go:noinline
func openSessions(orders []Order) {
	sessions = make(map[string]Session)
	for i := range orders {
		name := sessionName(orders[i].Customer, i)
		sessions[name] = Session{User: orders[i].Customer}
	}
}

// fmt.Sprintf for a key: boxes its arguments and allocates the result.
func sessionName(customer string, n int) string {
	return fmt.Sprintf("session-%s-%d", customer, n)
}

//go:noinline
func lookUpPrices(orders []Order) {
	prices = map[string]uint64{}
	for i := range orders {
		prices[fmt.Sprintf("%d/%d", orders[i].ID%97, i%50)] += orders[i].Prices[0]
	}
}
