package run

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/state"
)

// The file that format 1 wrote is one that this package's rig left at the last commit of that
// format: ten orders delivered, one of which was an exception before, a material made on the way,
// open ones of every kind, a document in doubt that never arrived, and a killed run whose flight
// was saved in the target, with nobody knowing. The source and the target of that moment lie
// beside it.
const format1 = "../state/bolt/testdata/format1"

// world is what stood around the state file: its source and its target.
type world struct {
	Now    time.Time
	NextID int
	Orders []struct {
		ID, Text string
		Changed  time.Time
	}
	Docs []struct {
		ID, Key, Content string
		Stage            connector.Stage
		Modified         time.Time
		Saves            int
	}
}

func format1Rig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	text, err := os.ReadFile(format1 + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var w world
	if err := json.Unmarshal(text, &w); err != nil {
		t.Fatal(err)
	}
	r.clock.now, r.erp.nextID = w.Now, w.NextID
	for _, o := range w.Orders {
		r.src.rows = append(r.src.rows, row{o.ID, o.Text, o.Changed})
	}
	for _, d := range w.Docs {
		r.erp.docs = append(r.erp.docs, &erpDoc{id: d.ID, key: d.Key, content: d.Content, stage: d.Stage, modified: d.Modified, by: connector.MadeByUs, saves: d.Saves})
	}
	unpack(t, format1+".db.gz", filepath.Join(r.dir, "state.db"))
	return r
}

func unpack(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, z); err != nil { //nolint:gosec // our own file
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFormat1IsUpgraded opens what the version before wrote, and finds everything.
func TestFormat1IsUpgraded(t *testing.T) {
	r := format1Rig(t)
	s := r.open()
	defer s.Close()
	got := map[string]int{}
	err := s.View(func(tx state.Tx) error {
		format, err := state.FormatOf(tx)
		if err != nil || format != state.Format {
			return fmt.Errorf("format %d, %w", format, err)
		}
		id, err := state.PipelineID(tx, r.p.Name, false)
		if err != nil {
			return err
		}
		p, _, err := state.GetPipeline(tx, id)
		if err != nil || p.Cursor == "" || p.Identity.TargetKey != "FBillNo" || !p.Identity.Proven {
			return fmt.Errorf("pipeline is %+v, %w", p, err)
		}
		for _, each := range []func() error{
			func() error {
				return state.EachRecord(tx, id, "", func(_ string, rec state.Record) (bool, error) {
					got["record "+rec.Standing.String()]++
					return true, nil
				})
			},
			func() error {
				return state.EachOpen(tx, id, func(e state.Exception) (bool, error) {
					got["open "+string(e.Kind)]++
					return true, nil
				})
			},
			func() error {
				return state.EachResolved(tx, id, func(state.Exception) (bool, error) { got["resolved"]++; return true, nil })
			},
			func() error {
				return state.EachFlight(tx, id, func(_ uint64, f state.Flight) error { got["flying"] += len(f.Records); return nil })
			},
			func() error {
				return state.EachRun(tx, "", func(state.Run) (bool, error) { got["runs"]++; return true, nil })
			},
			func() error {
				return tx.Scan(state.KeptRows, nil, nil, func(_, _ []byte) (bool, error) { got["kept"]++; return true, nil })
			},
		} {
			if err := each(); err != nil {
				return err
			}
		}
		scope, err := state.ScopeID(tx, r.erp.Account(), "SAL_SaleOrder", "FBillNo", false)
		if err != nil {
			return err
		}
		return state.EachDocument(tx, scope, "", func(_ string, d state.Document) (bool, error) {
			got["documents"]++
			if d.Pending != nil {
				got["in doubt"]++
			}
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	vault, err := (state.VaultOf{Store: s, Connection: "erp"}).Load(context.Background(), "session")
	if err != nil || string(vault) != "sealed by the connector" {
		t.Errorf("vault holds %q, %v", vault, err)
	}
	want := "map[documents:16 flying:4 in doubt:5 kept:11 open held:1 open invalid:1 open waiting:2 record delivered:11 record held:1 record invalid:1 record sending:4 record waiting:2 resolved:1 runs:4]"
	if shown := fmt.Sprint(got); shown != want {
		t.Errorf("the upgraded state holds\n  %s, want\n  %s", shown, want)
	}
}

// TestFormat1GoesOn runs on over the upgraded file: every order ends up as one document, with
// nothing lost and nothing written twice.
func TestFormat1GoesOn(t *testing.T) {
	r := format1Rig(t)
	r.skus["A"] = true // what the held one waits for
	r.skus["B"] = true
	r.src.set("11", `"qty":11`)
	before := r.erp.nextID
	for range 8 {
		r.clock.advance(20 * time.Minute)
		if _, err := r.try(Options{}); err != nil {
			t.Fatal(err)
		}
	}
	r.settled()
	if open := r.exceptions(); open != "" {
		t.Errorf("still open:\n%s", open)
	}
	want := []string{`B {"FNumber":"B"} audited`}
	for _, o := range r.src.rows {
		qty := o.id
		if o.id == "2" {
			qty = "22"
		}
		want = append(want, fmt.Sprintf(`SO-%s {"FBillNo":"SO-%s","FQty":%s} audited`, o.id, o.id, qty))
	}
	for _, line := range want {
		if strings.Count(r.erpState(), line+"\n") != 1 {
			t.Errorf("the target does not hold once: %s", line)
		}
	}
	if len(r.erp.docs) != len(want) || r.erp.nextID-before != 4 { // 11, 12, 13, 15
		t.Errorf("%d documents, %d of them new:\n%s", len(r.erp.docs), r.erp.nextID-before, r.erpState())
	}
	r.run("done read=19 unchanged=19", Options{Full: true})
}
