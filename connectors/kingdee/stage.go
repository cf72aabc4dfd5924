package kingdee

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// Stage moves documents on or back. A refusal because of a document's state is believed only
// after asking: it may have got there by an earlier send of ours, or by a person.
func (c *conn) Stage(ctx context.Context, t connector.Target, op connector.Op, refs []connector.Ref) ([]connector.Outcome, error) {
	f := formOf(t.Object)
	opts, err := targetOptions(t.Params)
	if err != nil {
		return nil, err
	}
	outs := make([]connector.Outcome, len(refs))
	sent := false
	for _, part := range stageParts(refs) {
		got, failed := c.operate(ctx, f, opts, op, pick(refs, part))
		if failed != nil && failed.notSent && !sent {
			return nil, failed.err
		}
		sent = true
		for n, i := range part {
			if failed != nil {
				outs[i] = connector.Outcome{State: failed.state, Err: failed.err}
				continue
			}
			outs[i] = got[n]
		}
	}
	c.lookAgain(ctx, f, op, refs, outs)
	return outs, nil
}

func pick(refs []connector.Ref, part []int) []connector.Ref {
	out := make([]connector.Ref, len(part))
	for n, i := range part {
		out[n] = refs[i]
	}
	return out
}

// stageParts packs documents into calls: those that are named by id and those that are named by
// number can't share one.
func stageParts(refs []connector.Ref) [][]int {
	var byID, byNumber []int
	for i, r := range refs {
		if r.ID != "" {
			byID = append(byID, i)
		} else {
			byNumber = append(byNumber, i)
		}
	}
	return slices.Concat(slices.Collect(slices.Chunk(byID, batchSize)), slices.Collect(slices.Chunk(byNumber, batchSize)))
}

var services = map[connector.Op]string{
	connector.Submit: "Submit", connector.Audit: "Audit", connector.UnAudit: "UnAudit", connector.Delete: "Delete",
	connector.UnSubmit: "CancelAssign",
}

// operate makes one call for these documents, which all have ids or all have none.
func (c *conn) operate(ctx context.Context, f *form, opts options, op connector.Op, refs []connector.Ref) ([]connector.Outcome, *failure) {
	data := map[string]any{"CreateOrgId": 0, "Ids": "", "Numbers": []string{}}
	if refs[0].ID != "" {
		ids := make([]string, len(refs))
		for i, r := range refs {
			ids[i] = r.ID
		}
		data["Ids"] = strings.Join(ids, ",") // a list here fails on some servers
	} else {
		numbers := make([]string, len(refs))
		for i, r := range refs {
			numbers[i] = r.Key
		}
		data["Numbers"] = numbers
	}
	for _, name := range []string{"InterationFlags", "IgnoreInterationFlag", "NetworkCtrl"} {
		if v, ok := opts[name]; ok {
			data[name] = v
		}
	}
	r, failed := c.operation(ctx, f, op, data)
	if failed != nil {
		return nil, failed
	}
	s := r.result.Status
	if r.rows || s == nil {
		return nil, inDoubt(c.unreadable(op.String(), r.raw))
	}
	if failed := c.wholeRefusal(s); failed != nil {
		return nil, failed
	}
	outs := c.staged(s, f, op, refs)
	for i := range outs {
		outs[i].At = r.date
	}
	return outs, nil
}

// operation calls the service of an operation. Cancel is reached through a general one whose name
// is misspelt in the vendor's own kits; some servers know only that spelling, some only the right.
func (c *conn) operation(ctx context.Context, f *form, op connector.Op, data map[string]any) (reply, *failure) {
	body := map[string]any{"formid": f.Name, "data": data}
	if name, ok := services[op]; ok {
		return c.operationCall(ctx, name, body)
	}
	body["opNumber"] = "Cancel"
	name, other := "ExecuteOperation", "ExcuteOperation"
	if c.oddSpelling.Load() {
		name, other = other, name
	}
	r, failed := c.operationCall(ctx, name, body)
	if unknownService(r, failed) {
		if r2, failed2 := c.operationCall(ctx, other, body); !unknownService(r2, failed2) {
			c.oddSpelling.Store(other == "ExcuteOperation")
			return r2, failed2
		}
	}
	return r, failed
}

func (c *conn) operationCall(ctx context.Context, name string, body map[string]any) (reply, *failure) {
	text, err := json.Marshal(body)
	if err != nil {
		return reply{}, &failure{err: problem.As(err), notSent: true, state: connector.Untouched}
	}
	return c.call(ctx, formService+name, text, false)
}

// unknownService: the address doesn't exist, or answers without a word.
func unknownService(r reply, failed *failure) bool {
	if failed != nil {
		return failed.err.ID == idService
	}
	return r.rows && string(r.raw) == "null" || !r.rows && r.result.Status == nil
}

