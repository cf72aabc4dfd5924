package lingxing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// An Amazon order comes in two halves: the list has the head, the detail the prices of the lines.
// A record is the row of the list, with the row of the detail in its member "detail".

// detailMost is how many orders one call for details may name.
const detailMost = 200

// detailed hands on orders with their details, as many at a time as one call gives. Only the last
// part carries the cursor.
func (r *reading) detailed(ctx context.Context, p connector.Page, records []connector.Record) error {
	if len(records) == 0 {
		return r.emit(p, nil)
	}
	for part := range slices.Chunk(records, detailMost) {
		details, err := r.c.details(ctx, ids(part))
		if err != nil {
			return err
		}
		for i := range part {
			r.c.join(&part[i], details)
		}
		out := p
		if &part[len(part)-1] != &records[len(records)-1] {
			out.Safe = ""
		}
		if err := r.emit(out, part); err != nil {
			return err
		}
	}
	return nil
}

func ids(records []connector.Record) []string {
	var out []string
	for _, rec := range records {
		if id := rec.Data.Get("amazon_order_id").Text(); id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// details reads details by order number; numbers that the vendor doesn't have are simply not
// among them.
func (c *conn) details(ctx context.Context, orders []string) ([]value.Record, error) {
	if len(orders) == 0 {
		return nil, nil
	}
	o := &object{path: pathDetail, paged: single}
	_, rows, err := c.list(ctx, o, map[string]any{"order_id": strings.Join(orders, ",")})
	if err != nil {
		return nil, err
	}
	var out []value.Record
	for _, raw := range rows {
		if d, err := value.Parse(raw); err == nil { // a damaged one is one that didn't come
			out = append(out, d)
		}
	}
	return out, nil
}

// join puts an order's detail into its record. Order numbers repeat across shops, so the shop
// counts where the detail names it.
func (c *conn) join(rec *connector.Record, details []value.Record) {
	if rec.Bad != nil {
		return
	}
	if d, ok := detailOf(rec.Data, details); ok {
		rec.Data = joined(rec.Data, d)
		return
	}
	rec.Bad = &problem.Error{
		Class: problem.Transient, ID: idHalf,
		Reason: fmt.Sprintf("%s: order %s of shop %s came without its detail", c.name, rec.Data.Get("amazon_order_id").Text(), shopOf(rec.Data)),
		Hint:   "it is asked for again by itself; an order is never delivered without its lines' prices",
	}
}

func detailOf(row value.Record, details []value.Record) (value.Record, bool) {
	id, shop := row.Get("amazon_order_id").Text(), shopOf(row)
	for _, d := range details {
		if id == "" || d.Get("amazon_order_id").Text() != id {
			continue
		}
		if s := shopOf(d); s == "" || s == shop {
			return d, true
		}
	}
	return value.Record{}, false
}

func shopOf(r value.Record) string {
	text, _ := value.KeyText(r.Get("sid"))
	return text
}

func joined(row, detail value.Record) value.Record {
	head := strings.TrimRight(row.JSON(), " \t\r\n")
	comma := ","
	if row.Value().Len() == 0 {
		comma = ""
	}
	return value.Known(head[:len(head)-1] + comma + `"detail":` + detail.JSON() + "}")
}

// fetchOrders reads single orders again. The vendor gives details by number, and the list by time
// only: the detail tells when the order changed, and a window of that second finds its row.
func (c *conn) fetchOrders(ctx context.Context, refs []map[string]value.Value) ([]connector.Record, error) {
	out := make([]connector.Record, len(refs))
	for begin := 0; begin < len(refs); begin += detailMost {
		end := min(begin+detailMost, len(refs))
		var want []string
		for _, ref := range refs[begin:end] {
			if id := ref["amazon_order_id"].Text(); id != "" && !slices.Contains(want, id) {
				want = append(want, id)
			}
		}
		details, err := c.details(ctx, want)
		if err != nil {
			return nil, err
		}
		g := newGlance(refs[begin:end])
		for i := begin; i < end; i++ {
			if out[i], err = c.fetchOrder(ctx, refs[i], details, g); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (c *conn) fetchOrder(ctx context.Context, ref map[string]value.Value, details []value.Record, g *glance) (connector.Record, error) {
	like := value.RecordOf(value.ObjectOf([]string{"sid", "amazon_order_id"}, []value.Value{ref["sid"], ref["amazon_order_id"]}))
	for range tries {
		d, ok := detailOf(like, details)
		if !ok {
			return connector.Record{}, nil
		}
		rec, found, err := c.rowOf(ctx, like, d, g)
		if err != nil || found {
			return rec, err
		}
		// it changed between the two calls: its row stands at a later second now
		g = newGlance([]map[string]value.Value{ref})
		if details, err = c.details(ctx, []string{ref["amazon_order_id"].Text()}); err != nil {
			return connector.Record{}, err
		}
	}
	d, ok := detailOf(like, details)
	if !ok {
		return connector.Record{}, nil
	}
	data := joined(like, d)
	return connector.Record{Data: data, Changed: instant(d.Get("gmt_modified"), "gmt_modified"), Bad: &problem.Error{
		Class: problem.Transient, ID: idHalf,
		Reason: fmt.Sprintf("%s: order %s of shop %s came without its row in the list", c.name, like.Get("amazon_order_id").Text(), shopOf(like)),
		Hint:   "it is asked for again by itself; an order is never delivered by half",
	}}, nil
}

// lookings are the times of a detail that can find its row, the surest first.
var lookings = []struct {
	field    string
	dateType int
	zone     *time.Location
}{
	{"gmt_modified", 2, beijing},
	{"last_update_date_utc", 3, time.UTC},
	{"purchase_date_local", 1, time.UTC}, // shop time both here and in the filter: the zone doesn't matter
}

// rowOf finds the list's row of an order by the times that its detail tells.
func (c *conn) rowOf(ctx context.Context, like, d value.Record, g *glance) (connector.Record, bool, error) {
	for _, l := range lookings {
		at, err := time.ParseInLocation(stamp, d.Get(l.field).Text(), l.zone)
		if err != nil {
			continue
		}
		params := map[string]any{"date_type": l.dateType, "sort_desc_by_date_type": 2}
		params["start_date"], params["end_date"] = texted(l.zone)(at, at.Add(time.Second))
		if sid, ok := like.Get("sid").Int64(); ok {
			params["sid"] = sid
		}
		rec, found, err := g.row(ctx, c, params, like)
		if err != nil {
			return rec, false, err
		}
		if !found {
			continue
		}
		rec.Data = joined(rec.Data, d)
		return rec, true, nil
	}
	return connector.Record{}, false, nil
}
