package kingdee

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// Probe asks which keys the target holds, whatever the status and in all organisations that the
// user sees: a cancelled document keeps its number.
func (c *conn) Probe(ctx context.Context, t connector.Target, keys []string) ([]connector.Probed, error) {
	f := formOf(t.Object)
	by := t.Key
	if by == "" {
		by = f.Number
	}
	for _, name := range []string{by, t.Mark} {
		if name != "" && !fieldName.MatchString(name) {
			return nil, badField(t.Object, name)
		}
	}
	combos := make([][]value.Value, len(keys))
	for i, k := range keys {
		combos[i] = []value.Value{value.OfText(k)}
	}
	filters, err := f.matching([]string{by}, combos, nil)
	if err != nil {
		return nil, err
	}
	found := map[string][]standing{}
	for _, filter := range filters {
		list, err := c.standings(ctx, f, f.matchKey(by), t.Mark, filter)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			k := fold(s.key)
			found[k] = append(found[k], s)
		}
	}
	out := make([]connector.Probed, len(keys))
	for i, k := range keys {
		out[i] = probed(originals(found[fold(k)]))
	}
	return out, nil
}

// ProbeIDs asks for documents by FID: one whose number a person has changed is found again.
func (c *conn) ProbeIDs(ctx context.Context, t connector.Target, ids []string) ([]connector.Probed, error) {
	f := formOf(t.Object)
	refs := make([]connector.Ref, len(ids))
	var all []int
	for i, id := range ids {
		refs[i] = connector.Ref{ID: id}
		if f.mayBeID(id) { // what a person types may be a number, and the server refuses to compare it
			all = append(all, i)
		}
	}
	out := make([]connector.Probed, len(ids))
	for part := range slices.Chunk(all, mostIDs) {
		found, err := c.standOf(ctx, f, t.Mark, refs, part)
		if err != nil {
			return nil, err
		}
		for i, s := range found {
			out[i] = s.Probed
		}
	}
	return out, nil
}

// fold is a key as the database compares it: its unique index sees no capitals and no blanks at
// the end, so "a1" is taken when "A1" is there.
func fold(key string) string { return strings.ToLower(strings.TrimRight(key, " ")) }

// standing is how one document stands in the target.
type standing struct {
	connector.Probed
	key    string
	copied bool // base data that another organisation created and this one uses
}

// originals leaves out the copies that each organisation has of shared base data, unless there is
// nothing else.
func originals(list []standing) []standing {
	own := slices.DeleteFunc(slices.Clone(list), func(s standing) bool { return s.copied })
	if len(own) > 0 {
		return own
	}
	return list
}

func probed(list []standing) connector.Probed {
	if len(list) == 0 {
		return connector.Probed{}
	}
	p := list[0].Probed
	p.Many = len(list) > 1
	return p
}

// standings asks how the documents stand that a filter selects; by is the key's column, mark that of
// the engine's mark.
func (c *conn) standings(ctx context.Context, f *form, by, mark, filter string) ([]standing, error) {
	noCreator := c.noCreator.Load()
	cols := standingColumns(f, by, mark, noCreator)
	var out []standing
	s := selection{form: f, keys: cols, filter: filter, limit: c.cfg.Page}
	err := c.pages(ctx, s, f.ID, f.idLiteral, func(rows []row) error {
		for _, x := range rows {
			out = append(out, c.standing(cols, f.Number, mark, x))
		}
		return nil
	})
	if e, ok := errors.AsType[*problem.Error](err); ok && e.ID == idNames && strings.Contains(e.Reason, creator) && !noCreator {
		c.noCreator.Store(true) // others who asked at the same time find out by themselves
		return c.standings(ctx, f, by, mark, filter)
	}
	return out, err
}

const creator = "FCreatorId"

func standingColumns(f *form, by, mark string, noCreator bool) []string {
	cols := []string{f.ID, by}
	if mark != "" && mark != by { // one that the form doesn't have is to be told
		cols = append(cols, mark)
	}
	add := func(names ...string) {
		for _, n := range names {
			if head, _, _ := strings.Cut(n, "."); (!f.Known || f.has(head)) && indexOf(cols, n) < 0 {
				cols = append(cols, n)
			}
		}
	}
	add(f.Number, "FDocumentStatus")
	if !f.isBaseData() {
		add("FCancelStatus")
	}
	add("FModifyDate")
	if f.Known {
		add("FCreateOrgId.FNumber", "FUseOrgId.FNumber")
	}
	if !noCreator {
		add(creator)
	}
	return cols
}

func (c *conn) standing(cols []string, number, mark string, x row) standing {
	get := func(name string) string {
		if i := indexOf(cols, name); i >= 0 {
			return cellText(x[i])
		}
		return ""
	}
	s := standing{key: cellText(x[1])}
	s.Found, s.ID, s.Number = true, cellText(x[0]), get(number)
	s.Stage = stageOf(get("FDocumentStatus"))
	s.Cancelled = get("FCancelStatus") == "B"
	s.Modified, _ = moment(get("FModifyDate"))
	s.Ours = c.ours(get(creator))
	s.Mark = get(mark)
	created, used := get("FCreateOrgId.FNumber"), get("FUseOrgId.FNumber")
	s.copied = created != "" && used != "" && created != used
	return s
}

// ours compares the creator with the user that is signed in: pipectl has an ERP user of its own.
func (c *conn) ours(id string) connector.Ours {
	me := c.login.userID()
	switch {
	case id == "" || id == "0" || me == "":
		return connector.CantTell
	case id == me:
		return connector.MadeByUs
	}
	return connector.MadeByAnother
}

// stageOf reads FDocumentStatus. An object without one is saved, and done.
func stageOf(status string) connector.Stage {
	switch status {
	case "Z":
		return connector.Draft
	case "B":
		return connector.Submitted
	case "C":
		return connector.Audited
	}
	return connector.Saved // A; D after an un-audit
}
