package state

import (
	"bytes"

	"github.com/pipectl/pipectl/engine/value"
)

// Kept rows are what a pipeline keeps of its records for others to look up. Every value of a row
// is indexed by its text (value.KeyText), so a look-up by any kept name costs one scan of its hits.

// PutKept writes a record's kept row, an object.
func PutKept(tx Tx, pipeline ID, key string, row value.Record) error {
	k := pipeline.keyText(key)
	old, err := tx.Get(KeptRows, k)
	if err != nil {
		return err
	}
	text := row.JSON()
	if old != nil {
		body, err := unseal(KeptRows, k, old)
		if err != nil {
			return err
		}
		if string(body) == text {
			return nil
		}
		if err := unindex(tx, pipeline, key, value.Known(string(body))); err != nil {
			return err
		}
	}
	for name, v := range row.Value().Members() {
		if at, ok := valueKey(pipeline, name, v, key); ok {
			if err := tx.Put(KeptValues, at, []byte{1}); err != nil {
				return err
			}
		}
	}
	return tx.Put(KeptRows, k, seal(k, []byte(text)))
}

// DeleteKept forgets a record's kept row; no error when there is none.
func DeleteKept(tx Tx, pipeline ID, key string) error {
	k := pipeline.keyText(key)
	old, err := tx.Get(KeptRows, k)
	if old == nil || err != nil {
		return err
	}
	body, err := unseal(KeptRows, k, old)
	if err != nil {
		return err
	}
	if err := unindex(tx, pipeline, key, value.Known(string(body))); err != nil {
		return err
	}
	return tx.Delete(KeptRows, k)
}

func unindex(tx Tx, pipeline ID, key string, row value.Record) error {
	for name, v := range row.Value().Members() {
		if at, ok := valueKey(pipeline, name, v, key); ok {
			if err := tx.Delete(KeptValues, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// FindKept answers the rows of a pipeline whose kept values are, one by one, those wanted, in the
// order of the records' keys; at most limit of them, 0 for all.
func FindKept(tx Tx, pipeline ID, names []string, wanted []value.Value, limit int) ([]value.Record, error) {
	if len(names) == 0 {
		return nil, nil
	}
	prefix, ok := valueKey(pipeline, names[0], wanted[0], "")
	if !ok {
		return nil, nil
	}
	var out []value.Record
	err := tx.Scan(KeptValues, prefix, nil, func(k, _ []byte) (bool, error) {
		row, err := keptRow(tx, pipeline, string(k[len(prefix):]))
		if err != nil || !fits(row, names, wanted) {
			return err == nil, err
		}
		out = append(out, row)
		return limit == 0 || len(out) < limit, nil
	})
	return out, err
}

func keptRow(tx Tx, pipeline ID, key string) (value.Record, error) {
	k := pipeline.keyText(key)
	v, err := tx.Get(KeptRows, k)
	if err != nil {
		return value.Record{}, err
	}
	if v == nil {
		return value.Record{}, damaged(KeptRows, k)
	}
	body, err := unseal(KeptRows, k, v)
	return value.Known(string(body)), err
}

func fits(row value.Record, names []string, wanted []value.Value) bool {
	for i, name := range names {
		has, ok := value.KeyText(row.Get(name))
		want, _ := value.KeyText(wanted[i])
		if !ok || has != want {
			return false
		}
	}
	return true
}

// AnyKept says whether a pipeline keeps any row at all: a look-up in nothing is a mistake, not a
// miss.
func AnyKept(tx Tx, pipeline ID) (bool, error) {
	found := false
	err := tx.Scan(KeptRows, pipeline.key(nil), nil, func(_, _ []byte) (bool, error) {
		found = true
		return false, nil
	})
	return found, err
}

// valueKey is where a value of a row is indexed: names hold no NUL, and a value's NULs are
// escaped, so that one value's rows never stand among another's.
func valueKey(pipeline ID, name string, v value.Value, key string) ([]byte, bool) {
	text, ok := value.KeyText(v)
	if !ok || len(text) > 1000 {
		return nil, false
	}
	at := append(pipeline.keyText(name), 0)
	at = append(at, bytes.ReplaceAll([]byte(text), []byte{0}, []byte{0, 1})...)
	at = append(at, 0, 0)
	return append(at, key...), true
}

// CountKept tells how many rows a pipeline keeps.
func CountKept(tx Tx, pipeline ID) (n int, err error) {
	err = tx.Scan(KeptRows, pipeline.key(nil), nil, func(_, _ []byte) (bool, error) {
		n++
		return true, nil
	})
	return n, err
}
