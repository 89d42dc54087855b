// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only

// A small web shop's back end, with what people do wrong in one.
//
//	demo [BATCHES]
//
// takes a batch of orders a few hundred times a second, so many batches or until it
// is killed. Built with the tag "fixed" it does the same with its maps put right:
// maps.go against maps_fixed.go.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"strconv"
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
	invoice string
	totals  []uint64
	audit   []byte
)

func main() {
	batches := -1
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil || n <= 0 {
			fmt.Fprintln(os.Stderr, "usage: demo [BATCHES]")
			os.Exit(2)
		}
		batches = n
		fmt.Printf("demo: taking %d batches of orders\n", batches)
	} else {
		fmt.Println("demo: taking orders until killed")
	}
	for batch := 0; batch != batches; batch++ {
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
