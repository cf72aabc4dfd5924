package step

import (
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/expr"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/value"
)

func newFrame(slots int) expr.Frame {
	return expr.Frame{Slots: make([]value.Value, slots), Budget: expr.DefaultBudget}
}

// checkTarget checks what the target says of the document. Two records must never share a target
// key, so every part of the key has to be found in it.
func (p *Program) checkTarget(in *Scope) error {
	t := p.pipe.Target
	if t == nil || t.Key.IsZero() {
		return nil
	}
	path, err := value.ParsePath(t.Key.Text)
	if err != nil {
		return problem.In(err, problem.Error{At: t.Key.At})
	}
	p.target = &path
	if in.shared.document == nil {
		return Mistake(t.Object.At, "PC144", "there is a target, and no map that builds its documents", "add a step: - map: …; to send the record as it is, write copy: all in it")
	}
	from, ok := in.shared.document(t.Key.Text)
	if !ok {
		return Mistake(t.Key.At, "PC140", "target key "+t.Key.Text+" is not in the map", "map it: the target finds a document by it")
	}
	if _, mapped := in.shared.document(t.Mark.Text); mapped && !t.Mark.IsZero() && t.Mark.Text != t.Key.Text && !strings.Contains(t.Mark.Text, ".") {
		return Mistake(t.Mark.At, "PC255", "target field "+t.Mark.Text+" carries the mark, and the map fills it in", "leave it out of the map, or choose another field for the mark")
	}
	if !t.Unique.IsZero() {
		return nil
	}
	var problems problem.List
	for i, part := range p.Key {
		if missing := forgotten(part.From(), from); missing != "" {
			problems.Add(Mistake(t.Key.At, "PC141", "target key "+t.Key.Text+" is not made of "+missing+", which is part of the key: two records could get one document",
				"put "+p.pipe.Key[i].Text+" into "+t.Key.Text+`, as in text(a, "-", b); or say why it is unique all the same: unique: REASON`))
		}
	}
	return problems.Err()
}

// forgotten is the first path of a key part that the target key has no share of.
func forgotten(part, from []string) string {
	for _, path := range part {
		covered := slices.ContainsFunc(from, func(f string) bool {
			return f == "*" || path == f || strings.HasPrefix(path, f+".") || strings.HasPrefix(f, path+".")
		})
		if !covered {
			return path
		}
	}
	return ""
}

// KeyFields lists the parts of the key that are plain fields of the record; ok is false when one
// is calculated, so that a record can't be asked for by it.
func KeyFields(key spec.Exprs) (fields []string, ok bool) {
	for _, e := range key {
		text := strings.TrimPrefix(strings.TrimSpace(e.Text), "source.")
		if _, err := value.ParsePath(text); err != nil || strings.ContainsAny(text, "[] ()") {
			return nil, false
		}
		fields = append(fields, text)
	}
	return fields, len(fields) > 0
}
