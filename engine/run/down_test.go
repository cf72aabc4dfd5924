package run

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// pinged is the rig's target as one that can be asked whether it is there. While it is down nothing
// reaches it.
type pinged struct {
	*erp
	ping  *problem.Error // what the question is answered with
	pings int
	order []string // content of the documents that came, in order
}

func (p *pinged) Ping(context.Context) error {
	p.pings++
	if p.ping != nil {
		return p.ping
	}
	return nil
}

func (p *pinged) Write(ctx context.Context, t connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	if p.ping != nil && p.fault == nil {
		p.calls["save"]++
		return nil, p.ping
	}
	for _, d := range docs {
		p.order = append(p.order, fmt.Sprintf("%s=%s", d.Key, d.Content.Get("FQty").JSON()))
	}
	return p.erp.Write(ctx, t, docs)
}

func (p *pinged) requests() int {
	n := p.pings
	for _, c := range p.calls {
		n += c
	}
	return n
}

func newDownRig(t *testing.T) (*rig, *pinged) {
	r := newRig(t)
	e := &pinged{erp: r.erp}
	r.p.Target.Conn = e
	return r, e
}

var refusing = &problem.Error{Class: problem.Transient, ID: "PC300", Reason: "erp: cannot connect to erp.example.com: connection refused"}

