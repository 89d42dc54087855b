// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// A small web shop's back end, with what people do wrong in one. It takes a batch
// of orders a few hundred times a second until it is killed.
package main

import (
	"fmt"
	"math/rand"
	"strings"
	"time"
)

// Order has 120 bytes: a map keeps values of up to 128 in its own tables.
type Order struct {
	ID       uint64
	Customer string
	Street   string
	City     string
	Items    [6]uint32
	Prices   [4]uint64
	Paid     bool
}

// Session has more: a map keeps each one in a heap object of its own.
type Session struct {
	User    string
	Started time.Time
	History [24]uint64
	Cart    []uint64
}

const ordersPerBatch = 400

// What outlives a batch.
var (
	ordersByID map[uint64]Order
	sessions   map[string]Session
	prices     map[string]uint64
	invoice    string
	totals     []uint64
	audit      []byte
)

func main() {
	fmt.Println("demo: taking orders until killed")
	for batch := 0; ; batch++ {
		orders := receiveOrders(batch)
		indexOrdersByID(orders)
		openSessions(orders)
		lookUpPrices(orders)
		renderInvoice(orders[:40])
		collectTotals(orders)
		writeAuditLog(orders)
		time.Sleep(2 * time.Millisecond)
	}
}

// Done right: the size is known, so it is said.
//
//go:noinline
func receiveOrders(batch int) []Order {
	orders := make([]Order, ordersPerBatch)
	for i := range orders {
		o := &orders[i]
		o.ID = uint64(batch*ordersPerBatch + i)
		o.Customer = customers[rand.Intn(len(customers))]
		o.Prices[i%4] = uint64(i)
		o.Items[i%6] = uint32(batch)
	}
	return orders
}

var customers = strings.Fields("ada grace edsger barbara donald margaret dennis frances ken radia")

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

// A string built with +=: quadratic in what it copies.
//
//go:noinline
func renderInvoice(orders []Order) {
	text := ""
	for i := range orders {
		text += "order for " + orders[i].Customer + ", to be paid at once\n"
	}
	invoice = text
}

// append from nothing, although the length is known.
//
//go:noinline
func collectTotals(orders []Order) {
	var sums []uint64
	for i := range orders {
		sums = append(sums, total(&orders[i]))
	}
	totals = sums
}

func total(o *Order) uint64 {
	sum := uint64(0)
	for _, p := range o.Prices {
		sum += p
	}
	return sum
}

// A buffer that starts empty for every batch.
//
//go:noinline
func writeAuditLog(orders []Order) {
	var log []byte
	for i := range orders {
		log = append(log, orders[i].Customer...)
		log = append(log, " ordered\n"...)
	}
	audit = log
}
