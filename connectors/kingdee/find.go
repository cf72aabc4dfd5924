package kingdee

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// Find asks for rows by field values, up to 100 values in one query.
func (c *conn) Find(ctx context.Context, find connector.Find) ([]value.Record, error) {
	f := formOf(find.Object)
	p := &plan{form: f}
	p.head.add(f.ID, f.ID, f.at(f.ID))
	for _, path := range slices.Concat(find.Match, slices.Sorted(maps.Keys(find.Const)), find.Fields) {
		if !fieldName.MatchString(path) {
			return nil, badField(find.Object, path)
		}
		for _, x := range leaves(f.at(path), path, strings.Contains(path, ".")) {
			p.head.add(x, f.queryKey(x), f.at(x))
		}
	}
	filters, err := f.matching(find.Match, find.Values, find.Const)
	if err != nil {
		return nil, err
	}
	wanted := wantedKeys(find.Values)
	var out []value.Record
	for _, filter := range filters {
		s := selection{form: f, keys: p.head.keys, filter: filter, limit: c.cfg.Page}
		err := c.pages(ctx, s, f.ID, f.idLiteral, func(rows []row) error {
			for _, x := range rows {
				r, bad := parsed(p.head.object(x))
				if bad != nil { // it could be the one that was looked for
					bad.Class, bad.Reason = problem.Fatal, c.name+": a row of "+f.Name+", which serves a look-up, cannot be read: "+bad.Reason
					return bad
				}
				if wanted[matchKey(f, r, find.Match)] {
					out = append(out, r)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func badField(object, path string) *problem.Error {
	return &problem.Error{
		Class: problem.Fatal, ID: idNames, Field: path, Reason: fmt.Sprintf("%q is no field of %s", path, object),
		Hint: "`pipectl connectors kingdee FORM` lists the known fields",
	}
}

// wantedKeys are the combinations as texts. The database compares without regard to capitals and
// blanks at the end, so it brings rows that weren't asked for.
func wantedKeys(combos [][]value.Value) map[string]bool {
	out := map[string]bool{}
	for _, combo := range combos {
		out[comboKey(combo)] = true
	}
	return out
}

func comboKey(combo []value.Value) string {
	parts := make([]string, len(combo))
	for i, v := range combo {
		parts[i] = plainText(v)
	}
	return strings.Join(parts, "\x00")
}

// plainText is a value as it compares: 113, 113.0 and "113" are one.
func plainText(v value.Value) string {
	if t, ok := value.KeyText(v); ok {
		return t
	}
	return v.Display()
}

func matchKey(f *form, r value.Record, match []string) string {
	combo := make([]value.Value, len(match))
	for i, path := range match {
		if x := leaves(f.at(path), path, strings.Contains(path, ".")); len(x) > 0 {
			path = x[0]
		}
		combo[i] = r.Value()
		for name := range strings.SplitSeq(path, ".") {
			combo[i] = combo[i].Get(name)
		}
	}
	return comboKey(combo)
}

// matching builds the filters that select the wanted combinations: the field with the most
// different values goes into a list, the others stand beside it.
func (f *form) matching(match []string, combos [][]value.Value, constant map[string]string) ([]string, error) {
	var fixed []string
	for _, name := range slices.Sorted(maps.Keys(constant)) {
		l, err := quoted(constant[name])
		if err != nil {
			return nil, problem.In(err, problem.Error{Field: name})
		}
		fixed = append(fixed, f.matchKey(name)+"="+l)
	}
	if len(match) == 0 {
		return []string{all(fixed...)}, nil
	}
	literals, err := f.literals(match, combos)
	if err != nil {
		return nil, err
	}
	split := mostDistinct(literals, len(match))
	groups := map[string][]string{}
	for _, combo := range literals {
		beside := slices.Clone(fixed)
		for i, l := range combo {
			if i != split {
				beside = append(beside, f.matchKey(match[i])+"="+l)
			}
		}
		key := all(beside...)
		if !slices.Contains(groups[key], combo[split]) {
			groups[key] = append(groups[key], combo[split])
		}
	}
	var out []string
	for _, beside := range slices.Sorted(maps.Keys(groups)) {
		for part := range slices.Chunk(groups[beside], mostIDs) {
			out = append(out, all(beside, in(f.matchKey(match[split]), part)))
		}
	}
	return out, nil
}

// matchKey is a field's name in a condition: base data is compared by its number.
func (f *form) matchKey(path string) string {
	if x := leaves(f.at(path), path, strings.Contains(path, ".")); len(x) > 0 {
		path = x[0]
	}
	return f.queryKey(path)
}

// literals are the combinations as literals; one with nothing in it matches nothing.
func (f *form) literals(match []string, combos [][]value.Value) ([][]string, error) {
	var out [][]string
	for _, combo := range combos {
		one := make([]string, len(combo))
		for i, v := range combo {
			if v.IsNone() {
				one = nil
				break
			}
			l, err := f.matchLiteral(match[i], v)
			if err != nil {
				return nil, problem.In(err, problem.Error{Field: match[i]})
			}
			one[i] = l
		}
		if one != nil {
			out = append(out, one)
		}
	}
	return out, nil
}

// matchLiteral writes a number as a text unless the field is known to be a number: codes are texts.
func (f *form) matchLiteral(path string, v value.Value) (string, error) {
	of := f.at(path)
	if v.Kind() == value.Number && (of == nil || !of.numeric()) {
		return quoted(plainText(v))
	}
	if v.Kind() == value.Text && of.numeric() {
		if n, ok := value.ParseNumber(v.Text()); ok {
			return n.JSON(), nil
		}
	}
	return literal(of, v)
}

func mostDistinct(combos [][]string, n int) int {
	best, most := 0, 0
	for i := range n {
		seen := map[string]bool{}
		for _, c := range combos {
			seen[c[i]] = true
		}
		if len(seen) > most {
			best, most = i, len(seen)
		}
	}
	return best
}

// FetchFields: a bill is found by its number; base data by number and organisation, as every
// organisation that uses it has it once more.
func (c *conn) FetchFields(object string) []string {
	f := formOf(object)
	switch {
	case f.Number == f.ID:
		return []string{f.ID}
	case f.has("FUseOrgId"):
		return []string{f.Number, "FUseOrgId.FNumber"}
	}
	return []string{f.Number}
}

// Fetch reads single records again, whole. The source's own filter counts: what it keeps out, this
// source doesn't have.
func (c *conn) Fetch(ctx context.Context, q connector.Query, refs []map[string]value.Value) ([]connector.Record, error) {
	var out []connector.Record
	err := c.learning(q, func() (err error) {
		out, err = c.fetch(ctx, q, refs)
		return err
	})
	return out, err
}

func (c *conn) fetch(ctx context.Context, q connector.Query, refs []map[string]value.Value) ([]connector.Record, error) {
	q.Field, q.Window, q.Limit = "", nil, 0
	match := c.FetchFields(q.Object)
	if q.Fields != nil {
		q.Fields = slices.Concat(q.Fields, match)
	}
	r, err := c.newReader(q)
	if err != nil {
		return nil, err
	}
	combos := make([][]value.Value, len(refs))
	for i, ref := range refs {
		for _, name := range match {
			combos[i] = append(combos[i], ref[name])
		}
	}
	filters, err := r.form.matching(match, combos, nil)
	if err != nil {
		return nil, err
	}
	found := map[string]connector.Record{}
	for _, filter := range filters {
		s := r.heads(all(bracket(r.filter), filter))
		err := c.pages(ctx, s, r.form.ID, r.form.idLiteral, func(rows []row) error {
			records, err := c.whole(ctx, r.plan, rows)
			for _, rec := range records {
				found[matchKey(r.form, rec.Data, match)] = rec
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	out := make([]connector.Record, len(refs))
	for i, combo := range combos {
		out[i] = found[comboKey(combo)]
	}
	return out, nil
}
