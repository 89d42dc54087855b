// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	account "example.com/alloctap/types.v2/user"
)

type User struct {
	ID      int64
	Name    string
	Admin   bool
	Balance float64
	Tags    []string
}

type padded struct {
	a bool
	b int64
	c bool
	d int32
	e bool
	f *int
}

type tight struct {
	p *int
	n uint64
	a uint32
	b uint16
	c uint8
	d bool
}

type trailing struct {
	n    int64
	done struct{}
}

type leading struct {
	done struct{}
	n    int32
}

type nothing struct{}

type onlyZero struct {
	a, b struct{}
	c    [0]int64
}

type blanks struct {
	a uint8
	_ [7]byte
	b uint64
	_ [0]func()
}

type embeds struct {
	User
	*padded
	sync.Mutex
	io.Reader
	account.User2
	extra byte
}

type list struct {
	next  *list
	all   []list
	byKey map[string]list
	f     func(list) *list
	c     chan list
}

type tree[K comparable, V any] struct {
	left, right *tree[K, V]
	key         K
	value       V
	flag        bool
}

type pair[A, B any] struct {
	first  A
	second B
}

type big [200]byte

type edge128 [128]byte

type edge129 [129]byte

type Größe struct {
	Überschrift string
	π           float64
}

type callback func(x int, rest ...string) (n int, err error)

type method interface {
	Close() error
	private()
}

type tagged struct {
	A int    `json:"a,omitempty" xml:"\"quoted\""`
	B string "odd\ttag\x01"
}

type local = struct {
	X, Y int
	z    complex64
}

func inFunction() any {
	type User struct { // main.User once more, by name
		only int8
		wide int64
	}
	return User{}
}

func shapes() []any {
	return []any{
		User{}, &User{}, []User{}, [3]User{}, account.User{}, []*account.User{}, padded{}, tight{},
		trailing{}, leading{}, nothing{}, onlyZero{}, blanks{}, embeds{}, list{},
		tree[string, int]{}, tree[account.User, *tree[int8, []account.User]]{},
		pair[int8, pair[int64, struct{ x account.User }]]{}, account.Page[User]{},
		account.Page[map[account.User]struct{}]{},
		big{}, Größe{}, callback(nil), tagged{}, local{}, inFunction(),
		(*method)(nil), (*error)(nil), (*any)(nil),
		map[string]*User{}, map[string]User{}, map[int64]int64{}, map[int8]bool{},
		map[string]struct{}{}, map[big]int{}, map[int]big{}, map[big]big{}, map[edge128]edge129{},
		map[edge129]edge128{}, map[any][]string{}, map[[2]string]map[int]string{},
		map[struct{}]struct{}{}, map[uint8]uint64{}, map[uint64]uint8{}, map[float32]trailing{},
		map[account.User]account.User{},
		make(chan int), make(<-chan *User), make(chan<- struct{}), make(chan (<-chan int)),
		[0]int{}, [1000000]byte{}, [4][5][]string{}, [2]struct{}{},
		struct {
			A uint8
			B struct {
				c uint8
				D func(*http.Request, ...any) (io.Reader, error)
			}
			account.User
		}{},
		func() {}, func(int, ...account.User) {}, unsafe.Pointer(nil), uintptr(0), complex128(0),
		http.Server{}, http.Request{}, tls.Config{}, json.Decoder{}, time.Timer{}, sync.Pool{},
		atomic.Value{}, reflect.Method{}, fmt.State(nil), struct{ fmt.State }{}, sync.Map{},
	}
}
