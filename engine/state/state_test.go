package state_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/state/bolt"
	"github.com/pipectl/pipectl/engine/value"
)

func open(t testing.TB) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func update(t testing.TB, s state.Store, fn func(state.Tx) error) {
	t.Helper()
	if err := s.Update(fn); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, s state.Store, fn func(state.Tx) error) {
	t.Helper()
	if err := s.View(fn); err != nil {
		t.Fatal(err)
	}
}

func hash(text string) value.Hash { return value.HashOf(value.OfText(text)) }

func TestRecordRows(t *testing.T) {
	s := open(t)
	rows := map[string]state.Record{
		"":        {},
		"new":     {Standing: state.Sending, Docs: []state.Ref{{Scope: 7, Key: "SO-1"}}},
		"there":   {Standing: state.Delivered, Version: state.Version{Changed: 1_790_000_000_123_456_789, Asked: -5}, Text: 1 << 63, Hash: hash("a"), Done: hash("a"), Docs: []state.Ref{{Scope: 7, Key: "SO-2"}}},
		"waiting": {Standing: state.Waiting, Hash: hash("b"), Done: hash("a"), Attempts: 3, Docs: []state.Ref{{Scope: 7, Key: "SO-3"}, {Scope: 1 << 20, Key: ""}}},
	}
	update(t, s, func(tx state.Tx) error {
		for k, r := range rows {
			if err := state.PutRecord(tx, 9, k, r); err != nil {
				return err
			}
		}
		return state.PutRecord(tx, 10, "other pipeline", state.Record{})
	})
	seen := 0
	view(t, s, func(tx state.Tx) error {
		for k, want := range rows {
			got, ok, err := state.GetRecord(tx, 9, k)
			if err != nil || !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %+v (%v, %v), want %+v", k, got, ok, err, want)
			}
			glance, _, ok, err := state.LookAt(tx, 9, k, nil)
			if err != nil || !ok || glance != (state.Glance{Standing: want.Standing, Version: want.Version, Text: want.Text}) {
				t.Errorf("%q: a look gives %+v (%v, %v)", k, glance, ok, err)
			}
		}
		if _, ok, err := state.GetRecord(tx, 9, "missing"); ok || err != nil {
			t.Errorf("missing: %v, %v", ok, err)
		}
		return state.EachRecord(tx, 9, "", func(string, state.Record) (bool, error) { seen++; return true, nil })
	})
	if seen != len(rows) {
		t.Errorf("a walk sees %d of %d records", seen, len(rows))
	}
}

