package state_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// One operation is one upsert; 500 share a transaction, as a busy run's do. The pair is read
// together: raw bbolt with the same batch, order, key and value size, and our rows.

const perTx = 500

func benchKey(i int) string { return fmt.Sprintf("113/%016d", i) }

func BenchmarkUpsertRawBolt(b *testing.B) {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	row := make([]byte, 75)
	b.ReportAllocs()
	for i := 0; i < b.N; {
		err := db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("records"))
			if err != nil {
				return err
			}
			bucket.FillPercent = 0.9
			for n := 0; n < perTx && i < b.N; n, i = n+1, i+1 {
				if err := bucket.Put([]byte("\x00\x00\x00\x01"+benchKey(i)), row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpsertRecords(b *testing.B) {
	s := open(b)
	rec := state.Record{
		Standing: state.Delivered, Version: state.Version{Changed: 1, Asked: 2}, Text: 3,
		Hash: value.Hash{1}, Done: value.Hash{1}, Docs: []state.Ref{{Scope: 2, Key: "113-0000000000000001"}},
	}
	b.ReportAllocs()
	for i := 0; i < b.N; {
		err := s.Update(func(tx state.Tx) error {
			for n := 0; n < perTx && i < b.N; n, i = n+1, i+1 {
				if err := state.PutRecord(tx, 1, benchKey(i), rec); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpsertDocuments(b *testing.B) {
	s := open(b)
	doc := state.Document{
		Owner:     state.Owner{Pipeline: 1, Key: benchKey(1)},
		Confirmed: &state.Confirmed{Hash: value.Hash{1}, ID: "100001", Number: "113-0000000000000001", Stage: 4, At: 5},
	}
	b.ReportAllocs()
	for i := 0; i < b.N; {
		err := s.Update(func(tx state.Tx) error {
			for n := 0; n < perTx && i < b.N; n, i = n+1, i+1 {
				if err := state.PutDocument(tx, state.Ref{Scope: 2, Key: benchKey(i)}, doc); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookAt(b *testing.B) {
	s := open(b)
	const rows = 100_000
	update(b, s, func(tx state.Tx) error {
		for i := range rows {
			if err := state.PutRecord(tx, 1, benchKey(i), state.Record{Standing: state.Delivered, Docs: []state.Ref{{Scope: 2, Key: benchKey(i)}}}); err != nil {
				return err
			}
		}
		return nil
	})
	keys := make([]string, rows)
	for i := range keys {
		keys[i] = benchKey(i)
	}
	var scratch []byte
	b.ReportAllocs()
	b.ResetTimer()
	view(b, s, func(tx state.Tx) error {
		for i := range b.N {
			var ok bool
			var err error
			if _, scratch, ok, err = state.LookAt(tx, 1, keys[i%rows], scratch); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
		return nil
	})
}
