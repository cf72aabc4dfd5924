// Package statetest is what every implementation of state.Store has to pass.
package statetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/state"
)

// System is an implementation under test.
type System struct {
	// Open opens the store that lies in a folder, and makes it at the first call. What was written
	// before Close is there after opening the folder again.
	Open func(dir string) (state.Store, error)
}

// Run holds the system against every case.
func Run(t *testing.T, sys System) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := sys.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			h := &harness{TB: t, Store: s, sys: sys, dir: dir, why: c.why}
			defer func() { _ = h.Store.Close() }()
			c.run(h)
		})
	}
}

type harness struct {
	testing.TB
	Store state.Store
	sys   System
	dir   string
	why   string
}

// must fails the case and says why the store has to behave.
func (h *harness) must(ok bool, format string, args ...any) {
	h.Helper()
	if !ok {
		h.Fatalf("%s\n  why: %s", fmt.Sprintf(format, args...), h.why)
	}
}

func (h *harness) reopen() {
	h.Helper()
	h.must(h.Store.Close() == nil, "close fails")
	s, err := h.sys.Open(h.dir)
	h.must(err == nil, "opening again fails: %v", err)
	h.Store = s
}

func (h *harness) put(b state.Bucket, pairs ...string) {
	h.Helper()
	err := h.Store.Update(func(tx state.Tx) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := tx.Put(b, []byte(pairs[i]), []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	})
	h.must(err == nil, "put fails: %v", err)
}

func (h *harness) get(b state.Bucket, key string) string {
	h.Helper()
	var out string
	err := h.Store.View(func(tx state.Tx) error {
		v, err := tx.Get(b, []byte(key))
		out = string(v)
		return err
	})
	h.must(err == nil, "get fails: %v", err)
	return out
}

func (h *harness) scan(b state.Bucket, prefix, from string, limit int) string {
	h.Helper()
	var out []byte
	err := h.Store.View(func(tx state.Tx) error {
		return tx.Scan(b, []byte(prefix), []byte(from), func(k, v []byte) (bool, error) {
			out = append(append(append(append(out, k...), '='), v...), ' ')
			limit--
			return limit != 0, nil
		})
	})
	h.must(err == nil, "scan fails: %v", err)
	return string(bytes.TrimSpace(out))
}

var errWanted = errors.New("wanted")

