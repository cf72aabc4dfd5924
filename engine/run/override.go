package run

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// What people have set in records stands in for what the source sends, before anything looks at it:
// the record's content is what it says with that, so that setting, changing, removing or outliving a
// value is a change like any other.

// overlay is what was set in a record when its run began.
type overlay struct{ sets []state.Set }

// loadOverrides reads what was set in the pipeline's records. They are few (the engine sees to it),
// and a pipeline without any is asked for nothing more.
func (r *runner) loadOverrides() error {
	if r.pid == 0 {
		return nil
	}
	return r.store.View(func(tx state.Tx) error {
		return state.EachOverride(tx, r.pid, func(o state.Override) (bool, error) {
			if o.Applied != "" || len(o.InForce(r.started)) > 0 {
				if r.overrides == nil {
					r.overrides = map[string]state.Override{}
				}
				r.overrides[o.Key] = o
			}
			return true, nil
		})
	})
}

// override lays over a job's record what was set in it.
func (r *runner) override(j *job) {
	if r.overrides == nil {
		return
	}
	o, ok := r.overrides[j.key]
	if !ok {
		return
	}
	j.over = &overlay{o.InForce(r.started)}
	if o.Due(r.started) {
		j.because = setBy(j.over.sets)
	}
	if j.data.IsZero() || len(j.over.sets) == 0 {
		return
	}
	data := j.data
	for _, s := range j.over.sets {
		laid, err := s.In(data)
		if err == nil {
			err = r.sameKey(j.key, laid)
		}
		if err != nil {
			if j.bad == nil {
				j.bad = notApplicable(j.key, s, err)
			}
			return
		}
		data = laid
	}
	j.read, j.data = j.data, data
}

// sameKey makes sure that a record is still the one that it was: another key would be another record.
func (r *runner) sameKey(key string, rec value.Record) error {
	r.probe.Reset(rec)
	switch now, err := r.p.Key(r.probe); {
	case err != nil:
		return err
	case now != key:
		return fmt.Errorf("its key would be %s", now)
	}
	return nil
}

func notApplicable(key string, s state.Set, err error) *problem.Error {
	p := problem.As(err)
	return &problem.Error{
		Class: problem.Invalid, ID: "PC445", Key: key, Field: s.Path, Err: err,
		Reason: fmt.Sprintf("%s, which %s has set to %s, can't be set in record %s any more: %s", s.Path, s.By, s.Value, key, reason(p)),
		Hint:   "look at the record: pipectl errors show {record}; take the value away: pipectl errors override {record} " + problem.Arg(s.Path) + " --remove --reason TEXT",
	}
}

// setBy is how an exception says that what was set let its record go on.
func setBy(sets []state.Set) string {
	if len(sets) == 0 {
		return ", after what was set in it has ended"
	}
	who := map[string]bool{}
	paths := make([]string, len(sets))
	for i, s := range sets {
		who[s.By], paths[i] = true, s.Path
	}
	return fmt.Sprintf(", with %s set by %s", strings.Join(paths, ", "), strings.Join(slices.Sorted(maps.Keys(who)), " and "))
}

// overridden takes up the records that were judged last without what is set in them now, or with what
// has ended since. A target that is replaced as a whole gets every record anyway.
func (r *runner) overridden() error {
	if r.replaces() {
		return nil
	}
	var due []open
	for _, key := range slices.Sorted(maps.Keys(r.overrides)) {
		if o := r.overrides[key]; o.Due(r.started) && !r.retried.has(key) {
			due = append(due, open{key: key, because: setBy(o.InForce(r.started))})
		}
	}
	for part := range slices.Chunk(due, chunk) {
		if err := r.takeUp(part); err != nil {
			return err
		}
	}
	return nil
}

// stored is a record as its source sent it last, where that is kept: beside what is open of it, or
// beside what was set in it. What was kept of an exception that is closed may be older than what
// was delivered since, unless the ledger knows it as the newest.
func stored(tx state.Tx, pipeline state.ID, key string) (connector.Record, state.Version, error) {
	asRead := func(text string, err error) (connector.Record, error) {
		if text == "" || err != nil {
			return connector.Record{}, err
		}
		return connector.Record{Data: value.Known(text)}, nil
	}
	if x, ok, err := state.GetException(tx, pipeline, key); ok || err != nil {
		rec, failed := asRead(state.Payload(tx, pipeline, key))
		rec.Bad = broken(x)
		return rec, x.Version, cmp.Or(err, failed)
	}
	if o, ok, err := state.GetOverride(tx, pipeline, key); err != nil || ok && o.Applied != "" {
		rec, failed := asRead(state.OverriddenRecord(tx, pipeline, key))
		return rec, o.Version, cmp.Or(err, failed)
	}
	known, ok, err := state.GetRecord(tx, pipeline, key)
	if !ok || err != nil {
		return connector.Record{}, state.Version{}, err
	}
	rec, err := asRead(state.Payload(tx, pipeline, key))
	if err != nil || rec.Data.IsZero() || rec.Data.Hash() != known.Hash {
		return connector.Record{}, state.Version{}, err
	}
	return rec, known.Version, nil
}

// putOverride notes what the record was judged with. Somebody may have set more meanwhile: that is
// for the next run.
func (r *runner) putOverride(tx state.Tx, j *job) error {
	if j.over == nil {
		return nil
	}
	o, ok, err := state.GetOverride(tx, r.pid, j.key)
	if err != nil || !ok {
		return err
	}
	o.Expire(r.started)
	o.Applied, o.Version = state.Print(j.over.sets), j.ver
	if o.Applied == "" {
		if err := state.ForgetOverridden(tx, r.pid, j.key); err != nil {
			return err
		}
		return state.PutOverride(tx, r.pid, o, "")
	}
	return state.PutOverride(tx, r.pid, o, j.asRead().JSON())
}

// paths are the places where something was set.
func (o *overlay) paths() []string {
	if o == nil {
		return nil
	}
	var out []string
	for _, s := range o.sets {
		out = append(out, s.Path)
	}
	return out
}
