package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// A reading of everything proves what is gone: what the ledger knows and the reading has not met.
// That is noted in the state first, as an open record that has no content any more, and only then
// withdrawn: a run that ends in between leaves it to the next one, which need not read everything.

// meeting is what one reading has met, from its beginning to its end.
type meeting struct {
	keys    *metKeys
	unknown int  // records whose key can't be told
	whole   bool // the reader says that this was everything
}

// meet begins to take down what a reading meets, when it may prove what is gone: one of everything,
// from its beginning.
func (r *runner) meet(q connector.Query, only map[string]bool) {
	r.met.close()
	r.met = nil
	if r.p.Ledger && q.Window == nil && q.Cursor == "" && q.Limit == 0 && only == nil {
		r.met = &meeting{keys: newMetKeys(r.o.Dir)}
	}
}

// note takes a record down. One that can't be read is somebody's, and nobody knows whose.
func (m *meeting) note(j *job) {
	switch {
	case m == nil:
	case j.bad != nil:
		m.unknown++
	default:
		m.keys.add(j.key)
	}
}

// proves says that what it has not met is gone.
func (m *meeting) proves() bool { return m != nil && m.whole && m.unknown == 0 }

func (m *meeting) close() {
	if m != nil {
		m.keys.close()
	}
}

// vanished withdraws what is gone from the source: what this run's reading proves, and what an
// earlier one has noted or a person has released.
func (r *runner) vanished() error {
	if !r.p.Ledger || len(r.o.Keys) > 0 || r.replaces() {
		return nil
	}
	defer r.met.close()
	if r.met.proves() {
		if err := r.compare(); err != nil {
			return err
		}
		r.known.Source = r.sourceMark()
	} else if r.met != nil && r.met.whole {
		r.log.Warn("what is gone from the source can't be told: some of its records could not be read", "records", r.met.unknown)
	}
	return r.goOn()
}

// lost is a record that the reading has not met.
type lost struct {
	key   string
	there bool // something of it was delivered
	asked bool // it is held already until a person has looked
}

// compare holds the ledger against the reading.
func (r *runner) compare() error {
	gone, fresh, waiting := 0, 0, 0
	total, err := r.eachLost(func(part []lost) error {
		for _, l := range part {
			switch {
			case l.asked:
				waiting++
				gone++
			case l.there:
				gone++
				fresh++
			default:
				fresh++
			}
		}
		return nil
	})
	if err != nil || fresh == 0 {
		return err
	}
	why := r.suspicious(gone, total)
	_, err = r.eachLost(func(part []lost) error {
		part = slices.DeleteFunc(part, func(l lost) bool { return l.asked || why != "" && !l.there })
		switch {
		case len(part) == 0:
			return nil
		case why != "":
			alert := waiting == 0
			waiting++
			return r.holdLost(part, why, alert)
		}
		return r.noteLost(part)
	})
	return err
}

// The mass guard: nobody deletes so much at once, and a source that is half empty for a moment says
// the same.
const (
	fewVanish  = 20 // so many may always vanish
	fewPercent = 5  // of all keys
)

// suspicious says why nothing is withdrawn before a person has looked; "" when all is well.
func (r *runner) suspicious(gone, total int) string {
	source := r.p.Source.Connection + " " + r.p.Source.Query.Object
	switch {
	case gone == 0 || r.main != nil && r.main.target.Withdrawn == IgnoreWithdrawn:
		return ""
	case r.met.keys.n == 0:
		return fmt.Sprintf("%s is empty, and %d of its records were delivered", source, total)
	case r.known.Source != "" && r.known.Source != r.sourceMark():
		return fmt.Sprintf("%s is not what was read before: connection, object, params or start have changed", source)
	case gone > fewVanish && gone*100 > fewPercent*total:
		return fmt.Sprintf("%d of %d delivered records are gone from %s at once", gone, total, source)
	}
	return ""
}

// sourceMark tells one source from another: what was never in this one isn't gone from it.
func (r *runner) sourceMark() string {
	q := r.p.Source.Query
	parts := []string{r.p.Source.Conn.Account(), q.Object}
	if !q.Start.IsZero() { // what changed before a later start is left out, and not gone
		parts = append(parts, q.Start.UTC().Format(time.RFC3339Nano))
	}
	for _, name := range slices.Sorted(maps.Keys(q.Params)) {
		parts = append(parts, name, string(q.Params[name]))
	}
	return fmt.Sprintf("%016x", fingerprint(strings.Join(parts, "\x00")))
}