// alerts lists what was raised: "down erp ×1 …".
func (r *rig) alerts() string {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	var out []string
	err := s.View(func(tx state.Tx) error {
		return state.EachAlert(tx, func(a state.Alert) (bool, error) {
			out = append(out, fmt.Sprintf("%s %s%s ×%d: %s", a.Kind, a.Pipeline, a.Connection, a.Times, a.Text))
			return true, nil
		})
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

func (r *rig) outage(connection string) state.Outage {
	r.t.Helper()
	s := r.open()
	defer s.Close()
	var o state.Outage
	if err := s.View(func(tx state.Tx) (err error) { o, _, err = state.GetOutage(tx, connection); return err }); err != nil {
		r.t.Fatal(err)
	}
	return o
}

func TestAnOutagePausesItsPipelinesAndDrainsByItself(t *testing.T) {
	r, e := newDownRig(t)
	orders(r, 5)
	e.ping = refusing
	r.run("paused PC412")
	if got := r.exceptions(); strings.Contains(got, "attempts=1") {
		t.Errorf("attempts were counted:\n%s", got)
	}

	// Before its time nobody is asked anything, whichever pipeline needs the connection.
	before, read := e.requests(), r.src.reads
	r.run("paused PC440")
	orderSync := r.p
	second := *r.p
	second.Name, second.Siblings = "returns", []string{"order-sync", "returns"}
	orderSync.Siblings = second.Siblings
	r.p = &second
	r.run("paused PC440")
	if e.requests() != before || r.src.reads != read {
		t.Errorf("a connection that is noted as down got %d requests, the source %d", e.requests()-before, r.src.reads-read)
	}

	// A pipeline that doesn't use it goes on.
	other := second
	other.Name, other.Target, other.Uses = "keeps", nil, second.Uses[:1]
	r.p = &other
	r.run("done read=5 delivered=5")
	r.p = orderSync

	// One question each time, at growing intervals.
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		r.clock.advance(wait - 10*time.Second)
		before = e.requests()
		r.run("paused PC440")
		if e.requests() != before {
			t.Errorf("asked before %s were over", wait)
		}
		r.clock.advance(10 * time.Second)
		pings := e.pings
		r.run("paused PC412")
		if e.pings != pings+1 || e.requests() != before+1 {
			t.Errorf("after %s: %d questions, %d requests, want one", wait, e.pings-pings, e.requests()-before)
		}
	}

	// It answers: the backlog drains by itself, first what was on its way, in the order of its changes.
	r.src.set("2", `"qty":22`)
	e.ping = nil
	r.clock.advance(15 * time.Minute)
	r.run("done read=5 delivered=5 created=5")
	if want := []string{"SO-1=1", "SO-3=3", "SO-4=4", "SO-2=22", "SO-5=5"}; !slices.Equal(e.order, want) {
		t.Errorf("the backlog went out as %v, want %v", e.order, want)
	}
	alerts := r.alerts()
	if n := strings.Count(alerts, "down erp ×1: erp is down: cannot connect"); n != 1 || strings.Count(alerts, "\n") != 1 {
		t.Errorf("one alert when it went down and one when it came back, got:\n%s", alerts)
	}
	if !strings.Contains(alerts, "up erp ×1: erp answers again after 1h") {
		t.Errorf("nobody is told that it is over:\n%s", alerts)
	}
	r.settled()
}

// What changes while the target is down goes out once, newest last, key by key.
func TestVersionsOfAKeyDrainInOrder(t *testing.T) {
	r, e := newDownRig(t)
	r.src.set("1", `"qty":1`)
	r.run("done read=1 delivered=1 created=1")
	e.ping = refusing
	r.src.set("1", `"qty":2`)
	r.run("paused PC412")
	r.src.set("1", `"qty":3`)
	r.src.set("2", `"qty":7`)
	r.clock.advance(time.Minute)
	r.run("paused PC412")
	r.src.set("1", `"qty":4`)
	e.ping, e.order = nil, nil
	r.clock.advance(2 * time.Minute)
	r.run("done read=2 delivered=2 created=1 updated=1")
	if want := []string{"SO-1=4", "SO-2=7"}; !slices.Equal(e.order, want) {
		t.Errorf("went out as %v, want %v", e.order, want)
	}
}

func TestAPersonWhoNamesARecordAsksAtOnce(t *testing.T) {
	r, e := newDownRig(t)
	orders(r, 2)
	e.ping = refusing
	r.run("paused PC412")
	pings := e.pings
	r.run("paused PC412", Options{Keys: []string{"1"}})
	if e.pings != pings+1 {
		t.Errorf("%d questions", e.pings-pings)
	}
	e.ping = nil
	r.run("done read=1 delivered=1 created=1", Options{Keys: []string{"1"}})
	r.run("done read=2 unchanged=1 delivered=1 created=1") // and with it all others go on
}

func TestAClockThatRanBackAsksAtOnce(t *testing.T) {
	r, e := newDownRig(t)
	orders(r, 1)
	e.ping = refusing
	r.run("paused PC412")
	e.ping = nil
	r.clock.advance(-24 * time.Hour)
	r.run("done read=1 delivered=1 created=1")
}

func TestUpAndDownIsOneOutage(t *testing.T) {
	r, e := newDownRig(t)
	orders(r, 1)
	e.ping = refusing
	r.run("paused PC412")
	since := r.outage("erp").Since
	e.ping = nil
	r.clock.advance(time.Minute)
	r.run("done read=1 delivered=1 created=1")
	r.clock.advance(5 * time.Minute)
	r.src.set("2", `"qty":2`)
	e.ping = refusing
	r.run("paused read=1 unchanged=1 PC412")
	if o := r.outage("erp"); !o.Since.Equal(since) || !o.Open() || o.Tries != 1 {
		t.Errorf("it came back after five minutes and counts as another outage: %+v", o)
	}
	if got := r.alerts(); strings.Count(got, "down erp ×1") != 1 {
		t.Errorf("alerts:\n%s", got)
	}
	e.ping = nil
	r.clock.advance(time.Minute)
	r.run("done read=2 unchanged=1 delivered=1 created=1")
	r.clock.advance(time.Hour)
	r.src.set("3", `"qty":2`)
	e.ping = refusing
	r.run("paused read=1 unchanged=1 PC412")
	if got := r.alerts(); strings.Count(got, "down erp ×1") != 2 {
		t.Errorf("an hour later it is another outage; alerts:\n%s", got)
	}
}

func TestARefusedLoginIsNotHammered(t *testing.T) {
	r, e := newDownRig(t)
	orders(r, 2)
	secret := "old"
	r.p.Uses[1].Seal = func(salt []byte) []byte { sum := sha256.Sum256([]byte(string(salt) + secret)); return sum[:] }
	e.ping = &problem.Error{Class: problem.Fatal, ID: "PC370", Login: true, Reason: "erp: the login of user api is refused"}
	r.run("failed PC370")
	before := e.requests()
	for range 20 {
		r.clock.advance(12 * time.Hour)
		r.run("paused PC441")
	}
	if e.requests() != before {
		t.Errorf("a refused login was tried %d times more", e.requests()-before)
	}
	if got := r.alerts(); got != "down erp ×1: erp refuses the login, and is not asked again by itself: the login of user api is refused" {
		t.Errorf("alerts: %s", got)
	}
	r.run("failed PC370", Options{Keys: []string{"1"}}) // a person asks
	r.run("paused PC441")
	secret = "other, and wrong too"
	r.run("failed PC370")
	r.run("paused PC441")
	secret, e.ping = "new", nil
	r.run("done read=2 delivered=2 created=2")
}

// One record whose write is not answered is the record's affair, unless the system answers nothing
// at all.
func TestAHangingTargetIsAnOutage(t *testing.T) {
	for _, c := range []struct {
		name, report, exception string
		ping                    *problem.Error
	}{
		{"it answers other questions", "done read=1 waiting=1", "attempts=1", nil},
		{"it answers nothing", "paused PC412", "", refusing},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, e := newDownRig(t)
			orders(r, 1)
			e.fault, e.blind, e.ping = times(1, "save", "", lostAns), true, c.ping
			r.run(c.report)
			if got := r.exceptions(); c.exception == "" && got != "" || !strings.Contains(got, c.exception) {
				t.Errorf("exceptions: %q", got)
			}
			e.fault, e.blind, e.ping = nil, false, nil
			r.clock.advance(15 * time.Minute)
			rep, err := r.try(Options{})
			if err != nil || rep.Delivered != 1 || rep.InDoubt != 1 || len(r.erp.docs) != 1 {
				t.Errorf("afterwards %s, %v, %d documents", shown(rep), err, len(r.erp.docs))
			}
			r.settled()
		})
	}
}

