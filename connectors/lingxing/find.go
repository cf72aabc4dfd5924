package lingxing

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// FetchFields are the fields by which single records can be asked for. Multi-platform orders have
// none: their interface finds platform order numbers, and those are not unique.
func (c *conn) FetchFields(name string) []string {
	o := find(name)
	switch {
	case o == nil || o.fetch == "":
		return nil
	case o.detail:
		return []string{"sid", o.fetch}
	}
	return []string{o.fetch}
}

// Fetch reads single records again, whatever the pipeline's params narrow: the newest state counts.
func (c *conn) Fetch(ctx context.Context, q connector.Query, refs []map[string]value.Value) ([]connector.Record, error) {
	o := find(q.Object)
	if o == nil || o.fetch == "" {
		return nil, c.misuse("object "+q.Object+" cannot be asked by key", "read it by time, or whole")
	}
	if o.detail {
		return c.fetchOrders(ctx, refs)
	}
	wanted := make([]string, 0, len(refs))
	for _, ref := range refs {
		text, _ := value.KeyText(ref[o.fetch])
		wanted = append(wanted, text)
	}
	rows, err := c.byValues(ctx, o, o.fetchParam, wanted)
	if err != nil {
		return nil, err
	}
	out := make([]connector.Record, len(refs))
	for i, want := range wanted {
		for _, rec := range rows {
			if text, _ := value.KeyText(rec.Data.Get(o.fetch)); want != "" && text == want {
				out[i] = rec
			}
		}
	}
	return out, nil
}

// byValues lists the rows that one of the interface's own filters finds. It may find more than
// was asked for: the vendor compares loosely.
func (c *conn) byValues(ctx context.Context, o *object, param string, values []string) ([]connector.Record, error) {
	wanted := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(values))), func(s string) bool { return s == "" })
	var out []connector.Record
	for part := range slices.Chunk(wanted, max(o.fetchMost, 1)) {
		list := make([]any, len(part))
		for i, s := range part {
			list[i] = s
		}
		rows, err := c.listAll(ctx, o, map[string]any{param: list})
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// mostListed is how many rows a look-up holds in memory.
const mostListed = 1_000_000

// listAll reads all pages of a list into memory; it is for filtered lists and for master data.
func (c *conn) listAll(ctx context.Context, o *object, params map[string]any) ([]connector.Record, error) {
	var out []connector.Record
	s := &sweep{c: c, o: o, params: params}
	err := s.forwards(ctx, func(rows []json.RawMessage, _ time.Time, _ bool) error {
		for _, raw := range rows {
			out = append(out, c.record(o, raw))
		}
		if len(out) > mostListed {
			return c.misuse(fmt.Sprintf("object %s has more than %d rows for a look-up", o.name, mostListed), "keep what you need in a pipeline without a target, and look it up there")
		}
		return nil
	})
	return out, err
}

// skuCalls is up to how many SKUs stock is asked for one by one; beyond it, reading all of it is
// cheaper.
const skuCalls = 10

// Find answers rows that equal exactly, although the vendor's own filters are fuzzy.
func (c *conn) Find(ctx context.Context, f connector.Find) ([]value.Record, error) {
	o := find(f.Object)
	if o == nil {
		return nil, c.misuse("object "+f.Object+" does not exist", "see `pipectl connectors lingxing` for what there is")
	}
	wanted := map[string]bool{}
	for _, combo := range f.Values {
		if name, ok := joinCombo(combo); ok {
			wanted[name] = true
		}
	}
	rows, err := c.candidates(ctx, o, f)
	if err != nil {
		return nil, err
	}
	paths := make([]value.Path, len(f.Match))
	for i, m := range f.Match {
		if paths[i], err = value.ParsePath(m); err != nil {
			return nil, err
		}
	}
	var out []value.Record
	for _, rec := range rows {
		if rec.Bad != nil { // it could be the one that was looked for
			p := *rec.Bad
			p.Class, p.Reason = problem.Fatal, p.Reason+"; "+o.name+" serves a look-up"
			return nil, &p
		}
		combo := make([]value.Value, len(paths))
		for i, p := range paths {
			combo[i] = p.Get(rec.Data.Value())
		}
		if name, ok := joinCombo(combo); ok && wanted[name] && meets(rec.Data, f.Const) {
			out = append(out, rec.Data)
		}
	}
	return out, nil
}

// joinCombo is a name for some values; false where one of them is none.
func joinCombo(values []value.Value) (string, bool) {
	parts := make([]string, len(values))
	for i, v := range values {
		text, ok := value.KeyText(v)
		if !ok {
			return "", false
		}
		parts[i] = text
	}
	return value.JoinKey(parts...), true
}

func meets(r value.Record, conditions map[string]string) bool {
	for path, want := range conditions {
		p, err := value.ParsePath(path)
		if err != nil {
			return false
		}
		if got := p.Get(r.Value()); got.Text() != want && got.JSON() != want {
			return false
		}
	}
	return true
}

// candidates are rows among which all that is wanted are.
func (c *conn) candidates(ctx context.Context, o *object, f connector.Find) ([]connector.Record, error) {
	switch {
	case o.fetchParam != "" && slices.Contains(f.Match, o.fetch):
		return c.byValues(ctx, o, o.fetchParam, column(f, o.fetch))
	case o.name == "outbound_orders" && slices.Contains(f.Match, "order_number"):
		return c.byValues(ctx, o, "order_number_arr", column(f, "order_number"))
	case o.windowed:
		return nil, c.misuse("object "+o.name+" cannot be looked up by "+strings.Join(f.Match, ", "), "keep what you need in a pipeline without a target, and look it up there")
	case o.name == "stock" && slices.Contains(f.Match, "sku"):
		if skus := column(f, "sku"); len(skus) <= skuCalls {
			return c.stockOf(ctx, o, skus)
		}
	}
	var out []connector.Record
	sets := []map[string]any{{}}
	for name, all := range o.each {
		sets = nil
		for _, v := range all {
			sets = append(sets, map[string]any{name: v})
		}
	}
	for _, params := range sets {
		rows, err := c.listAll(ctx, o, params)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

func (c *conn) stockOf(ctx context.Context, o *object, skus []string) ([]connector.Record, error) {
	var out []connector.Record
	for _, sku := range skus {
		rows, err := c.listAll(ctx, o, map[string]any{"sku": sku})
		if err != nil {
			return nil, err
		}
		// the filter is fuzzy: A-1 finds A-10, too, which may be asked for by itself
		rows = slices.DeleteFunc(rows, func(r connector.Record) bool { return r.Bad == nil && r.Data.Get("sku").Text() != sku })
		out = append(out, rows...)
	}
	return out, nil
}

// column is the distinct values wanted of one matched field.
func column(f connector.Find, field string) []string {
	i := slices.Index(f.Match, field)
	var out []string
	for _, combo := range f.Values {
		if text, ok := value.KeyText(combo[i]); ok {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