func TestDocumentRows(t *testing.T) {
	s := open(t)
	rows := map[string]state.Document{
		"SO-0": {},
		"SO-1": {Owner: state.Owner{Pipeline: 9, Key: "113/1"}, Pending: &state.Pending{Action: state.Create, Hash: hash("a"), Sent: 5, Sends: 1, Alone: true}},
		"SO-2": {Owner: state.Owner{Pipeline: 9, Key: "113/2"}, Confirmed: &state.Confirmed{Hash: hash("a"), ID: "100001", Number: "SO-2", Stage: 4, At: 77}},
		"SO-3": {
			Confirmed: &state.Confirmed{Hash: hash("a"), Unsure: true, Cancelled: true, ID: "x", Number: "other", Stage: 2, Restore: 4},
			Pending:   &state.Pending{Action: state.Step, Op: 3, Sent: -1, AskAt: 8, Sends: 2, Mixed: true, Crashes: 3},
		},
		"SO-4": {Pending: &state.Pending{Action: state.Update, Hash: hash("a"), Sent: 5, Sends: 1, Mark: "pipectl:0123456789abcdef:0123456789abcdef"}},
	}
	update(t, s, func(tx state.Tx) error {
		for k, d := range rows {
			if err := state.PutDocument(tx, state.Ref{Scope: 3, Key: k}, d); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(tx state.Tx) error {
		for k, want := range rows {
			got, ok, err := state.GetDocument(tx, state.Ref{Scope: 3, Key: k})
			if err != nil || !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %+v (%v, %v), want %+v", k, got, ok, err, want)
			}
		}
		return nil
	})
}

func TestFlights(t *testing.T) {
	s := open(t)
	want := state.Flight{
		Scope: 4, Mark: "1024",
		Records: []state.Flying{{Key: "113/1", Version: state.Version{Changed: 5, Asked: 6}, Attempts: 2, Payload: `{"a":1}`}, {Key: "113/2", Payload: `{}`}},
		Docs:    []string{"SO-1", "SO-2"},
	}
	update(t, s, func(tx state.Tx) error {
		if err := state.PutFlight(tx, 9, 2, state.Flight{Records: []state.Flying{}, Docs: []string{}}); err != nil {
			return err
		}
		return state.PutFlight(tx, 9, 1, want)
	})
	var numbers []uint64
	view(t, s, func(tx state.Tx) error {
		return state.EachFlight(tx, 9, func(n uint64, f state.Flight) error {
			numbers = append(numbers, n)
			if n == 1 && !reflect.DeepEqual(f, want) {
				t.Errorf("got %+v, want %+v", f, want)
			}
			return nil
		})
	})
	if fmt.Sprint(numbers) != "[1 2]" {
		t.Errorf("flights come as %v", numbers)
	}
	view(t, s, func(tx state.Tx) error {
		if f, ok, err := state.GetFlight(tx, 9, 1); err != nil || !ok || !reflect.DeepEqual(f, want) {
			t.Errorf("got %+v, %v, %v", f, ok, err)
		}
		_, ok, err := state.GetFlight(tx, 9, 3)
		if ok {
			t.Error("there is a flight that nobody wrote")
		}
		return err
	})
}

func TestNamesKeepTheirNumbers(t *testing.T) {
	s := open(t)
	var a, b, scope state.ID
	update(t, s, func(tx state.Tx) (err error) {
		if a, err = state.PipelineID(tx, "a", true); err != nil {
			return err
		}
		if b, err = state.PipelineID(tx, "b", true); err != nil {
			return err
		}
		scope, err = state.ScopeID(tx, "acct", "SAL_SaleOrder", "FBillNo", true)
		return err
	})
	if a == b || b == scope || a == 0 {
		t.Fatalf("numbers %d, %d, %d", a, b, scope)
	}
	view(t, s, func(tx state.Tx) error {
		name, err := state.PipelineName(tx, a)
		if name != "a" || err != nil {
			t.Errorf("number %d is %q, %v", a, name, err)
		}
		return nil
	})
}

func TestExceptionsLiveAndExpire(t *testing.T) {
	s := open(t)
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	e := state.Exception{
		Pipeline: "p", Key: "k", Kind: state.OnHold, Status: state.IsOpen, Reason: "material SKU-77 does not exist",
		Causes: []problem.Cause{{Connection: "kingdee", Object: "BD_MATERIAL", Key: "SKU-77"}}, First: now, Last: now,
	}
	update(t, s, func(tx state.Tx) error { return state.PutException(tx, 9, e, `{"sku":"SKU-77"}`) })
	update(t, s, func(tx state.Tx) error {
		got, ok, err := state.GetException(tx, 9, "k")
		if err != nil || !ok || !reflect.DeepEqual(got, e) {
			t.Errorf("got %+v, want %+v", got, e)
		}
		e.Attempts = 1
		return state.PutException(tx, 9, e, "")
	})
	update(t, s, func(tx state.Tx) error {
		payload, err := state.Payload(tx, 9, "k")
		if payload != `{"sku":"SKU-77"}` || err != nil {
			t.Errorf("payload %q, %v", payload, err)
		}
		ok, err := state.Resolve(tx, 9, "k", "delivered in run 7", now)
		if !ok || err != nil {
			t.Errorf("resolve: %v, %v", ok, err)
		}
		return nil
	})
	update(t, s, func(tx state.Tx) error {
		if _, ok, _ := state.GetException(tx, 9, "k"); ok {
			t.Error("a closed exception is still open")
		}
		got, ok, err := state.GetResolved(tx, 9, "k")
		if !ok || err != nil || got.ResolvedBy != "delivered in run 7" || got.Status != state.Closed {
			t.Errorf("closed: %+v, %v, %v", got, ok, err)
		}
		if n, err := state.Expire(tx, 9, now); n != 0 || err != nil {
			t.Errorf("expired too early: %d, %v", n, err)
		}
		if n, err := state.Expire(tx, 9, now.Add(1)); n != 1 || err != nil {
			t.Errorf("expired %d, %v", n, err)
		}
		payload, err := state.Payload(tx, 9, "k")
		if payload != "" || err != nil {
			t.Errorf("payload after its time: %q, %v", payload, err)
		}
		return nil
	})
}

func TestDueWhenTheClockRanBack(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	e := state.Exception{Kind: state.Later, Status: state.IsOpen, Last: at, Due: at.Add(5 * time.Minute)}
	for _, c := range []struct {
		now  time.Time
		want bool
	}{{at, false}, {at.Add(5*time.Minute - 1), false}, {at.Add(5 * time.Minute), true}, {at.Add(-24 * time.Hour), true}} {
		if e.DueAt(c.now) != c.want {
			t.Errorf("at %v: due is %v", c.now, !c.want)
		}
	}
	if (state.Exception{Kind: state.OnHold, Status: state.IsOpen}).DueAt(at) {
		t.Error("a held record has no due time")
	}
	if !(state.Exception{Kind: state.OnHold, Status: state.Retrying}).DueAt(at) {
		t.Error("a person asked for it")
	}
}

func TestKeptRowsAreFoundByEveryName(t *testing.T) {
	s := open(t)
	row := func(text string) value.Record { return value.Known(text) }
	update(t, s, func(tx state.Tx) error {
		for key, text := range map[string]string{
			"1": `{"erp_no":"SO-1","shop":113}`, "2": `{"erp_no":"SO-2","shop":113}`, "3": `{"erp_no":"SO-3","shop":"11"}`,
			"4": `{"erp_no":null,"shop":1.0}`,
		} {
			if err := state.PutKept(tx, 9, key, row(text)); err != nil {
				return err
			}
		}
		return state.PutKept(tx, 9, "3", row(`{"erp_no":"SO-9","shop":"11"}`))
	})
	find := func(names []string, wanted ...value.Value) (out []string) {
		view(t, s, func(tx state.Tx) error {
			rows, err := state.FindKept(tx, 9, names, wanted, 0)
			for _, r := range rows {
				out = append(out, r.Get("erp_no").Text())
			}
			return err
		})
		return out
	}
	for _, c := range []struct {
		names  []string
		wanted []value.Value
		want   string
	}{
		{[]string{"shop"}, []value.Value{value.OfText("113")}, "[SO-1 SO-2]"},
		{[]string{"shop"}, []value.Value{value.OfInt(11)}, "[SO-9]"},
		{[]string{"erp_no"}, []value.Value{value.OfText("SO-3")}, "[]"},
		{[]string{"shop", "erp_no"}, []value.Value{value.OfInt(113), value.OfText("SO-2")}, "[SO-2]"},
		{[]string{"nothing"}, []value.Value{value.OfInt(113)}, "[]"},
		{[]string{"erp_no"}, []value.Value{value.NullValue()}, "[]"},
	} {
		if got := fmt.Sprint(find(c.names, c.wanted...)); got != c.want {
			t.Errorf("%v = %v: got %s, want %s", c.names, c.wanted, got, c.want)
		}
	}
}

func TestRunsNewestFirst(t *testing.T) {
	s := open(t)
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	update(t, s, func(tx state.Tx) error {
		for i := range 5 {
			r := state.Run{ID: fmt.Sprint("r", i), Pipeline: []string{"a", "b"}[i%2], Started: at.Add(time.Duration(i) * time.Hour), Report: []byte(`{}`)}
			if err := state.PutRun(tx, r); err != nil {
				return err
			}
		}
		return state.ExpireRuns(tx, at.Add(time.Hour))
	})
	var ids []string
	view(t, s, func(tx state.Tx) error {
		return state.EachRun(tx, "a", func(r state.Run) (bool, error) { ids = append(ids, r.ID); return true, nil })
	})
	if fmt.Sprint(ids) != "[r4 r2]" {
		t.Errorf("runs of a: %v (r0 is older than the limit)", ids)
	}
}

func TestVaultSurvives(t *testing.T) {
	s := open(t)
	v := state.VaultOf{Store: s, Connection: "lingxing"}
	if got, err := v.Load(t.Context(), "token"); got != nil || err != nil {
		t.Fatalf("an empty vault gives %q, %v", got, err)
	}
	if err := v.Save(t.Context(), "token", []byte("sealed")); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Load(t.Context(), "token"); string(got) != "sealed" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	if got, _ := (state.VaultOf{Store: s, Connection: "kingdee"}).Load(t.Context(), "token"); got != nil {
		t.Errorf("a connection sees another's: %q", got)
	}
}

// Every bit of every row is covered by its checksum.
func TestDamagedRowsAreRefused(t *testing.T) {
	s := open(t)
	ref := state.Ref{Scope: 3, Key: "SO-1"}
	key := append(binary.BigEndian.AppendUint32(nil, 3), ref.Key...)
	update(t, s, func(tx state.Tx) error {
		return state.PutDocument(tx, ref, state.Document{Owner: state.Owner{Pipeline: 1, Key: "k"}, Confirmed: &state.Confirmed{ID: "1"}})
	})
	var row []byte
	view(t, s, func(tx state.Tx) error {
		v, err := tx.Get(state.Documents, key)
		row = append(row, v...)
		return err
	})
	for i := range len(row) * 8 {
		bad := append([]byte(nil), row...)
		bad[i/8] ^= 1 << (i % 8)
		err := s.Update(func(tx state.Tx) error {
			if err := tx.Put(state.Documents, key, bad); err != nil {
				return err
			}
			_, _, err := state.GetDocument(tx, ref)
			return err
		})
		if p, ok := errors.AsType[*problem.Error](err); !ok || p.ID != "PC503" {
			t.Fatalf("bit %d: %v", i, err)
		}
	}
}

// What a damaged file holds must end in an error, never in a panic or a huge allocation.
func FuzzRows(f *testing.F) {
	f.Add([]byte{1, 2, 1, 0, 0})
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	s := open(f)
	f.Fuzz(func(t *testing.T, row []byte) {
		if len(row) == 0 {
			return
		}
		key := binary.BigEndian.AppendUint32(nil, 3)
		_ = s.Update(func(tx state.Tx) error {
			for _, b := range []state.Bucket{state.Records, state.Documents} {
				if err := state.PutRaw(tx, b, key, row); err != nil {
					t.Fatal(err)
				}
			}
			long := binary.BigEndian.AppendUint64(append([]byte(nil), key...), 1)
			if err := state.PutRaw(tx, state.Flights, long, row); err != nil {
				t.Fatal(err)
			}
			_, _, _ = state.GetRecord(tx, 3, "")
			_, _, _, _ = state.LookAt(tx, 3, "", nil)
			_, _, _ = state.GetDocument(tx, state.Ref{Scope: 3})
			_ = state.EachFlight(tx, 3, func(uint64, state.Flight) error { return nil })
			return errors.New("nothing is kept")
		})
	})
}