var cases = []struct {
	name, why string
	run       func(*harness)
}{
	{"read what was written", "the ledger is the only memory of what was sent", func(h *harness) {
		h.put(state.Records, "a", "1", "b", "2")
		h.put(state.Records, "a", "3")
		h.must(h.get(state.Records, "a") == "3", "a is %q", h.get(state.Records, "a"))
		h.must(h.get(state.Records, "b") == "2", "b is %q", h.get(state.Records, "b"))
	}},
	{"nothing is nil", "a missing row and an empty one decide between create and update", func(h *harness) {
		err := h.Store.View(func(tx state.Tx) error {
			v, err := tx.Get(state.Records, []byte("none"))
			h.must(v == nil, "a missing key has the value %q", v)
			return err
		})
		h.must(err == nil, "%v", err)
	}},
	{"buckets are apart", "a record and a document may have the same key", func(h *harness) {
		h.put(state.Records, "k", "record")
		h.put(state.Documents, "k", "document")
		h.must(h.get(state.Records, "k") == "record", "a bucket sees another's row")
	}},
	{"delete", "a refused create gives its number free", func(h *harness) {
		h.put(state.Documents, "k", "1")
		err := h.Store.Update(func(tx state.Tx) error {
			if err := tx.Delete(state.Documents, []byte("k")); err != nil {
				return err
			}
			return tx.Delete(state.Documents, []byte("never there"))
		})
		h.must(err == nil, "%v", err)
		h.must(h.get(state.Documents, "k") == "", "the key is still there")
	}},
	{"scan in byte order", "one pipeline's rows lie together, and walks resume where they ended", func(h *harness) {
		h.put(state.Open, "p\x01b", "2", "p\x01a", "1", "p\x02a", "4", "p\x01\xff", "3", "o", "0")
		h.must(h.scan(state.Open, "p\x01", "", 0) == "p\x01a=1 p\x01b=2 p\x01\xff=3", "scan gives %q", h.scan(state.Open, "p\x01", "", 0))
		h.must(h.scan(state.Open, "p\x01", "p\x01b", 0) == "p\x01b=2 p\x01\xff=3", "a scan from a key gives %q", h.scan(state.Open, "p\x01", "p\x01b", 0))
		h.must(h.scan(state.Open, "p\x01", "a", 1) == "p\x01a=1", "a scan from below its prefix gives %q", h.scan(state.Open, "p\x01", "a", 1))
		h.must(h.scan(state.Open, "", "", 0) == "o=0 p\x01a=1 p\x01b=2 p\x01\xff=3 p\x02a=4", "a scan of everything gives %q", h.scan(state.Open, "", "", 0))
	}},
	{"binary keys and values", "numbers and fingerprints stand in them", func(h *harness) {
		h.put(state.Names, "\x00\xff\x00", "\x00\x01\xfe")
		h.must(h.get(state.Names, "\x00\xff\x00") == "\x00\x01\xfe", "bytes are changed on the way")
	}},
	{"a transaction sees its own writes", "several batches share one transaction", func(h *harness) {
		err := h.Store.Update(func(tx state.Tx) error {
			if err := tx.Put(state.Records, []byte("k"), []byte("1")); err != nil {
				return err
			}
			v, err := tx.Get(state.Records, []byte("k"))
			h.must(string(v) == "1", "its own write reads as %q", v)
			return err
		})
		h.must(err == nil, "%v", err)
	}},
	{"all or nothing", "outcomes and cursor stand together or not at all", func(h *harness) {
		h.put(state.Records, "k", "before")
		err := h.Store.Update(func(tx state.Tx) error {
			if err := tx.Put(state.Records, []byte("k"), []byte("after")); err != nil {
				return err
			}
			return errWanted
		})
		h.must(errors.Is(err, errWanted), "the transaction's error comes back as %v", err)
		h.must(h.get(state.Records, "k") == "before", "half a transaction stands: %q", h.get(state.Records, "k"))
	}},
	{"errors of readers come back", "a run must not take a broken read for an empty one", func(h *harness) {
		h.put(state.Records, "k", "1")
		err := h.Store.View(func(state.Tx) error { return errWanted })
		h.must(errors.Is(err, errWanted), "View answers %v", err)
		err = h.Store.View(func(tx state.Tx) error {
			return tx.Scan(state.Records, nil, nil, func(_, _ []byte) (bool, error) { return true, errWanted })
		})
		h.must(errors.Is(err, errWanted), "Scan answers %v", err)
	}},
	{"a reading stands still", "judging a batch must not see another batch's half", func(h *harness) {
		h.put(state.Records, "k", "1")
		err := h.Store.View(func(tx state.Tx) error {
			done := make(chan struct{})
			go func() { defer close(done); h.put(state.Records, "k", "2") }()
			select {
			case <-done:
			case <-time.After(20 * time.Second):
				h.must(false, "a reader of a small store stops its writer")
			}
			v, err := tx.Get(state.Records, []byte("k"))
			h.must(string(v) == "1", "a reading changes under its reader: %q", v)
			return err
		})
		h.must(err == nil, "%v", err)
		h.must(h.get(state.Records, "k") == "2", "the write is lost")
	}},
	{"durable", "a process may be killed right after a commit", func(h *harness) {
		h.put(state.Records, "k", "1")
		h.put(state.Runs, "r", "2")
		h.reopen()
		h.must(h.get(state.Records, "k") == "1" && h.get(state.Runs, "r") == "2", "what was committed is gone")
	}},
	{"writers take turns", "two batches must not overwrite each other's claims", func(h *harness) {
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for range 20 {
					err := h.Store.Update(func(tx state.Tx) error {
						v, err := tx.Get(state.Meta, []byte("sum"))
						if err != nil {
							return err
						}
						return tx.Put(state.Meta, []byte("sum"), append(bytes.Clone(v), byte('a'+i)))
					})
					if err != nil {
						h.Errorf("update fails: %v", err)
					}
				}
			})
		}
		all.Wait()
		h.must(len(h.get(state.Meta, "sum")) == 160, "%d of 160 writes are there", len(h.get(state.Meta, "sum")))
	}},
	{"large values", "a flight holds the records of a whole batch", func(h *harness) {
		big := string(bytes.Repeat([]byte("0123456789abcdef"), 1<<18)) // 4 MiB
		h.put(state.Flights, "k", big)
		h.reopen()
		h.must(h.get(state.Flights, "k") == big, "a large value comes back changed")
	}},
	{"many keys", "a ledger has millions", func(h *harness) {
		err := h.Store.Update(func(tx state.Tx) error {
			for i := range 5000 {
				if err := tx.Put(state.Records, fmt.Appendf(nil, "%05d", i*7919%5000), []byte("v")); err != nil {
					return err
				}
			}
			return nil
		})
		h.must(err == nil, "%v", err)
		n, last := 0, ""
		err = h.Store.View(func(tx state.Tx) error {
			return tx.Scan(state.Records, nil, nil, func(k, _ []byte) (bool, error) {
				h.must(string(k) > last, "%q comes after %q", k, last)
				n, last = n+1, string(k)
				return true, nil
			})
		})
		h.must(err == nil && n == 5000, "%d of 5000 keys are there (%v)", n, err)
	}},
	{"the format is written down", "a newer file must be refused, not half understood", func(h *harness) {
		format := func() (n int) {
			err := h.Store.View(func(tx state.Tx) (err error) {
				n, err = state.FormatOf(tx)
				return err
			})
			h.must(err == nil, "its format can't be read: %v", err)
			return n
		}
		h.must(format() == state.Format, "a new store has format %d", format())
		h.must(h.Store.Update(state.Upgrade) == nil, "bringing it up to date twice fails")
		h.reopen()
		h.must(format() == state.Format, "it has format %d after opening it again", format())
	}},
}
