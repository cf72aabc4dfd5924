package connectortest_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// vendor is a small made-up system: orders that can be read, bills that can be written.
type vendor struct {
	kit *sandbox.Kit

	mu     sync.Mutex
	token  int
	live   bool
	orders []order
	bills  []*bill
}

type order struct {
	No      string    `json:"no"`
	Shop    int       `json:"shop"`
	Changed time.Time `json:"changed"`
}

type bill struct {
	ID        string
	Key, Mark string
	Stage     int
	Cancelled bool
}

var dawn = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

const seeded = 57

func newVendor(kit *sandbox.Kit) *vendor {
	v := &vendor{kit: kit}
	for i := range seeded {
		v.orders = append(v.orders, order{No: fmt.Sprintf("SO-%03d", i), Shop: i % 3, Changed: dawn.Add(time.Duration(i/4) * time.Minute)})
	}
	return v
}

func (v *vendor) Name() string     { return "vendor" }
func (v *vendor) BasePath() string { return "/api/" }
func (v *vendor) Credentials() map[string]string {
	return map[string]string{"user": "amy", "secret": "canary/secret+="}
}
func (v *vendor) Actions() []sandbox.Action { return nil }
func (v *vendor) Dump() map[string]any {
	v.mu.Lock()
	defer v.mu.Unlock()
	return map[string]any{"orders": slices.Clone(v.orders)}
}

// ask is every request of this system in one: it is its whole protocol.
type ask struct {
	Behind                          order
	User, Secret, Token, Object, Op string
	Since, Until                    time.Time
	After, Most                     int
	Keys, IDs, Marks                []string
	ByMark                          bool
	Bad                             []bool
}

type reply struct {
	Error  string  `json:",omitempty"` // session, login, busy, object
	Token  string  `json:",omitempty"`
	Orders []order `json:",omitempty"`
	More   bool    `json:",omitempty"`
	Bills  []bill  `json:",omitempty"`
	Errors []string
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in ask
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if _, busy := v.kit.Faults.Take(r.URL.Path, nil, "busy"); busy {
		respond(w, reply{Error: "busy"})
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	out := v.do(r.URL.Path, in)
	if _, part := v.kit.Faults.Take(r.URL.Path, nil, "partial"); part && len(out.Bills) > 0 {
		out.Bills, out.Errors = out.Bills[1:], out.Errors[1:]
	}
	respond(w, out)
}

func respond(w http.ResponseWriter, out reply) {
	_ = json.NewEncoder(w).Encode(out)
}

func (v *vendor) do(path string, in ask) reply {
	if path == "/api/login" {
		if in.User != "amy" || in.Secret != v.Credentials()["secret"] {
			return reply{Error: "login"}
		}
		v.token++
		v.live = true
		return reply{Token: fmt.Sprint(v.token)}
	}
	if !v.live || in.Token != fmt.Sprint(v.token) {
		return reply{Error: "session"}
	}
	if in.Object != "orders" && in.Object != "bills" {
		return reply{Error: "object"}
	}
	switch path {
	case "/api/list":
		return v.list(in)
	case "/api/get":
		return v.get(in)
	case "/api/save":
		return v.save(in)
	case "/api/op":
		return v.op(in)
	default:
		return v.probe(in)
	}
}

// list answers rows in order of change, from place After on, or behind the row Behind.
func (v *vendor) list(in ask) reply {
	var out reply
	n := 0
	rows := slices.Clone(v.orders)
	slices.SortStableFunc(rows, func(a, b order) int { return cmp.Or(a.Changed.Compare(b.Changed), cmp.Compare(a.No, b.No)) })
	for _, o := range rows {
		if c := o.Changed.Compare(in.Behind.Changed); c < 0 || c == 0 && o.No <= in.Behind.No {
			continue
		}
		if o.Changed.Before(in.Since) || !in.Until.IsZero() && !o.Changed.Before(in.Until) {
			continue
		}
		if n++; n <= in.After {
			continue
		}
		if len(out.Orders) == in.Most {
			out.More = true
			break
		}
		out.Orders = append(out.Orders, o)
	}
	return out
}

func (v *vendor) get(in ask) reply {
	var out reply
	for _, o := range v.orders {
		if slices.Contains(in.Keys, o.No) {
			out.Orders = append(out.Orders, o)
		}
	}
	return out
}

func (v *vendor) save(in ask) reply {
	var out reply
	for i, key := range in.Keys {
		b := &bill{Key: key}
		known := v.find(func(b *bill) bool { return b.Key == key })
		switch {
		case in.Bad[i]:
			out.Bills, out.Errors = append(out.Bills, *b), append(out.Errors, "bad")
			continue
		case in.IDs[i] == "" && known != nil:
			out.Bills, out.Errors = append(out.Bills, *b), append(out.Errors, "second")
			continue
		case in.IDs[i] != "":
			b = v.find(func(b *bill) bool { return b.ID == in.IDs[i] })
		default:
			b.ID, b.Stage = fmt.Sprint(1000+len(v.bills)), 2
			v.bills = append(v.bills, b)
		}
		b.Mark = in.Marks[i]
		out.Bills, out.Errors = append(out.Bills, *b), append(out.Errors, "")
	}
	return out
}

func (v *vendor) find(is func(*bill) bool) *bill {
	if i := slices.IndexFunc(v.bills, is); i >= 0 {
		return v.bills[i]
	}
	return nil
}

var stages = map[string]int{"submit": 3, "audit": 4, "un-audit": 2}

func (v *vendor) op(in ask) reply {
	var out reply
	for _, id := range in.IDs {
		b := v.find(func(b *bill) bool { return b.ID == id })
		if b == nil {
			out.Bills, out.Errors = append(out.Bills, bill{ID: id}), append(out.Errors, "gone")
			continue
		}
		switch in.Op {
		case "cancel":
			b.Cancelled = true
		case "delete":
			v.bills = slices.DeleteFunc(v.bills, func(x *bill) bool { return x == b })
		default:
			b.Stage = stages[in.Op]
		}
		out.Bills, out.Errors = append(out.Bills, *b), append(out.Errors, "")
	}
	return out
}

func (v *vendor) probe(in ask) reply {
	var out reply
	for _, key := range in.Keys {
		if b := v.find(func(b *bill) bool { return !in.ByMark && b.Key == key || in.ByMark && b.Mark == key }); b != nil {
			out.Bills = append(out.Bills, *b)
		}
	}
	return out
}

// change makes an order change and another appear, both with the time of now.
func (v *vendor) change() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.kit.Clock.Now()
	v.orders[0].Changed = now
	fresh := order{No: fmt.Sprintf("SO-NEW-%d", len(v.orders)), Changed: now}
	v.orders = append(v.orders, fresh)
	return []string{"SO-000", fresh.No}
}

func (v *vendor) gone() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	no := v.orders[0].No
	v.orders = v.orders[1:]
	return no
}

func (v *vendor) lose() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.live = false
}
