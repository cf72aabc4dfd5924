package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pipectl/pipectl/engine/internal/workload"
)

func (b *bench) in(names ...string) string {
	return filepath.Join(append([]string{b.project}, names...)...)
}

// round measures each side once, one after the other, and compares what they wrote.
func (b *bench) round(i int) error {
	if err := errors.Join(os.RemoveAll(b.in(".pipectl")), os.RemoveAll(b.in("out")), os.MkdirAll(b.in("out"), 0o755)); err != nil {
		return err
	}
	hand, err := measure(b.project, b.self, "typed", b.in("data", "orders.jsonl"), b.in("pipelines", "tables", "customers.csv"), b.in("out", "typed.jsonl"), b.in("out", "dead.jsonl"))
	if err != nil {
		return err
	}
	w1, err := b.pipeline("w1", b.wanted())
	if err != nil {
		return err
	}
	if err := b.same(i == 0); err != nil {
		return err
	}
	first, err := b.pipeline("w1-ledger", b.wanted())
	if err != nil {
		return err
	}
	second, err := b.second()
	if err != nil {
		return err
	}
	b.add("w1_typed", hand.cpu/w1.cpu)
	b.add("w1_ledger", hand.cpu/first.cpu)
	b.add("w3", first.cpu/second.cpu)
	b.add("rss_mib", w1.anon)
	b.add("rss_ledger_mib", max(first.anon, second.anon))
	fmt.Printf("round %d: typed %.2f s, w1 %.2f s, with the ledger %.2f s, again %.2f s CPU; %.0f, %.0f, %.0f MiB\n",
		i+1, hand.cpu, w1.cpu, first.cpu, second.cpu, w1.anon, first.anon, second.anon)
	return nil
}

func (b *bench) add(name string, x float64) { b.samples[name] = append(b.samples[name], x) }

// outcome are the numbers of a run report that are checked.
type outcome struct {
	Read      int `json:"read"`
	Delivered int `json:"delivered"`
	Unchanged int `json:"unchanged"`
	Invalid   int `json:"invalid"`
}

// wanted is what a first run must do.
func (b *bench) wanted() outcome {
	w := outcome{Read: b.records}
	for i := range b.records {
		if workload.Bad(1, i) {
			w.Invalid++
		} else {
			w.Delivered++
		}
	}
	return w
}

// decode reads what a side answered.
func decode(text []byte, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("answer: %w: %.300s", err, text)
	}
	return nil
}

// pipeline runs a pipeline and checks its report.
func (b *bench) pipeline(name string, want outcome) (usage, error) {
	u, err := measure(b.project, b.binary, "run", name, "-o", "json")
	if err != nil {
		return u, err
	}
	var got outcome
	if err := decode(u.stdout, &got); err != nil {
		return u, err
	}
	if got != want {
		return u, fmt.Errorf("pipeline %s: %+v, want %+v", name, got, want)
	}
	return u, nil
}

// second runs the pipeline with the ledger again, over orders of which a few have changed: W3.
func (b *bench) second() (usage, error) {
	changed, want := 0, outcome{Read: b.records}
	for i := range b.records {
		switch {
		case workload.Changes(1, i) && !workload.Bad(1, i):
			changed++
			want.Delivered++
		case workload.Changes(1, i):
			want.Invalid++
		}
	}
	swap := func() error {
		return errors.Join(os.Rename(b.in("data"), b.in("swap")), os.Rename(b.in("later"), b.in("data")), os.Rename(b.in("swap"), b.in("later")))
	}
	if err := swap(); err != nil {
		return usage{}, err
	}
	u, err := measure(b.project, b.binary, "run", "w1-ledger", "-o", "json")
	if err := errors.Join(err, swap()); err != nil {
		return u, err
	}
	var got outcome
	if err := decode(u.stdout, &got); err != nil {
		return u, err
	}
	if got.Delivered != changed || got.Read != b.records {
		return u, fmt.Errorf("second run: %+v, want %d of %d delivered", got, changed, b.records)
	}
	return u, nil
}

// memory runs W1 over many more orders, without and with the ledger: their peaks must not grow with
// them.
func (b *bench) memory() error {
	small := *b
	b.records = b.large
	b.project = filepath.Join(b.dir, "large")
	defer func() { b.records, b.project = small.records, small.project }()
	fmt.Printf("writing %d orders below %s\n", b.records, b.project)
	if err := errors.Join(os.RemoveAll(b.project), workload.Write(b.project, 1, b.records)); err != nil {
		return err
	}
	for _, x := range []struct{ pipeline, sample string }{{"w1", "rss_large_mib"}, {"w1-ledger", "rss_ledger_large_mib"}} {
		u, err := b.pipeline(x.pipeline, b.wanted())
		if err != nil {
			return err
		}
		b.add(x.sample, u.anon)
	}
	return os.RemoveAll(b.project)
}
