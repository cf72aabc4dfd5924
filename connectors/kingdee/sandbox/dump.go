package sandbox

import (
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// Dump is everything stored: one collection a form, with rows as they are stored, the sessions,
// the options, and the calls by service.
func (b *Box) Dump() map[string]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]any{"options": b.options, "sessions": b.dumpSessions(), "requests": b.dumpCalls()}
	for _, id := range b.formIDs() {
		rows := []object{}
		b.table(id).keys.walk(func(*doc) bool { return true }, func(d *doc) bool {
			rows = append(rows, d.dump())
			return true
		})
		out[id] = rows
	}
	return out
}

func (b *Box) dumpSessions() []object {
	out := []object{}
	for _, s := range b.sessions.byID {
		out = append(out, object{{"id", "***"}, {"user", s.user}, {"signed", s.header}, {"used", s.used.Format(time.RFC3339)}})
	}
	return out
}

func (b *Box) dumpCalls() map[string]tally {
	out := map[string]tally{}
	for name, t := range b.calls {
		out[name] = *t
	}
	return out
}

// dump is a document as it is stored: numbers as texts, references as codes, nothing that was
// never set.
func (d *doc) dump() object {
	out := object{}
	for _, x := range d.form.kept {
		out.dumpField(x, d, d.head)
	}
	d.dumpRow(&out, d.form.head(), d.head)
	return out
}

func (d *doc) dumpRow(out *object, e *entity, r *row) {
	for _, x := range e.fields {
		out.dumpField(x, d, r)
	}
	for _, sub := range d.form.ents[1:] {
		if sub.parent != e || len(r.subs[sub.index]) == 0 {
			continue
		}
		rows := []object{}
		for _, s := range r.subs[sub.index] {
			o := object{{"FEntryID", s.id}, {"FSeq", s.seq}}
			d.dumpRow(&o, sub, s)
			rows = append(rows, o)
		}
		out.set(sub.key, rows)
	}
}

func (o *object) dumpField(x *field, d *doc, r *row) {
	key := x.key
	if x.object != "" {
		key = x.object + "." + key
	}
	switch v := x.value(d, r).(type) {
	case nil:
	case *apd.Decimal:
		o.set(key, plain(v))
	case *doc:
		o.set(key, v.number)
	case names:
		o.set(key, v.in(chinese))
	case dims:
		o.set(key, v.String())
	case time.Time:
		o.set(key, strings.Replace(v.Format(timeLayout), "T00:00:00", "", 1))
	default:
		o.set(key, v)
	}
}