// eachLost gives what the reading has not met, in parts and outside of any transaction, and answers
// how many records it should have met.
func (r *runner) eachLost(fn func([]lost) error) (int, error) {
	total := 0
	for i := range r.met.keys.parts() {
		part, err := r.met.keys.part(i)
		if err != nil {
			return 0, problem.In(err, problem.Error{
				Class: problem.Fatal, ID: "PC505", Pipeline: r.p.Name, Reason: "the keys that were read could not be kept in a file beside the state",
				Hint: "nothing is lost, and nothing was withdrawn: look at the disk, and run again",
			})
		}
		for from, more := "", true; more; {
			var found []lost
			n := 0
			found, n, from, more, err = r.lostFrom(part, from)
			if err != nil {
				return 0, err
			}
			total += n
			if len(found) > 0 {
				if err := fn(found); err != nil {
					return 0, err
				}
			}
		}
	}
	return total, nil
}

// lostFrom walks over the ledger from a key on, until it has found a part.
func (r *runner) lostFrom(part metPart, from string) (found []lost, total int, next string, more bool, err error) {
	err = r.store.View(func(tx state.Tx) error {
		return state.EachGlance(tx, r.pid, from, func(key []byte, g state.Glance) (bool, error) {
			ours, missing := part.lacks(key)
			if !ours || !expected(g) {
				return true, nil
			}
			total++
			if !missing || g.Version.Asked >= r.begun { // or another reading has met it since

				return true, nil
			}
			l, ok, err := r.lostRecord(tx, string(key), g)
			if ok {
				found = append(found, l)
			}
			if len(found) == span {
				next, more = l.key+"\x00", true
			}
			return !more, err
		})
	})
	return found, total, next, more, err
}

// expected says that a record has to be at its source: it was delivered, or is to be.
func expected(g state.Glance) bool {
	switch g.Standing {
	case state.Sending, state.Delivered, state.Waiting, state.Invalid, state.Held, state.Failed:
		return true
	case state.Unseen, state.Withdrawn, state.Skipped:
	}
	return false
}

// lostRecord looks closer at a record that was not met; false: it is noted as gone already.
func (r *runner) lostRecord(tx state.Tx, key string, g state.Glance) (lost, bool, error) {
	l := lost{key: key, there: g.Standing == state.Delivered}
	if l.there {
		return l, true, nil
	}
	rec, _, err := state.GetRecord(tx, r.pid, key)
	if err != nil {
		return l, false, err
	}
	e, open, err := state.GetException(tx, r.pid, key)
	if err != nil {
		return l, false, err
	}
	l.there = len(rec.Docs) > 0
	l.asked = open && e.ID == "PC430" && e.Status == state.IsOpen
	return l, l.asked || open && e.Withdrawn != state.Gone, nil
}

// goneJob is a record without content.
func goneJob(key string, rec state.Record) *job {
	j := &job{key: key, old: rec, known: true, again: true, gone: true, withdrawal: state.Gone, ver: rec.Version}
	j.countAttempts()
	return j
}

func (r *runner) goneJobs(part []lost) ([]*job, error) {
	jobs := make([]*job, 0, len(part))
	err := r.store.View(func(tx state.Tx) error {
		for _, l := range part {
			rec, ok, err := state.GetRecord(tx, r.pid, l.key)
			if err != nil {
				return err
			}
			if ok {
				jobs = append(jobs, goneJob(l.key, rec))
			}
		}
		return nil
	})
	return jobs, err
}

