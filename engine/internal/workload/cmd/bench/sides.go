package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/internal/workload/api"
	"github.com/pipectl/pipectl/engine/internal/workload/shop"
	"github.com/pipectl/pipectl/engine/internal/workload/typed"
)

// sides are the programs that are measured against each other, and the shop that W2 talks to: each
// runs in a process of its own, which is this one called with a name and arguments.
var sides = map[string]struct {
	args int
	run  func([]string) (any, error)
}{
	"typed": {4, func(a []string) (any, error) { return typed.Run(a[0], a[1], a[2], a[3]) }},
	"hand": {5, func(a []string) (any, error) {
		return typed.Sync(a[0], a[1], number(a[2]), number(a[3]), number(a[4]))
	}},
	"api":     {2, func(a []string) (any, error) { return runAPI(a[0], a[1]) }},
	"shop":    {3, func(a []string) (any, error) { return nil, serveShop(number(a[0]), number(a[1]), number(a[2])) }},
	"upserts": {4, func(a []string) (any, error) { return upserts(a[0], a[1], number(a[2]), a[3] == "random") }},
}

// side runs as one of them; false when the arguments name none.
func side(args []string) (bool, error) {
	if len(args) == 0 {
		return false, nil
	}
	s, ok := sides[args[0]]
	if !ok || len(args) != s.args+1 {
		return false, nil
	}
	out, err := s.run(args[1:])
	if err == nil && out != nil {
		err = json.NewEncoder(os.Stdout).Encode(out)
	}
	return true, err
}

// number reads an argument that this program itself has written.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

// runAPI runs the pipeline of W2, once.
func runAPI(dir, environment string) (any, error) {
	e, err := engine.Open(engine.Options{Path: dir, Environment: environment, Connectors: []connector.Definition{api.Definition}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = e.Close() }() // what counts is in the report
	return e.Run(context.Background(), "w2", engine.RunOptions{})
}

// serveShop serves a shop until it is killed, and tells its address first.
func serveShop(orders, milliseconds, perSecond int) error {
	s := shop.New(shop.Options{Orders: orders, Latency: time.Duration(milliseconds) * time.Millisecond, PerSecond: perSecond})
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lives as long as the process
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	return http.Serve(l, s.Handler()) //nolint:gosec // on loopback, for one client
}
