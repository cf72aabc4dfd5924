package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// world is a plan that is being lived.
type world struct {
	plan     worldPlan
	bin, dir string
	env      []string
	source   box
	target   box
	account  string // of the target, as the ledger knows it
	wire     *wire
	clock    sync.Mutex
	moved    time.Duration // of both clocks
	drift    time.Duration // of pipectl's, on top
	versions history
	shops    map[int]shop
	skus     map[string]bool // of products that there were

	r result
}

// live lives through one world, and judges it.
func live(ctx context.Context, p worldPlan, bin string, o options) (result, error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	dir, err := os.MkdirTemp("", fmt.Sprintf("pipectl-crash-%d-", p.Number))
	if err != nil {
		return result{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	w := &world{plan: p, bin: bin, dir: dir, wire: newWire(), versions: history{}, shops: firstShops(), skus: map[string]bool{}, r: newResult(p, o.verbose)}
	stop, err := w.begin(ctx)
	if err != nil {
		return w.r, err
	}
	defer stop()
	for n := 0; w.goesOn() && n < 20*perWorld; n++ {
		if err := w.step(ctx, n); err != nil {
			return w.r, fmt.Errorf("step %d: %w", n, err)
		}
	}
	if err := w.peace(ctx); err != nil {
		return w.r, err
	}
	if err := w.judge(); err != nil {
		return w.r, err
	}
	if !w.r.clean() && o.keep != "" {
		return w.r, os.CopyFS(filepath.Join(o.keep, fmt.Sprintf("world-%d-%d", p.Seed, p.Number)), os.DirFS(dir))
	}
	return w.r, nil
}

// goesOn says that it is not yet time for peace. A story that is told again ends where it ended, however
// many of its deaths came about.
func (w *world) goesOn() bool {
	if w.plan.Died != nil {
		return w.r.runs < len(w.plan.Died)
	}
	return len(w.r.kills) < w.plan.Kills
}

// begin starts the sandboxes, puts the wire in front of them and writes the project.
func (w *world) begin(ctx context.Context) (stop func(), err error) {
	cmd := exec.CommandContext(ctx, w.bin, "sandbox", "lingxing", "kingdee", "--addr", "127.0.0.1:0", "-o", "json",
		"--seed", fmt.Sprint(w.plan.Seed*1000+uint64(w.plan.Number)), "--orders", fmt.Sprint(w.plan.Orders))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	var boxes []box
	in := bufio.NewReader(out)
	if err := json.NewDecoder(in).Decode(&boxes); err != nil {
		stop()
		return nil, fmt.Errorf("sandboxes: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, in) }()
	w.source, w.target = boxes[0], boxes[1]
	if err := w.project(ctx); err != nil {
		stop()
		return nil, err
	}
	return stop, w.note()
}

// project writes the project, with the wire's addresses.
func (w *world) project(ctx context.Context) error {
	lingxing, err := w.wire.serve(ctx, w.source.Settings["url"])
	if err != nil {
		return err
	}
	kingdee, err := w.wire.serve(ctx, w.target.Settings["url"])
	if err != nil {
		return err
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(kingdee, "http://"), "/")
	w.account = host + "/" + w.target.Settings["acct_id"]
	w.env = []string{
		"LINGXING_URL=" + lingxing, "LINGXING_APP_ID=" + w.source.Settings["app_id"], "LINGXING_SECRET=" + w.source.Settings["secret"],
		"KINGDEE_URL=" + kingdee, "KINGDEE_ACCT_ID=" + w.target.Settings["acct_id"], "KINGDEE_USER=" + w.target.Settings["user"],
		"KINGDEE_APP_ID=" + w.target.Settings["app_id"], "KINGDEE_SECRET=" + w.target.Settings["secret"], "KINGDEE_PASSWORD=" + w.target.Settings["password"],
	}
	flying := 4
	if w.plan.Serial {
		flying = 1
	}
	files := map[string]string{"pipectl.yaml": fmt.Sprintf(projectYAML, flying, w.plan.Auth)}
	for _, p := range pipelines {
		files["pipelines/"+p.name+".yaml"] = fmt.Sprintf(p.yaml, w.plan.Batch)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		to := filepath.Join(w.dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, []byte(files[name]), 0o600); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(w.dir, "pipelines", "tables"), 0o755); err != nil {
		return err
	}
	if err := w.setClock(); err != nil {
		return err
	}
	return w.writeShops()
}

// step lives through the scenes of a step.
func (w *world) step(ctx context.Context, n int) error {
	s := w.plan.step(n)
	if err := w.setDrift(s.Drift); err != nil {
		return err
	}
	for _, x := range s.Scenes {
		if err := w.scene(ctx, n, x); err != nil {
			return err
		}
	}
	return nil
}

// scene lets things happen, moves the clocks, and runs pipelines once.
func (w *world) scene(ctx context.Context, n int, s scene) error {
	if s.Calm {
		if err := w.forget(""); err != nil {
			return err
		}
	}
	for _, h := range s.Happens {
		if err := w.happen(h); err != nil {
			return err
		}
	}
	if err := w.note(); err != nil {
		return err
	}
	for _, f := range s.Faults {
		b := w.target
		if f.Vendor == w.source.Name {
			b = w.source
		}
		if err := b.ask("POST", "faults", f.Fault, nil); err != nil {
			return err
		}
	}
	if err := w.advance(s.Move); err != nil || len(s.Run) == 0 {
		return err
	}
	kill := s.Kill
	if w.plan.Died != nil { // told again
		kill = killPlan{}
		if w.r.runs < len(w.plan.Died) {
			kill = w.plan.Died[w.r.runs]
		}
	}
	args := append([]string{"run", "-o", "json"}, s.Run...)
	if s.Newest {
		all, err := w.sourceOrders()
		if err != nil {
			return err
		}
		args = append(args, "--key", all[len(all)-1].key())
	}
	e, err := w.child(ctx, kill, args...)
	if err != nil {
		return err
	}
	w.r.ran(n, s, kill, e, w.wire.count())
	if e.killed == "" && e.code == 2 {
		return fmt.Errorf("pipectl run: %s", e.said)
	}
	return nil
}

// forget takes back faults of a kind that have not happened yet; "" takes back all.
func (w *world) forget(kind string) error {
	for _, b := range []box{w.source, w.target} {
		var waiting []map[string]any
		if err := b.ask("GET", "faults/waiting", nil, &waiting); err != nil {
			return err
		}
		if err := b.ask("DELETE", "faults", nil, nil); err != nil {
			return err
		}
		for _, f := range waiting {
			if kind != "" && f["kind"] != kind {
				if err := b.ask("POST", "faults", f, nil); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
