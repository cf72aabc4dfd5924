package connectortest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// absentText is a value that no system holds.
const absentText = "no-such-thing-0"

func fetching(r Read) []Case {
	return []Case{
		{
			Name: "fetch", Why: "answers are joined to keys by their place: one row off and a retry writes another order's content",
			body: func(c *T) { c.fetch(r) },
		},
	}
}

// fetch asks for records backwards, with one in the middle that is not there.
func (c *T) fetch(r Read) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	all := c.readWith(conn, r, c.query(r))
	f := ability[connector.Fetcher](c, conn)
	fields := f.FetchFields(r.Object)
	var refs []map[string]value.Value
	var want []string
	for _, rec := range slices.Backward(all.records[:min(len(all.records), 7)]) {
		m := c.decode(rec.Data)
		ref := map[string]value.Value{}
		for _, name := range fields {
			ref[name] = c.scalar(at(m, name))
		}
		refs, want = append(refs, ref), append(want, c.key(rec.Data, r.Key))
		if len(refs) == 2 {
			none := map[string]value.Value{}
			for name, v := range ref {
				if none[name] = v; v.Kind() == value.Text {
					none[name] = value.OfText(absentText)
				} else if v.Kind() == value.Number {
					none[name] = value.OfInt(999999999)
				}
			}
			refs, want = append(refs, none), append(want, "")
		}
	}
	got, err := f.Fetch(c.ctx(), c.query(r), refs)
	if err != nil {
		c.Fatalf("fetch: %v", c.classified(err))
	}
	if len(got) != len(refs) {
		c.Fatalf("%d answers to %d refs", len(got), len(refs))
	}
	for i, rec := range got {
		key := ""
		if rec.Data.JSON() != "" {
			key = c.key(rec.Data, r.Key)
		}
		if key != want[i] {
			c.Errorf("ref %d: got %q, want %q", i, key, want[i])
		}
	}
}

func finding(r Read) []Case {
	return []Case{
		{
			Name: "find one", Why: "a look-up that answers other rows maps an order to another's customer",
			body: func(c *T) { c.find(r, 1) },
		},
		{
			Name: "find many", Why: "one look-up serves a whole batch, in the pieces that the vendor allows",
			body: func(c *T) { c.find(r, 250) },
		},
		{
			Name: "find none", Why: "what is missing must be seen as missing, not as an error, and not as a similar row",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				combo := make([]value.Value, len(r.Find))
				for i := range combo {
					combo[i] = value.OfText(absentText)
				}
				rows, err := ability[connector.Finder](c, conn).Find(c.ctx(),
					connector.Find{Object: r.Object, Match: r.Find, Values: [][]value.Value{combo}})
				if c.classified(err) != nil || len(rows) != 0 {
					c.Errorf("%d rows, error %v; want none", len(rows), err)
				}
			},
		},
		{
			Name: "find in an unknown object", Why: "a misspelt object that answers \"none\" makes every order wait for a cause that never comes",
			body: func(c *T) {
				conn := c.Box.Open(c, nil)
				_, err := ability[connector.Finder](c, conn).Find(c.ctx(), connector.Find{
					Object: "no_such_object",
					Match:  r.Find, Values: [][]value.Value{slices.Repeat([]value.Value{value.OfText("x")}, len(r.Find))},
				})
				c.is(err, problem.Fatal)
			},
		},
	}
}

// find asks for up to n combinations and compares with what reading the object gave.
func (c *T) find(r Read, n int) {
	c.Helper()
	conn := c.Box.Open(c, nil)
	all := c.readWith(conn, r, c.query(r))
	var combos [][]value.Value
	wanted := map[string]bool{}
	for _, rec := range all.records {
		m := c.decode(rec.Data)
		combo, name := c.combo(m, r.Find)
		if !wanted[name] && len(combos) < n {
			wanted[name] = true
			combos = append(combos, combo)
		}
	}
	if len(combos) == 0 {
		c.Fatalf("the object is empty")
	}
	for len(combos) < n { // a look-up of many keys mostly asks for what is not there
		combo := slices.Clone(combos[0])
		combo[0] = value.OfText(fmt.Sprintf("%s-%d", absentText, len(combos)))
		combos = append(combos, combo)
	}
	rows, err := ability[connector.Finder](c, conn).Find(c.ctx(), connector.Find{Object: r.Object, Match: r.Find, Values: combos})
	if err != nil {
		c.Fatalf("find: %v", c.classified(err))
	}
	found := map[string]bool{}
	for _, row := range rows {
		_, name := c.combo(c.decode(row), r.Find)
		if found[name] = true; !wanted[name] {
			c.Errorf("a row that was not asked for: %s", name)
		}
	}
	for name := range wanted {
		if !found[name] {
			c.Errorf("not found, though reading gave it: %s", name)
		}
	}
}

// combo is the values of some fields of a row, and a name for them.
func (c *T) combo(m map[string]any, fields []string) ([]value.Value, string) {
	c.Helper()
	vals := make([]value.Value, len(fields))
	names := make([]string, len(fields))
	for i, f := range fields {
		v := at(m, f)
		vals[i] = c.scalar(v)
		names[i] = fmt.Sprint(v)
	}
	return vals, strings.Join(names, "/")
}
