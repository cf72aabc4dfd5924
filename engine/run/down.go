package run

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
)

// A connection that is down is noted in the state, once for all pipelines and runs. Until it is to
// be asked again, no run that needs it makes a request; then the first one asks a single question,
// and goes on when it is answered.

// askAgain is how long a connection that is down is left alone, after each time that it was asked.
var askAgain = []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute}

// lull is how long a connection has to have answered for its next failure to be another outage.
const lull = 15 * time.Minute

// Use is a connection that a pipeline needs.
type Use struct {
	Name string
	Open func(context.Context) (connector.Conn, error)
	// Seal tells settings apart, secrets too, without telling what they are; nil: they never change.
	Seal func(salt []byte) []byte
}

// fall is what a run found out about a connection.
type fall struct {
	use  Use
	what *problem.Error
}

// fell notes that a connection is down or refuses the login; the first one of a run counts.
func (r *runner) fell(connection string, p *problem.Error) {
	i := slices.IndexFunc(r.p.Uses, func(u Use) bool { return u.Name == connection })
	if i >= 0 {
		r.fall.CompareAndSwap(nil, &fall{r.p.Uses[i], p})
	}
}

// noteFall puts into the state what the run found out, in its last transaction.
func (r *runner) noteFall(tx state.Tx) error {
	if f := r.fall.Load(); f != nil {
		return Down(tx, f.use, f.what, r.now())
	}
	if r.endedEarly() { // and has not asked everybody
		return nil
	}
	for _, name := range r.unasked {
		if err := Up(tx, name, r.now()); err != nil {
			return err
		}
	}
	return nil
}

