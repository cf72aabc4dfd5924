package lingxing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/value"
)

// glance is what was seen of the list of orders while single ones were looked for. Many may have
// changed in one second, an import say: its pages are read once for all of them, not once for each.
type glance struct {
	wanted  map[string]bool                        // by shop and number
	windows map[string]map[string]connector.Record // what was wanted and seen, by window
}

func newGlance(refs []map[string]value.Value) *glance {
	g := &glance{wanted: map[string]bool{}, windows: map[string]map[string]connector.Record{}}
	for _, ref := range refs {
		g.wanted[identityOf(value.RecordOf(value.ObjectOf([]string{"sid", "amazon_order_id"}, []value.Value{ref["sid"], ref["amazon_order_id"]})))] = true
	}
	return g
}

func identityOf(order value.Record) string {
	return value.JoinKey(shopOf(order), order.Get("amazon_order_id").Text())
}

// row is the row of an order in a window of the list.
func (g *glance) row(ctx context.Context, c *conn, params map[string]any, like value.Record) (connector.Record, bool, error) {
	window := fmt.Sprint(params["date_type"], params["start_date"], params["sid"])
	rows, looked := g.windows[window]
	if !looked {
		var err error
		if rows, err = g.look(ctx, c, params); err != nil {
			return connector.Record{}, false, err
		}
		g.windows[window] = rows
	}
	rec, found := rows[identityOf(like)]
	return rec, found, nil
}

// look reads a window until nothing of it is wanted any more.
func (g *glance) look(ctx context.Context, c *conn, params map[string]any) (map[string]connector.Record, error) {
	o, out := find("orders"), map[string]connector.Record{}
	s := &sweep{c: c, o: o, params: params}
	err := s.forwards(ctx, func(rows []json.RawMessage, _ time.Time, _ bool) error {
		for _, raw := range rows {
			r := c.record(o, raw)
			if id := identityOf(r.Data); r.Bad == nil && g.wanted[id] {
				out[id] = r
			}
		}
		if len(out) == len(g.wanted) {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}
