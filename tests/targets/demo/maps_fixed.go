// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

//go:build fixed

package main

var (
	ordersByID map[uint64]*Order
	sessions   map[uint64]*Session
	prices     map[uint64]uint64

	sessionObjects [ordersPerBatch]Session // taken anew by each batch
)

// The size is known, so it is said; the orders are there, so they are pointed to.
//
//go:noinline
func indexOrdersByID(orders []Order) {
	ordersByID = make(map[uint64]*Order, len(orders))
	for i := range orders {
		ordersByID[orders[i].ID] = &orders[i]
	}
}

// Values over 128 bytes: made once, and reused from then on. The key is a number.
//
//go:noinline
func openSessions(orders []Order) {
	sessions = make(map[uint64]*Session, len(orders))
	for i := range orders {
		s := &sessionObjects[i]
		*s = Session{User: orders[i].Customer}
		sessions[uint64(i)] = s
	}
}

// What was a string made of two small numbers is a number made of them.
//
//go:noinline
func lookUpPrices(orders []Order) {
	prices = make(map[uint64]uint64, len(orders))
	for i := range orders {
		prices[orders[i].ID%97<<8|uint64(i%50)] += orders[i].Prices[0]
	}
}
