package state

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"
)

// Run is one stored report of a run.
type Run struct {
	ID       string
	Pipeline string
	Started  time.Time
	Report   json.RawMessage
}

type runRow struct {
	Run      string          `json:"run"`
	Pipeline string          `json:"pipeline"`
	Report   json.RawMessage `json:"report"`
}

// PutRun writes a run's report.
func PutRun(tx Tx, r Run) error {
	return putJSON(tx, Runs, runKey(r.Started, r.ID), runRow{r.ID, r.Pipeline, r.Report})
}

// runKey sorts the newest first.
func runKey(started time.Time, id string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, ^uint64(started.UnixMilli())), id...)
}

// EachRun walks over the stored reports, the newest first; of one pipeline, or of all for "".
func EachRun(tx Tx, pipeline string, fn func(Run) (bool, error)) error {
	return tx.Scan(Runs, nil, nil, func(k, v []byte) (bool, error) {
		var row runRow
		if err := readJSON(Runs, k, v, &row); err != nil {
			return false, err
		}
		if pipeline != "" && row.Pipeline != pipeline {
			return true, nil
		}
		started := time.UnixMilli(int64(^binary.BigEndian.Uint64(k)))
		return fn(Run{row.Run, row.Pipeline, started, row.Report})
	})
}

// ExpireRuns removes reports of runs that started before the given time.
func ExpireRuns(tx Tx, before time.Time) error {
	var old [][]byte
	err := tx.Scan(Runs, nil, runKey(before, ""), func(k, _ []byte) (bool, error) {
		old = append(old, append([]byte(nil), k...))
		return true, nil
	})
	for _, k := range old {
		if err == nil {
			err = tx.Delete(Runs, k)
		}
	}
	return err
}

// VaultOf is a connection's small store (connector.Vault). What it keeps is sealed by the connector.
type VaultOf struct {
	Store      Store
	Connection string
}

// Load reads a value; nil when there is none.
func (v VaultOf) Load(_ context.Context, key string) ([]byte, error) {
	var out []byte
	err := v.Store.View(func(tx Tx) error {
		value, err := tx.Get(Vault, v.key(key))
		if value == nil || err != nil {
			return err
		}
		value, err = unseal(Vault, v.key(key), value)
		out = append([]byte{}, value...)
		return err
	})
	return out, err
}

// Save writes a value.
func (v VaultOf) Save(_ context.Context, key string, value []byte) error {
	return v.Store.Update(func(tx Tx) error {
		return tx.Put(Vault, v.key(key), seal(v.key(key), append([]byte{}, value...)))
	})
}

func (v VaultOf) key(key string) []byte {
	return []byte(strings.Join([]string{v.Connection, key}, "\x00"))
}
