package lookup

import (
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/value"
)

// place puts what was found where it belongs: into the row's slot, or into copies of the list's
// items.
func (l *lookup) place(rows []*step.Row, wants []*want) {
	for i := 0; i < len(wants); {
		r := wants[i].row
		end := i
		for end < len(wants) && wants[end].row == r {
			end++
		}
		l.placeRow(r, wants[i:end])
		i = end
	}
	if len(l.levels) == 0 {
		return
	}
	for _, r := range rows { // a list without items is bound, too
		if !r.Dropped && r.Slots[l.slot].Kind() == value.Absent && !r.Broken(l.slot) {
			list, _ := l.levels[0].EvalAnyway(r) // it went well before
			r.Slots[l.slot] = list
		}
	}
}

func (l *lookup) placeRow(r *step.Row, wants []*want) {
	if l.Live {
		for _, w := range wants {
			r.Content = append(r.Content, w.found)
		}
	}
	if len(l.levels) == 0 {
		r.Slots[l.slot] = wants[0].found
		return
	}
	list, _ := l.levels[0].EvalAnyway(r) // it went well before
	r.Slots[l.slot] = l.attachTo(list, 0, &wants)
}

// attachTo copies a list with the rows of its items attached, taking the wants in order.
func (l *lookup) attachTo(list value.Value, n int, wants *[]*want) value.Value {
	out := make([]value.Value, 0, list.Len())
	for item := range list.Items() {
		if n+1 < len(l.levels) {
			path := l.levels[n+1].path
			inner := l.attachTo(path.Get(item), n+1, wants)
			out = append(out, value.ObjectWith(item, l.levels[n+1].name, inner))
			continue
		}
		if len(*wants) == 0 { // the walk ended at a mistake that was told
			return list
		}
		w := (*wants)[0]
		*wants = (*wants)[1:]
		out = append(out, value.ObjectWith(item, l.name, w.found))
	}
	return value.ListOf(out)
}
