package kingdee

import (
	"context"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

const (
	// batchSize is how many documents go out together: tens are what the server takes in one
	// call without running into time-outs on its way.
	batchSize = 50
	// mostBytes keeps a request under the limits of the web server in front.
	mostBytes = 4 << 20
	// longest is how long a request that was sent may still take effect. Clients give up after 120
	// to 180 seconds, and a call that stood in line behind a restart or a lock goes on without
	// them; three times that leaves room for a batch of fifty with many rows.
	longest = 10 * time.Minute
)

// Traits tell how a form takes documents. A number is unique in a form over all organisations,
// cancelled documents included, so a second document of a number is refused, as long as the
// number is the target key.
func (c *conn) Traits(t connector.Target) connector.Traits {
	f := formOf(t.Object)
	traits := connector.Traits{
		RefusesSecond: t.Key == f.Number, Longest: longest, Batch: batchSize, InFlight: writesInFlight,
		Marks: true, Repeatable: true, // by id, with all rows: the second time changes nothing
	}
	if f.hasStatus() {
		traits.Ops = []connector.Op{connector.Submit, connector.Audit, connector.UnAudit, connector.Delete, connector.UnSubmit}
		if !f.isBaseData() {
			traits.Ops = append(traits.Ops, connector.Cancel)
		}
	}
	return traits
}

// letter is a document in its envelope: where it stands among those that Write was given.
type letter struct {
	at    int
	model []byte
}

// Write saves documents: those with an id are replaced as a whole, rows included, the others
// created under the number they carry. Rows keep their own ids where a document has FEntryID.
func (c *conn) Write(ctx context.Context, t connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	f := formOf(t.Object)
	opts, err := targetOptions(t.Params)
	if err == nil && f.ReadOnly {
		err = &problem.Error{
			Class: problem.Fatal, ID: idNames, Reason: f.Name + " is read-only", Hint: "it is kept by the ERP itself; write the documents that move it",
		}
	}
	if err != nil {
		return nil, err
	}
	outs := make([]connector.Outcome, len(docs))
	for i, part := range c.parts(f, docs, outs) {
		if failed := c.save(ctx, f, opts, docs, part, outs); failed != nil {
			if i == 0 && failed.notSent {
				return nil, failed.err
			}
			fill(part, outs, failed)
		}
	}
	if t.Key != "" && t.Key != f.Number { // a number that the server chose says nothing about the key
		for i := range outs {
			outs[i].Number = ""
		}
	}
	return outs, nil
}

// parts packs documents into calls of at most 50 documents and 4 MiB. What can't be packed gets
// its outcome at once.
func (c *conn) parts(f *form, docs []connector.Doc, outs []connector.Outcome) [][]letter {
	var parts [][]letter
	size := 0
	for i, doc := range docs {
		model, err := f.model(doc)
		if err == nil && len(model) > mostBytes {
			err = &problem.Error{
				Class: problem.Invalid, ID: idTooLarge, Reason: "document is larger than 4 MiB", Hint: "split it; the server takes no larger requests",
			}
		}
		if err != nil {
			outs[i] = connector.Outcome{State: connector.Refused, Err: problem.As(err)}
			continue
		}
		n := len(parts)
		if n == 0 || len(parts[n-1]) == batchSize || size+len(model) > mostBytes {
			parts, size, n = append(parts, nil), 0, n+1
		}
		parts[n-1] = append(parts[n-1], letter{i, model})
		size += len(model)
	}
	return parts
}

// fill gives all documents of a call the same outcome.
func fill(part []letter, outs []connector.Outcome, f *failure) {
	for _, l := range part {
		outs[l.at] = connector.Outcome{State: f.state, Err: f.err}
	}
}

// save makes one call.
func (c *conn) save(ctx context.Context, f *form, opts options, docs []connector.Doc, part []letter, outs []connector.Outcome) *failure {
	models := make([][]byte, len(part))
	for i, l := range part {
		models[i] = l.model
	}
	batch := len(part) > 1
	service := formService + "Save"
	if batch {
		service = formService + "BatchSave"
	}
	body, err := saveBody(f, opts, models, batch)
	if err != nil {
		return &failure{err: problem.As(err), notSent: true, state: connector.Untouched}
	}
	r, failed := c.call(ctx, service, body, false)
	if failed != nil {
		return failed
	}
	if r.rows || r.result.Status == nil {
		return inDoubt(c.unreadable(service, r.raw))
	}
	s := r.result.Status
	if failed := c.wholeRefusal(s); failed != nil {
		return failed
	}
	if !batch && bool(s.OK) && len(s.Done) == 0 && r.result.ID != "" {
		s.Done = []*entity{{ID: r.result.ID, Number: r.result.Number}}
	}
	given := make([]connector.Doc, len(part))
	for i, l := range part {
		given[i] = docs[l.at]
	}
	for i, o := range c.settled(s, f, given) {
		o.At = r.date
		outs[part[i].at] = o
	}
	return nil
}

// wholeRefusal recognises an answer that speaks of the call, not of its documents: no document
// was touched, unless the server itself broke.
func (c *conn) wholeRefusal(s *status) *failure {
	if bool(s.OK) || len(s.Done) > 0 {
		return nil
	}
	code := int(s.Code)
	class, _, _ := byCode(code)
	message := ""
	if len(s.Errors) > 0 {
		message = string(s.Errors[0].Message)
	}
	e := c.judge(code, message, "")
	switch {
	case class == problem.Transient:
		return inDoubt(e)
	case class == problem.Fatal, class == problem.Throttled:
		return untouched(c.tap(e))
	case len(s.Errors) <= 1 && e.Class == problem.Fatal:
		return untouched(e)
	case len(s.Errors) == 0:
		return inDoubt(e)
	}
	return nil
}

// settled gives each document what the answer says of it, by its place in the request. One that
// the answer doesn't mention is in doubt.
func (c *conn) settled(s *status, f *form, docs []connector.Doc) []connector.Outcome {
	outs := make([]connector.Outcome, len(docs))
	faults := make([]problem.List, len(docs))
	for _, ft := range s.Errors {
		i := int(ft.DIndex)
		switch {
		case i < 0 || i >= len(docs):
		case len(faults[i]) < mostFaults:
			faults[i] = append(faults[i], c.complaint(int(s.Code), ft, f, docs[i].Content.Value()))
		default:
			faults[i] = append(faults[i], c.judge(int(s.Code), string(ft.Message), ""))
		}
	}
	done := make([]*entity, len(docs))
	for _, e := range s.Done {
		if i := int(e.DIndex); i >= 0 && i < len(docs) {
			done[i] = e
		}
	}
	for i := range outs {
		switch {
		case done[i] != nil:
			outs[i] = connector.Outcome{State: connector.Written, ID: string(done[i].ID), Number: string(done[i].Number), Stage: connector.Saved}
		case len(faults[i]) > 0:
			outs[i] = refusal(together(faults[i]), docs[i].ID != "")
		default:
			outs[i].Err = c.omitted()
		}
	}
	return outs
}

func (c *conn) omitted() *problem.Error {
	return &problem.Error{
		Class: problem.Transient, ID: idOmitted, Reason: c.name + ": the answer to a batch does not mention this document",
		Hint: "it is settled by asking for its number",
	}
}

// refusal is the outcome of a document that wasn't taken. A number that is taken may be taken by
// an earlier send of ours, so a create refused for it is in doubt.
func refusal(e *problem.Error, update bool) connector.Outcome {
	switch {
	case e.ID == DuplicateNumber && !update:
		return connector.Outcome{State: connector.Unknown, Err: e, Taken: true}
	case e.ID == idException:
		return connector.Outcome{State: connector.Unknown, Err: e}
	case e.Class == problem.Throttled, e.Class == problem.Fatal:
		return connector.Outcome{State: connector.Untouched, Err: e}
	}
	return connector.Outcome{State: connector.Refused, Err: e}
}