// holdLost leaves records that are gone to a person.
func (r *runner) holdLost(part []lost, why string, alert bool) error {
	jobs, err := r.goneJobs(part)
	if err != nil {
		return err
	}
	retry := "pipectl errors retry " + problem.Arg(r.p.Name) + " --cause 'gone from'"
	for _, j := range jobs {
		j.fail(&problem.Error{
			Class: problem.Held, ID: "PC430", Pipeline: r.p.Name, Key: j.key,
			Reason: "record " + j.key + " is gone from its source: " + why,
			Hint:   "look into the source: what is there again goes on by itself; if they are really gone, " + retry + " withdraws them",
		})
	}
	return r.commit("gone", jobs, func(tx state.Tx) error {
		if alert {
			now := r.now()
			err := state.Raise(tx, state.Alert{
				Time: now, Kind: state.AlertVanished, Pipeline: r.p.Name, Connection: r.p.Source.Connection, Once: "vanished " + r.p.Name + " " + r.id,
				Text: r.p.Name + ": " + why + "; none is withdrawn before somebody has looked: " + retry + " withdraws them",
			})
			if err != nil {
				return err
			}
		}
		return r.putAll(tx, jobs)
	})
}

// noteLost writes down that records are gone. They have no content any more, so that whatever comes
// back is new; what stands open of them is taken up as a withdrawal.
func (r *runner) noteLost(part []lost) error {
	if r.o.DryRun {
		jobs, err := r.goneJobs(part)
		if err != nil {
			return err
		}
		return r.withdraw(jobs)
	}
	now := r.now()
	return r.commit("gone", nil, func(tx state.Tx) error {
		for _, l := range part {
			rec, ok, err := state.GetRecord(tx, r.pid, l.key)
			if err != nil {
				return err
			}
			e, open, err := state.GetException(tx, r.pid, l.key)
			if err != nil || !ok {
				return err
			}
			rec.Text, rec.Hash, rec.Attempts = 0, value.Hash{}, 0
			if !open {
				rec.Standing = state.Waiting
				e = state.Exception{
					Pipeline: r.p.Name, Key: l.key, Kind: state.Later, Class: problem.Held.String(), ID: "PC405",
					Reason: "record " + l.key + " is gone from its source, and is to be withdrawn", Hint: "nothing to do: the next run goes on with it",
					First: now, Last: now, Revision: r.p.Revision, Run: r.id, Version: rec.Version,
				}
			}
			e.Withdrawn, e.Status, e.Attempts = state.Gone, state.Retrying, 0
			if err := state.PutException(tx, r.pid, e, ""); err != nil {
				return err
			}
			if err := state.PutRecord(tx, r.pid, l.key, rec); err != nil {
				return err
			}
		}
		return nil
	})
}

// goOn takes up what is noted as gone, in the order of the keys. What the source has again, asked by
// key, is judged as if it had been read; the rest is withdrawn as the pipeline says.
func (r *runner) goOn() error {
	for from, more := "", true; more; {
		var due []open
		var err error
		due, from, more, err = r.goneFrom(from)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(due, chunk) {
			if err := r.takeUpGone(part); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *runner) goneFrom(from string) (due []open, next string, more bool, err error) {
	now := r.now()
	err = r.store.View(func(tx state.Tx) error {
		return state.EachOpenFrom(tx, r.pid, from, func(e state.Exception) (bool, error) {
			if len(due) == span {
				next, more = e.Key, true
				return false, nil
			}
			if e.Withdrawn == state.Gone && e.DueAt(now) {
				due = append(due, open{key: e.Key, because: retriedBy(e)})
			}
			return true, nil
		})
	})
	return due, next, more, err
}

func (r *runner) takeUpGone(part []open) error {
	at := r.now()
	fresh, err := r.fetch(part, make([]connector.Record, len(part)))
	if err != nil {
		return err
	}
	var back, gone []*job
	err = r.store.View(func(tx state.Tx) error {
		for i, o := range part {
			rec, _, err := state.GetRecord(tx, r.pid, o.key)
			if err != nil {
				return err
			}
			j := goneJob(o.key, rec)
			if f := fresh[i]; f != nil && (!f.Data.IsZero() || f.Bad != nil) {
				j = r.returned(o.key, *f, r.rising(at, r.begun))
				back = append(back, j)
			} else {
				gone = append(gone, j)
			}
			j.because = o.because
			r.retried.add(o.key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.judge(back); err != nil {
		return err
	}
	return r.withdraw(gone)
}

// returned is a record that is at its source after all.
func (r *runner) returned(key string, rec connector.Record, asked int64) *job {
	j := r.job(rec, asked)
	j.key, j.again, j.forced = key, true, true
	return j
}