// reachable comes before everything else: connections that are noted as down end the run, or are
// asked first.
func (r *runner) reachable() error {
	var down []state.Outage
	var uses []Use
	err := r.store.View(func(tx state.Tx) error {
		for _, u := range r.p.Uses {
			o, ok, err := state.GetOutage(tx, u.Name)
			if err != nil {
				return err
			}
			if ok && o.Open() {
				down, uses = append(down, o), append(uses, u)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, o := range down {
		if !r.mayAsk(o, uses[i]) {
			return leftAlone(o, r.now())
		}
	}
	for _, u := range uses {
		if err := r.askFirst(u); err != nil {
			return err
		}
	}
	return nil
}

// mayAsk says that a connection's time has come. A person who names a record wants to know now, and
// a clock that runs behind the row ran back: nobody knows how long it has waited.
func (r *runner) mayAsk(o state.Outage, u Use) bool {
	now := r.now()
	switch {
	case len(r.o.Keys) > 0, now.Before(o.Last):
		return true
	case o.Login:
		return u.Seal != nil && !bytes.Equal(u.Seal(o.Salt), o.Seal)
	}
	return !now.Before(o.Next)
}

// askFirst makes the one request that shows whether a connection is there again. One that can't be
// asked so shows it in the run itself.
func (r *runner) askFirst(u Use) error {
	conn, err := u.Open(r.ctx)
	if err != nil {
		return err
	}
	pinger, ok := connector.Can[connector.Pinger](conn)
	if !ok {
		r.unasked = append(r.unasked, u.Name)
		return nil
	}
	if err := r.ping(r.ctx, pinger); err != nil && noAnswer(err) {
		return r.down(u.Name, err)
	}
	return r.commit("answered", nil, func(tx state.Tx) error { return Up(tx, u.Name, r.now()) })
}

// deaf asks a target that has answered neither a write nor the question about it whether it is there
// at all: if not, that is an outage, and no record's fault.
func (r *runner) deaf(s *sink) bool {
	pinger, ok := connector.Can[connector.Pinger](s.conn)
	if !ok {
		return false
	}
	err := r.ping(context.WithoutCancel(r.ctx), pinger)
	return err != nil && noAnswer(err)
}

func (r *runner) ping(ctx context.Context, p connector.Pinger) error {
	_, err := asked(r, "ping", func() (struct{}, error) { return struct{}{}, p.Ping(ctx) })
	return err
}

// noAnswer says that a question was not answered, or that the login was refused; any other error is
// an answer, and the run will find out by itself what it means.
func noAnswer(err error) bool {
	p := problem.As(err)
	return p.Class == problem.Transient || p.Login
}

// Down notes that a connection did not answer, or refused the login. It raises one alert an outage.
func Down(tx state.Tx, u Use, p *problem.Error, now time.Time) error {
	o, known, err := state.GetOutage(tx, u.Name)
	if err != nil {
		return err
	}
	goesOn := known && (o.Open() || now.Sub(o.Answered).Abs() < lull)
	news := !goesOn || p.Login && !o.Login
	switch {
	case !goesOn:
		o = state.Outage{Connection: u.Name, Since: now}
	case !o.Open():
		o.Tries = 0
	case !p.Login && now.Before(o.Next) && !now.Before(o.Last):
		return nil // another run has met the same
	}
	o.Answered, o.Last, o.Login, o.Salt, o.Seal = time.Time{}, now, p.Login, nil, nil
	o.ID, o.Code, o.Reason, o.Hint = p.ID, p.Code, reason(p), p.Hint
	wait := max(askAgain[min(o.Tries, len(askAgain)-1)], p.After)
	o.Tries++
	o.Next = now.Add(wait)
	if p.Login {
		o.Next = time.Time{}
		if u.Seal != nil {
			o.Salt = make([]byte, 16)
			_, _ = rand.Read(o.Salt) // never fails
			o.Seal = u.Seal(o.Salt)
		}
	}
	if news {
		if err := state.Raise(tx, downAlert(o, now)); err != nil {
			return err
		}
	}
	return state.PutOutage(tx, o)
}

func downAlert(o state.Outage, now time.Time) state.Alert {
	a := state.Alert{Time: now, Kind: state.AlertDown, Connection: o.Connection, Text: o.Connection + " is down: " + grievance(o), Once: "down"}
	if o.Login {
		a.Text, a.Once = o.Connection+" refuses the login, and is not asked again by itself: "+grievance(o), "login"
	}
	a.Once += "/" + o.Connection + "/" + stamp(o.Since)
	return a
}

// Up notes that a connection answers again; without an open outage it does nothing.
func Up(tx state.Tx, connection string, now time.Time) error {
	o, known, err := state.GetOutage(tx, connection)
	if err != nil || !known || !o.Open() {
		return err
	}
	o.Answered, o.Last = now, now
	err = state.Raise(tx, state.Alert{
		Time: now, Kind: state.AlertUp, Connection: connection, Once: "up/" + connection + "/" + stamp(o.Since),
		Text: connection + " answers again after " + lasted(now.Sub(o.Since)),
	})
	if err != nil {
		return err
	}
	return state.PutOutage(tx, o)
}

// leftAlone ends a run whose connection is down, without a request.
func leftAlone(o state.Outage, now time.Time) *problem.Error {
	p := &problem.Error{
		Class: problem.Transient, ID: "PC440", Code: o.Code, Connection: o.Connection,
		Reason: fmt.Sprintf("%s has been down for %s, since %s: %s; it is asked again at %s", o.Connection, lasted(now.Sub(o.Since)), stamp(o.Since), grievance(o), stamp(o.Next)),
		Hint:   "nothing was asked, and nothing is counted against the records; pipectl doctor " + o.Connection + " asks now",
	}
	if o.Login {
		p.ID = "PC441"
		p.Reason = fmt.Sprintf("%s refused the login at %s: %s; it is not asked again by itself, as wrong logins lock the user", o.Connection, stamp(o.Last), grievance(o))
		p.Hint = "put it right: the next run tries other settings at once; where it was put right in the system itself, pipectl doctor " + o.Connection + " tries now, and runs go on when it is let in"
	}
	return p
}

// grievance is the reason without the name of the connection, which stands before it.
func grievance(o state.Outage) string { return strings.TrimPrefix(o.Reason, o.Connection+": ") }

func stamp(t time.Time) string { return t.Local().Format(time.RFC3339) }

// lasted is a time as people say it: 37m, 2h5m.
func lasted(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
