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
	docs, err := w.documents()
	if err != nil {
		return err
	}
	if err := w.countFaults(); err != nil {
		return err
	}
	ledger, err := w.ledger()
	if err != nil {
		return err
	}
	w.r.orders = len(all)
	for _, of := range docs {
		w.r.documents += len(of)
	}
	for _, p := range pipelines {
		claims, err := p.claims(w)
		if err != nil {
			return err
		}
		for _, c := range claims {
			w.judgeClaim(p, c, docs[c.key])
			w.judgeLedger(p, c, docs[c.key], ledger[c.key])
			delete(docs, c.key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(docs)) {
		w.r.fail(&w.r.duplicated, "document %s is no record's", key)
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

// judgeClaim compares a record with its documents.
func (w *world) judgeClaim(p pipeline, c claim, docs []held) {
	var live []held
	for _, d := range docs {
		if d.live {
			live = append(live, d)
		}
	}
	switch {
	case len(docs) > 1:
		w.r.fail(&w.r.duplicated, "%s: %s has %d documents", p.name, c.record, len(docs))
	case c.wanted && len(live) == 0:
		w.r.fail(&w.r.lost, "%s: %s is no document", p.name, c.record)
	case !c.wanted && len(live) > 0:
		w.r.fail(&w.r.older, "%s: %s is a document still: %s", p.name, c.record, live[0].stage)
	case c.wanted && live[0].stage != p.stage:
		w.r.fail(&w.r.stuck, "%s: the document of %s has status %s and not %s", p.name, c.record, live[0].stage, p.stage)
	case c.wanted && live[0].says != c.says:
		w.r.fail(&w.r.older, "%s: %s is not what its document says%s\n    source %s\n    target %s", p.name, c.record, c.version(live[0]), c.says, live[0].says)
	}
}

// version tells of which former version of the record a document is.
func (c claim) version(d held) string {
	if i := slices.Index(c.said, d.says); i >= 0 {
		return fmt.Sprintf(" (it is version %d of %d)", i+1, len(c.said))
	}
	return ""
}

// judgeLedger compares what the ledger says of a document with the document.
func (w *world) judgeLedger(p pipeline, c claim, docs []held, row *state.Document) {
	switch {
	case row != nil && row.Pending != nil && row.Pending.AskAt != state.Absent:
		w.r.fail(&w.r.stuck, "%s: the document of %s is in doubt still", p.name, c.record)
	case len(docs) == 1 && (row == nil || row.Confirmed == nil):
		w.r.fail(&w.r.stuck, "%s: the ledger does not know the document of %s", p.name, c.record)
	case len(docs) == 1 && row.Confirmed.ID != docs[0].id:
		w.r.fail(&w.r.stuck, "%s: the ledger knows document %s of %s, and the target has %s", p.name, row.Confirmed.ID, c.record, docs[0].id)
	case len(docs) == 0 && row != nil && row.Confirmed != nil:
		w.r.fail(&w.r.lost, "%s: the ledger knows a document of %s that is not there", p.name, c.record)
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
			scope, err := state.ScopeID(tx, w.account, p.object, p.field, false)
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
		w.r.fail(&w.r.stuck, "%s: record %s is %s: %s %s", x.Pipeline, x.Key, x.Kind, x.ID, x.Reason)
	}
	customers, err := w.customers()
	if err != nil {
		return err
	}
	seen := map[[2]string]bool{}
	for _, c := range customers {
		if seen[[2]string{c.Number, c.Org}] {
			w.r.fail(&w.r.duplicated, "customer %s is twice in organisation %s", c.Number, c.Org)
		}
		seen[[2]string{c.Number, c.Org}] = true
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
