package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/state/bolt"
	"github.com/pipectl/pipectl/engine/value"
)

// W4: what the ledger's rows cost beside the store below them. One upsert is the row of a record
// and the row of its document, as an outcome commits them; raw bbolt puts values of the same length
// under the same keys into two buckets of the same fill. Both make each batch durable.

// upsertCount is how many upserts a measurement makes, into a fresh store.
const upsertCount = 200_000

// took is what a side of W4 answers.
type took struct {
	Seconds float64 `json:"seconds"`
}

// upserts runs one side in a folder of its own.
func upserts(which, dir string, batch int, random bool) (any, error) {
	order := make([]int, upsertCount)
	for i := range order {
		order[i] = i
	}
	if random {
		rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same order on both sides
		rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if which == "raw" {
		return rawUpserts(dir, order, batch)
	}
	return ourUpserts(dir, order, batch)
}

func ourUpserts(dir string, order []int, batch int) (any, error) {
	s, err := bolt.Open(filepath.Join(dir, "ours.db"))
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	for len(order) > 0 {
		n := min(batch, len(order))
		err := s.Update(func(tx state.Tx) error {
			for _, i := range order[:n] {
				if err := putBoth(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		order = order[n:]
	}
	t := took{time.Since(begun).Seconds()}
	return t, s.Close()
}

// putBoth writes what the ledger keeps of one delivered order.
func putBoth(tx state.Tx, i int) error {
	key, number := upsertKey(i)
	ref := state.Ref{Scope: 2, Key: number}
	hash := value.Hash{byte(i), byte(i >> 8), byte(i >> 16), 1}
	err := state.PutDocument(tx, ref, state.Document{
		Owner:     state.Owner{Pipeline: 1, Key: key},
		Confirmed: &state.Confirmed{Hash: hash, ID: strconv.Itoa(100_000 + i%100_000), Number: number, Stage: 4, At: int64(i)},
	})
	if err != nil {
		return err
	}
	return state.PutRecord(tx, 1, key, state.Record{
		Standing: state.Delivered, Version: state.Version{Changed: int64(i), Asked: int64(i)}, Text: uint64(i),
		Hash: hash, Done: hash, Docs: []state.Ref{ref},
	})
}

func upsertKey(i int) (key, number string) {
	key = fmt.Sprintf("113/%016d", i)
	return key, "EC-" + key
}

// rawUpserts puts as many bytes as ourUpserts with nothing in between.
func rawUpserts(dir string, order []int, batch int) (any, error) {
	record, document, err := rowSizes(dir)
	if err != nil {
		return nil, err
	}
	db, err := bbolt.Open(filepath.Join(dir, "raw.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30})
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	for len(order) > 0 {
		n := min(batch, len(order))
		err := db.Update(func(tx *bbolt.Tx) error { return rawPut(tx, order[:n], record, document) })
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		order = order[n:]
	}
	t := took{time.Since(begun).Seconds()}
	return t, db.Close()
}

func rawPut(tx *bbolt.Tx, order []int, record, document int) error {
	records, err1 := tx.CreateBucketIfNotExists([]byte("records"))
	documents, err2 := tx.CreateBucketIfNotExists([]byte("documents"))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	records.FillPercent, documents.FillPercent = 0.9, 0.9
	for _, i := range order {
		key, number := upsertKey(i)
		err1 := documents.Put([]byte("\x00\x00\x00\x02"+number), make([]byte, document))
		err2 := records.Put([]byte("\x00\x00\x00\x01"+key), make([]byte, record))
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
	}
	return nil
}

// rowSizes are the lengths of the rows that the ledger writes for one order.
func rowSizes(dir string) (record, document int, err error) {
	s, err := bolt.Open(filepath.Join(dir, "sizes.db"))
	if err != nil {
		return 0, 0, err
	}
	err = s.Update(func(tx state.Tx) error {
		if err := putBoth(tx, 0); err != nil {
			return err
		}
		length := func(b state.Bucket) (n int) {
			_ = tx.Scan(b, nil, nil, func(_, v []byte) (bool, error) { // it finds the one row or none
				n = len(v)
				return false, nil
			})
			return n
		}
		record, document = length(state.Records), length(state.Documents)
		return nil
	})
	return record, document, errors.Join(err, s.Close())
}

// roundUpserts measures both sides, in two orders of the keys: how many upserts a second ours makes
// for each one of raw bbolt's.
func (b *bench) roundUpserts(i int) error {
	for _, x := range []struct{ sample, order string }{{"w4", "sequential"}, {"w4_random", "random"}} {
		raw, err := b.upserts("raw", x.order)
		if err != nil {
			return err
		}
		ours, err := b.upserts("ours", x.order)
		if err != nil {
			return err
		}
		b.add(x.sample, raw.Seconds/ours.Seconds)
		fmt.Printf("round %d: %s upserts: raw bbolt %.1f us, the ledger %.1f us\n", i+1, x.order, 1e6*raw.Seconds/upsertCount, 1e6*ours.Seconds/upsertCount)
	}
	return nil
}

func (b *bench) upserts(which, order string) (took, error) {
	dir := filepath.Join(b.dir, "w4")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return took{}, err
	}
	var t took
	u, err := measure(dir, b.self, "upserts", which, dir, "500", order)
	if err != nil {
		return t, err
	}
	return t, decode(u.stdout, &t)
}