// reachedBy is the stage that an operation leads to.
func reachedBy(op connector.Op) connector.Stage {
	switch op {
	case connector.Submit:
		return connector.Submitted
	case connector.Audit:
		return connector.Audited
	case connector.UnAudit, connector.UnSubmit:
		return connector.Saved
	case connector.Cancel, connector.Delete:
	}
	return connector.NoStage
}

// staged gives each document what the answer says of it. The lists are not in the order of the
// request: a success is found by id or number, a complaint by the number that it names, else by
// its index.
func (c *conn) staged(s *status, f *form, op connector.Op, refs []connector.Ref) []connector.Outcome {
	outs := make([]connector.Outcome, len(refs))
	faults := make([]problem.List, len(refs))
	for _, e := range s.Done {
		i := slices.IndexFunc(refs, func(r connector.Ref) bool {
			return r.ID != "" && r.ID == string(e.ID) || e.Number != "" && strings.EqualFold(r.Key, string(e.Number))
		})
		if i >= 0 {
			outs[i] = connector.Outcome{State: connector.Written, ID: string(e.ID), Number: string(e.Number), Stage: reachedBy(op)}
		}
	}
	for _, ft := range s.Errors {
		i := spokenOf(string(ft.Message), refs)
		if i < 0 {
			i = int(ft.DIndex)
		}
		if i >= 0 && i < len(refs) {
			faults[i] = append(faults[i], c.complaint(int(s.Code), ft, f, value.Value{}))
		}
	}
	for i := range outs {
		switch {
		case outs[i].State == connector.Written:
		case len(faults[i]) > 0:
			outs[i] = refusal(together(faults[i]), true)
		default:
			outs[i].Err = c.omitted()
		}
	}
	return outs
}

// spokenOf is the document whose number stands in quotes or brackets in a message, or -1.
func spokenOf(message string, refs []connector.Ref) int {
	return slices.IndexFunc(refs, func(r connector.Ref) bool {
		return r.Key != "" && contains(message, "“"+r.Key+"”", "["+r.Key+"]", `"`+r.Key+`"`, "【"+r.Key+"】")
	})
}

// lookAgain asks how the documents stand that were refused for their state or because they were
// not found: those that already are where the operation leads are done.
func (c *conn) lookAgain(ctx context.Context, f *form, op connector.Op, refs []connector.Ref, outs []connector.Outcome) {
	var part []int
	for i, o := range outs {
		if o.State == connector.Refused && slices.Contains([]string{idState, idBaseData, idRejected}, o.Err.ID) {
			part = append(part, i)
		}
	}
	for chunk := range slices.Chunk(part, mostIDs) {
		found, err := c.standOf(ctx, f, "", refs, chunk)
		for _, i := range chunk {
			switch {
			case err != nil:
				outs[i] = connector.Outcome{State: connector.Unknown, Err: problem.As(err)}
			default:
				outs[i] = afterLook(op, refs[i], found[i], outs[i])
			}
		}
	}
}

func (c *conn) standOf(ctx context.Context, f *form, mark string, refs []connector.Ref, part []int) (map[int]standing, error) {
	var ids, numbers []string
	for _, i := range part {
		if refs[i].ID != "" {
			l, err := f.idLiteral(refs[i].ID)
			if err != nil {
				return nil, err
			}
			ids = append(ids, l)
			continue
		}
		l, err := quoted(refs[i].Key)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, l)
	}
	out := map[int]standing{}
	for key, literals := range map[string][]string{f.ID: ids, f.Number: numbers} {
		if len(literals) == 0 {
			continue
		}
		list, err := c.standings(ctx, f, f.Number, mark, in(key, literals))
		if err != nil {
			return nil, err
		}
		for _, i := range part {
			for _, s := range list {
				if refs[i].ID == s.ID || refs[i].ID == "" && fold(refs[i].Key) == fold(s.Number) {
					out[i] = s
				}
			}
		}
	}
	return out, nil
}

// afterLook judges a refusal by how the document stands.
func afterLook(op connector.Op, ref connector.Ref, s standing, o connector.Outcome) connector.Outcome {
	done := connector.Outcome{State: connector.Written, ID: s.ID, Number: s.Number, Stage: s.Stage, At: s.Modified}
	switch {
	case !s.Found && op == connector.Delete:
		return connector.Outcome{State: connector.Written, ID: ref.ID, Number: ref.Key}
	case !s.Found:
		e := *o.Err
		e.Class, e.ID, e.Cause = problem.Held, idGone, nil
		e.Reason = fmt.Sprintf("document %s is not there any more: %s", ref.Key, o.Err.Reason)
		e.Hint = "somebody deleted it in Kingdee, or hid its organisation from this user; decide whether it is to be written again"
		o.Err = &e
		return o
	case op == connector.Submit && (s.Stage == connector.Submitted || s.Stage == connector.Audited),
		op == connector.Audit && s.Stage == connector.Audited,
		(op == connector.UnAudit || op == connector.UnSubmit) && (s.Stage == connector.Saved || s.Stage == connector.Draft),
		op == connector.Cancel && s.Cancelled:
		return done
	}
	o.Stage = s.Stage
	return o
}