func TestACauseThatCannotBeAskedForPauses(t *testing.T) {
	r, _ := newDownRig(t)
	r.src.set("1", `"qty":1,"sku":"A"`)
	r.p.Uses = append(r.p.Uses, Use{Name: "masters", Open: func(context.Context) (connector.Conn, error) { return r.erp, nil }})
	var down error
	r.p.Ask = func(_ context.Context, causes []problem.Cause) ([]bool, error) {
		return make([]bool, len(causes)), down
	}
	r.run("exceptions read=1 held=1")
	down = &problem.Error{Class: problem.Transient, Connection: "masters", Reason: "masters: no answer"}
	rep := r.run("paused PC412")
	if !strings.HasPrefix(rep.Error.Reason, "masters is down: no answer") || !r.outage("masters").Open() {
		t.Errorf("%s; outage %+v", rep.Error.Reason, r.outage("masters"))
	}
	down = nil
	r.run("paused PC440")
	r.clock.advance(time.Minute)
	r.run("done read=1 held=1") // it can't be asked whether it is there: a run that went well shows it
	if r.outage("masters").Open() {
		t.Error("the run went well, and the outage is not over")
	}
}

func TestRetriesUsedUpRaiseOneAlert(t *testing.T) {
	r := newRig(t)
	orders(r, 3)
	r.p.Retry = []time.Duration{time.Minute, 10 * time.Minute}
	r.erp.fault = times(1000, "save", "", busyDoc)
	r.run("done read=3 waiting=3")
	r.clock.advance(58 * time.Second)
	r.run("done read=1 waiting=1") // the ladder's own steps, to the second
	r.clock.advance(2 * time.Second)
	r.run("done read=3 waiting=3")
	r.clock.advance(9 * time.Minute)
	r.run("done read=1 waiting=1")
	r.clock.advance(time.Minute)
	r.run("exceptions read=3 failed=3")
	if r.erp.writes != 9 {
		t.Errorf("%d attempts for three records, want three each", r.erp.writes)
	}
	if got := r.alerts(); !strings.HasPrefix(got, "failed order-sync ×3: order-sync: the retries of record 3 are used up: ") || strings.Contains(got, "\n") {
		t.Errorf("alerts:\n%s", got)
	}
}

// A dry run obeys an outage, and notes none: it writes nothing.
func TestADryRunNotesNoOutage(t *testing.T) {
	r, e := newDownRig(t)
	orders(r, 1)
	r.src.err = &problem.Error{Class: problem.Transient, Reason: "time-out"}
	r.run("paused PC412", Options{DryRun: true})
	if o := r.outage("shop"); o.Connection != "" {
		t.Errorf("noted: %+v", o)
	}
	r.src.err = nil
	e.ping = refusing
	r.run("paused PC412")
	r.run("paused PC440", Options{DryRun: true})
}

func TestOutagesAreToldWithTimeReasonAndWayOn(t *testing.T) {
	since := time.Date(2026, 3, 1, 8, 0, 0, 0, time.Local)
	o := state.Outage{Connection: "erp", Since: since, Last: since, Reason: "erp: no answer", Next: since.Add(40 * time.Minute)}
	p := leftAlone(o, since.Add(37*time.Minute+10*time.Second))
	zone := since.Format("Z07:00")
	want := "erp has been down for 37m, since 2026-03-01T08:00:00" + zone + ": no answer; it is asked again at 2026-03-01T08:40:00" + zone
	if p.Reason != want || !strings.Contains(p.Hint, "pipectl doctor erp asks now") {
		t.Errorf("%s\n%s", p.Reason, p.Hint)
	}
	if got := lasted(42 * time.Second); got != "42s" {
		t.Error(got)
	}
}
