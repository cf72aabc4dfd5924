package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pipectl/pipectl/engine/internal/workload"
	"github.com/pipectl/pipectl/engine/internal/workload/api"
	"github.com/pipectl/pipectl/engine/internal/workload/shop"
	"github.com/pipectl/pipectl/engine/internal/workload/typed"
)

// apiCase is one of the cases of W2: the same concurrency on both sides.
type apiCase struct {
	name              string
	orders            int
	latency           int // milliseconds
	fetchers, posters int
	perSecond         int // posts that the sink takes
	environment       string
}

func (b *bench) apiCases() []apiCase {
	return []apiCase{
		{"w2_fast", b.api, 0, 4, 8, 0, ""},
		{"w2", b.api, 20, 4, 8, 0, ""},
		{"w2_wide", b.api, 20, 8, 32, 0, "wide"},
	}
}

// roundAPI measures both sides of each case once: the CPU time and the wall time of ours over that
// of the program written by hand.
func (b *bench) roundAPI(i int) error {
	for _, c := range b.apiCases() {
		hand, err := b.syncs(c, true)
		if err != nil {
			return fmt.Errorf("%s by hand: %w", c.name, err)
		}
		ours, err := b.syncs(c, false)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		b.add(c.name+"_cpu", ours.cpu/hand.cpu)
		b.add(c.name+"_wall", ours.wall/hand.wall)
		fmt.Printf("round %d: %-8s by hand %.2f s CPU, %.2f s wall; pipectl %.2f s, %.2f s\n", i+1, c.name, hand.cpu, hand.wall, ours.cpu, ours.wall)
	}
	return nil
}

// paced measures pipectl against a sink that takes ten posts a second: how much of the least
// possible time it uses, as a share, with no post refused.
func (b *bench) paced() error {
	c := apiCase{"w2_paced", b.pacedOrders, 0, 4, 8, 10, "paced"}
	ours, err := b.syncs(c, false)
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	least := float64((b.delivered(c.orders)+shop.Most-1)/shop.Most-c.perSecond) / float64(c.perSecond)
	b.add(c.name, least/ours.wall)
	fmt.Printf("%s: %.1f s of at least %.1f s\n", c.name, ours.wall, least)
	return nil
}

// syncs runs one side against a new shop, and checks that every order came exactly once.
func (b *bench) syncs(c apiCase, byHand bool) (usage, error) {
	url, stop, err := b.shop(c)
	if err != nil {
		return usage{}, err
	}
	defer stop()
	dir := filepath.Join(b.dir, "w2")
	if err := errors.Join(os.RemoveAll(dir), writeAPI(dir, url)); err != nil {
		return usage{}, err
	}
	var u usage
	if byHand {
		u, err = measure(dir, b.self, "hand", url, filepath.Join(dir, "pipelines", "tables", "customers.csv"),
			strconv.Itoa(c.fetchers), strconv.Itoa(c.posters), strconv.Itoa(c.perSecond))
	} else {
		u, err = measure(dir, b.self, "api", dir, c.environment)
	}
	if err != nil {
		return u, err
	}
	return u, b.once(c, url, u, byHand)
}

// once says that every sound order came exactly once, that nothing was refused, and that the side
// itself counted so.
func (b *bench) once(c apiCase, url string, u usage, byHand bool) error {
	want := b.delivered(c.orders)
	var got shop.Counts
	resp, err := http.Get(url + "/counts") //nolint:gosec,noctx // our own shop
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		return err
	}
	if got.Bills != want || got.Unique != want || got.Refused+got.Limited > 0 {
		return fmt.Errorf("the shop counted %+v, want %d bills, once each, and nothing refused", got, want)
	}
	if byHand {
		var n typed.Counts
		if err := decode(u.stdout, &n); err != nil || n == (typed.Counts{Read: c.orders, Written: want, Bad: c.orders - want}) {
			return err
		}
		return fmt.Errorf("it counted %+v, want %d of %d", n, want, c.orders)
	}
	var n outcome
	if err := decode(u.stdout, &n); err != nil || n == (outcome{Read: c.orders, Delivered: want, Invalid: c.orders - want}) {
		return err
	}
	return fmt.Errorf("it reported %+v, want %d of %d delivered", n, want, c.orders)
}

// delivered is how many of the first n orders break no rule.
func (b *bench) delivered(n int) int {
	sound := 0
	for i := range n {
		if !workload.Bad(1, i) {
			sound++
		}
	}
	return sound
}

// writeAPI writes the project of W2 for a shop.
func writeAPI(dir, url string) error {
	sub, err := fs.Sub(api.Project, "w2")
	if err != nil {
		return err
	}
	return errors.Join(
		os.CopyFS(dir, sub),
		os.WriteFile(filepath.Join(dir, ".env"), []byte("SHOP_URL="+url+"\n"), 0o600),
		workload.WriteCustomers(dir),
	)
}

// shop starts a shop in a process of its own, so that its work is nobody's.
func (b *bench) shop(c apiCase) (url string, stop func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, b.self, "shop", strconv.Itoa(c.orders), strconv.Itoa(c.latency), strconv.Itoa(c.perSecond))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return "", nil, err
	}
	stop = func() {
		cancel()
		_ = cmd.Wait() // it was killed
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("the shop said nothing: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}
