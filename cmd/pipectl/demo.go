package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl/engine"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// demoPipeline is the shipped pipeline that the demo runs.
const demoPipeline = "order-sync"

func demoCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "both vendors' sandboxes, the shipped pipeline, and what happened; nothing to set up",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "keep", Usage: "leave the project in this folder, to go on with `pipectl run`"},
			&cli.IntFlag{Name: "orders", Usage: "how many orders the source starts with"},
		},
		Action: func(c *cli.Context) error {
			if err := arguments(c, 0, 0, ""); err != nil {
				return err
			}
			v, err := viewOf(c, std)
			if err != nil {
				return err
			}
			dir, keep := c.String("keep"), true
			if dir == "" {
				keep = false
				if dir, err = os.MkdirTemp("", "pipectl-demo-"); err != nil {
					return err
				}
				defer os.RemoveAll(dir) //nolint:errcheck // a folder in the system's own temporary place
			}
			return demo(c, std, v, dir, keep)
		},
	}
}

// shiftedClock is the computer's clock with a distance that the demo shortens: it begins half an
// hour ago, so that time can pass between the runs without anybody waiting for it.
type shiftedClock struct {
	mu  sync.Mutex
	off time.Duration
}

func (s *shiftedClock) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.off)
}

// Sleep lets the time pass at once.
func (s *shiftedClock) Sleep(ctx context.Context, d time.Duration) error {
	s.pass(d)
	return ctx.Err()
}

func (s *shiftedClock) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off += d
}

func demo(c *cli.Context, std stdio, v view, dir string, keep bool) error {
	if _, err := os.Stat(filepath.Join(dir, "pipectl.yaml")); err == nil {
		return usage("%s: there is a project already\n  → give --keep another folder, or go on in this one: pipectl run %s", dir, demoPipeline)
	}
	if _, err := writeProject(dir, "."); err != nil {
		return err
	}
	clock := &shiftedClock{off: -30 * time.Minute}
	o := optionsOf(c, std)
	o.Path, o.Environment, o.Clock, o.Orders = dir, "", clock, c.Int("orders")
	o.Env = func(string) (string, bool) { return "", false } // whatever is set: the demo speaks to its own sandboxes
	e, err := engine.Open(o)
	if err != nil {
		return badProject(err)
	}
	d := &demonstration{ctx: c.Context, v: v, e: e, clock: clock, dir: dir, keep: keep}
	return errors.Join(d.play(), e.Close())
}

// demonstration is the story that the demo tells.
type demonstration struct {
	ctx   context.Context
	v     view
	e     *engine.Engine
	clock *shiftedClock
	dir   string
	keep  bool
	runs  []run.Report
}

func (d *demonstration) play() error {
	d.say("1. 领星 Lingxing → 金蝶 Kingdee: the first run", "both systems are sandboxes inside this program, speaking the vendors' own protocols")
	if err := d.run(engine.RunOptions{}); err != nil {
		return err
	}
	d.clock.pass(5 * time.Minute)
	d.say("2. five minutes later, the same again", "every order is read once more, from the beginning (--full), and nothing is written twice")
	if err := d.run(engine.RunOptions{Full: true}); err != nil {
		return err
	}
	if err := d.disturb(); err != nil {
		return err
	}
	d.clock.pass(10 * time.Minute)
	d.say("3. meanwhile in Lingxing: two orders changed, one was cancelled, one came in",
		"the changed bills are reopened, saved and audited again; the cancelled one was delivered, so a person decides")
	if err := d.run(engine.RunOptions{}); err != nil {
		return err
	}
	if d.v.json {
		return d.v.JSON(map[string]any{"runs": d.runs})
	}
	d.closing()
	return nil
}

func (d *demonstration) say(title, text string) {
	if d.v.json {
		return
	}
	d.v.Line("%s", d.v.bold(title))
	d.v.Line("%s", d.v.dim(text))
}

func (d *demonstration) run(o engine.RunOptions) error {
	report, err := d.e.Run(d.ctx, demoPipeline, o)
	if err != nil {
		return err
	}
	d.runs = append(d.runs, report)
	if !d.v.json {
		printReport(d.v, d.e, report, false, nil)
		d.v.Line("")
	}
	return nil
}

// disturb lets things happen in the source that a business does all day.
func (d *demonstration) disturb() error {
	delivered, err := d.delivered(3)
	if err != nil {
		return err
	}
	for i, id := range delivered {
		action, args := "change-order", map[string]any{"sid": id.SID, "order_id": id.Order, "qty": 7}
		if i == 2 {
			action = "cancel-order"
			delete(args, "qty")
		}
		if err := d.lingxing(action, args); err != nil {
			return err
		}
	}
	return d.lingxing("add-order", map[string]any{"kind": "plain"})
}

// orderID names an order of the sandbox.
type orderID struct {
	SID   int    `json:"sid"`
	Order string `json:"amazon_order_id"`
}

// delivered finds orders that are in the ERP by now.
func (d *demonstration) delivered(n int) ([]orderID, error) {
	keys, err := d.e.Delivered(demoPipeline, n)
	if err != nil {
		return nil, err
	}
	var out []orderID
	for _, k := range keys {
		var id orderID
		if _, err := fmt.Sscanf(k, "%d/%s", &id.SID, &id.Order); err != nil {
			return nil, fmt.Errorf("key %s: %w", k, err)
		}
		out = append(out, id)
	}
	if len(out) < n {
		return nil, fmt.Errorf("only %d orders were delivered, which are too few for the demo's next act", len(out))
	}
	return out, nil
}

func (d *demonstration) lingxing(action string, args map[string]any) error {
	box := d.e.Simulator("lingxing")
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	_, err = sandbox.Do(box.System, box.Kit, action, raw)
	return err
}

func (d *demonstration) closing() {
	v := d.v
	if !d.keep {
		v.Line("This was a project in a temporary folder, which is gone now. To keep one and go on:")
		v.Line("  pipectl demo --keep shop && cd shop")
		v.Line("  pipectl errors                     what waits, for what, and the way out")
		v.Line("  pipectl run order-sync             goes on where the demo ended")
		return
	}
	state, err := filepath.Rel(d.dir, d.e.StateFile())
	if err != nil {
		state = d.e.StateFile()
	}
	v.Line("The project is in %s; its state (ledger, exceptions, runs) is %s.", v.bold(d.dir), state)
	v.Line("The two sandboxes keep what was written to them beside the state. Try next:")
	v.Line("  cd %s", d.dir)
	v.Line("  pipectl errors                     what waits, for what, and the way out")
	v.Line("  echo '199,PIPE-CA,100,CUST-SHOP-113,PIPE-CA 店铺,0' >> pipelines/tables/shops.csv")
	v.Line("  pipectl run order-sync             the orders that waited for the shop go by themselves")
	v.Line("  pipectl run order-sync -v          the log, on standard error")
	v.Line("  $EDITOR pipelines/order-sync.yaml  mistype a field, then: pipectl validate")
}
