package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/state/bolt"
)

// judge compares what the source says, what the target holds and what the ledger tells.
func (w *world) judge() error {
	all, err := w.sourceOrders()
	if err != nil {
		return err
	}
	docs, err := w.targetDocuments()
	if err != nil {
		return err
	}
	materials, err := w.materials()
	if err != nil {
		return err
	}
	if err := w.countFaults(); err != nil {
		return err
	}
	byKey := map[string][]document{}
	for _, d := range docs {
		byKey[d.key()] = append(byKey[d.key()], d)
	}
	w.r.orders, w.r.documents = len(all), len(docs)
	ledger, err := w.ledger()
	if err != nil {
		return err
	}
	for _, p := range pipelines {
		for _, o := range all {
			w.judgeOrder(p, o, byKey[p.key(o)], o.deliverable(w.shops, materials))
			w.judgeLedger(p, o, byKey[p.key(o)], ledger[p.key(o)])
			delete(byKey, p.key(o))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		w.r.fail(&w.r.duplicated, "document %s is no order's", key)
	}
	return w.judgeRest()
}

// countFaults counts the faults that happened.
func (w *world) countFaults() error {
	for _, b := range []box{w.source, w.target} {
		var happened map[string]int
		if err := b.ask("GET", "faults", nil, &happened); err != nil {
			return err
		}
		for kind, n := range happened {
			w.r.faults[b.Name+" "+kind] += n
		}
	}
	return nil
}

// judgeOrder compares an order with its documents.
func (w *world) judgeOrder(p pipeline, o order, docs []document, wanted bool) {
	var live []document
	for _, d := range docs {
		if d.live() {
			live = append(live, d)
		}
	}
	switch {
	case len(docs) > 1:
		w.r.fail(&w.r.duplicated, "%s: order %s has %d documents", p.name, o.key(), len(docs))
	case wanted && len(live) == 0:
		w.r.fail(&w.r.lost, "%s: order %s (%s) is no document", p.name, o.key(), o.Status)
	case !wanted && len(live) > 0:
		w.r.fail(&w.r.older, "%s: order %s (%s) is a document still: %s", p.name, o.key(), o.Status, live[0].Status)
	case wanted && live[0].Status != p.stage:
		w.r.fail(&w.r.stuck, "%s: document of order %s has status %s and not %s", p.name, o.key(), live[0].Status, p.stage)
	case wanted && live[0].content() != p.content(w.shops, o):
		w.r.fail(&w.r.older, "%s: order %s is not what its document says%s\n    source %s\n    target %s", p.name, o.key(),
			w.whichVersion(p, live[0]), p.content(w.shops, o), live[0].content())
	}
}

// whichVersion tells of which older version of the order a document is.
func (w *world) whichVersion(p pipeline, d document) string {
	for _, versions := range w.versions {
		for i, v := range versions {
			if p.content(w.shops, v) == d.content() {
				return fmt.Sprintf(" (it is version %d of %d)", i+1, len(versions))
			}
		}
	}
	return " (it never said that)"
}

// judgeLedger compares what the ledger says of a document with the document.
func (w *world) judgeLedger(p pipeline, o order, docs []document, row *state.Document) {
	switch {
	case row != nil && row.Pending != nil && row.Pending.AskAt != state.Absent:
		w.r.fail(&w.r.stuck, "%s: document of order %s is in doubt still", p.name, o.key())
	case len(docs) == 1 && (row == nil || row.Confirmed == nil):
		w.r.fail(&w.r.stuck, "%s: the ledger does not know the document of order %s", p.name, o.key())
	case len(docs) == 1 && row.Confirmed.ID != docs[0].ID.String():
		w.r.fail(&w.r.stuck, "%s: the ledger knows document %s of order %s, and the target has %s", p.name, row.Confirmed.ID, o.key(), docs[0].ID)
	case len(docs) == 0 && row != nil && row.Confirmed != nil:
		w.r.fail(&w.r.lost, "%s: the ledger knows a document of order %s that is not there", p.name, o.key())
	}
}

// ledger reads the rows of all documents.
func (w *world) ledger() (map[string]*state.Document, error) {
	store, err := bolt.Open(filepath.Join(w.dir, ".pipectl", "default.db"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	out := map[string]*state.Document{}
	err = store.View(func(tx state.Tx) error {
		for _, p := range pipelines {
			scope, err := state.ScopeID(tx, w.account, "SAL_SaleOrder", p.field, false)
			if err != nil {
				return err
			}
			err = state.EachDocument(tx, scope, "", func(key string, d state.Document) (bool, error) {
				out[key] = &d
				return true, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("the ledger has no documents of %s: it is another account's", w.account)
	}
	return out, err
}

// judgeRest looks at what must not be open any more, at rows that were created on the way, and at a
// further run over everything, which must find nothing to do.
func (w *world) judgeRest() error {
	ctx := context.Background()
	open, err := w.open(ctx)
	if err != nil {
		return err
	}
	for _, x := range open {
		w.r.fail(&w.r.stuck, "%s: order %s is %s: %s %s", x.Pipeline, x.Key, x.Kind, x.ID, x.Reason)
	}
	var customers []material
	if err := w.target.ask("GET", "dump?collection=BD_Customer", nil, &customers); err != nil {
		return err
	}
	seen := map[material]bool{}
	for _, c := range customers {
		c.Status = ""
		if seen[c] {
			w.r.fail(&w.r.duplicated, "customer %s is twice in organisation %s", c.Number, c.Org)
		}
		seen[c] = true
	}
	if err := w.quietRun(ctx, "--full"); err != nil {
		return err
	}
	for _, r := range w.r.last {
		if r.Documents != 0 || r.Error != nil {
			w.r.fail(&w.r.stuck, "%s: a further run over everything is not quiet: %s, %d documents", r.Pipeline, r.Status, r.Documents)
		}
	}
	return nil
}
