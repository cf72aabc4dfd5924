package engine

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/state"
	"github.com/pipectl/pipectl/engine/value"
)

// Cause is what an exception waits for, in one line: what is missing; or what is the matter with its
// document, by the name of the code; or else the field or rule. What only this record has, its key
// and its document's, is left open, so that a thousand records with one cause are one group.
func Cause(x state.Exception) string {
	switch {
	case len(x.Causes) > 0:
		return word(x)
	case ofDocument(x):
		return x.ID + " " + problem.Title(x.ID)
	}
	return neutral(x)
}

// neutral is what an exception says, without what only its record has.
func neutral(x state.Exception) string {
	reason := x.Reason
	for _, own := range []string{x.TargetKey, x.Key} {
		if len(own) >= 4 { // a shorter one may stand in any word
			reason = strings.ReplaceAll(reason, own, "…")
		}
	}
	return strings.Join(strings.Fields(Told(x.Field, reason)), " ")
}

// Told is a reason with the field that it is about, where it doesn't begin with it anyway.
func Told(field, reason string) string {
	if field == "" || strings.HasPrefix(reason, field) {
		return reason
	}
	return field + ": " + reason
}

// ofDocument says that the engine tells about one document or record what its code means for all.
func ofDocument(x state.Exception) bool {
	return x.ID >= "PC400" && x.ID < "PC460" && x.Class != problem.Invalid.String() && x.Class != problem.Missing.String()
}

// word is what chooses the exceptions of a cause on a command line.
func word(x state.Exception) string {
	switch {
	case len(x.Causes) > 0:
		parts := make([]string, len(x.Causes))
		for i, c := range x.Causes {
			parts[i] = c.String()
		}
		return strings.Join(parts, "; ")
	case ofDocument(x):
		return x.ID
	}
	return Cause(x)
}

// Group is the exceptions of one pipeline that have one cause.
type Group struct {
	Pipeline string    `json:"pipeline"`
	Kind     string    `json:"kind"`
	Cause    string    `json:"cause"`
	Reason   string    `json:"reason,omitempty"` // what all of them say, where it is more than the cause
	Hint     string    `json:"hint,omitempty"`
	Count    int       `json:"count"`
	Oldest   time.Time `json:"oldest"`
	Example  string    `json:"example"`           // key of the oldest of them
	Amount   string    `json:"amount,omitempty"`  // their money together, to the last digit; "" where none is known
	Unknown  int       `json:"unknown,omitempty"` // how many of them tell no amount, where others do

	Members []Member `json:"-"` // the oldest few

	whom    problem.Subject // of Hint
	neutral string          // what all of them have said so far, without their own names
}

// List is the command that lists its members.
func (g Group) List() string {
	list := "pipectl errors list " + problem.Arg(g.Pipeline)
	if g.Kind == string(state.Later) {
		list += " --all"
	}
	if g.Cause == otherCauses {
		return list
	}
	return list + " --cause " + problem.Arg(g.whom.Cause)
}

// Member is one exception of a group.
type Member struct {
	Key, Field, Amount string
	First, Due         time.Time
}

// mostCauses is how many causes are told apart; what others there are counts together, so that
// reasons that are other ones for each record fill no memory.
const mostCauses = 2_000

// otherCauses is the group of those.
const otherCauses = "… other causes"

// Groups gathers the exceptions that fit by cause, the most numerous first, each with its oldest
// members, at most so many; 0: all of them.
func (e *Engine) Groups(f Filter, members int) ([]Group, error) {
	g := gathering{members: members, at: map[[3]string]*Group{}}
	err := e.EachException(f, func(x state.Exception) error { g.add(x); return nil })
	return g.sorted(), err
}

type gathering struct {
	members int
	at      map[[3]string]*Group // by pipeline, kind and cause
	all     []*Group
}

func (g *gathering) add(x state.Exception) {
	to := g.of(x)
	if to.Count++; to.Count == 1 || x.First.Before(to.Oldest) {
		to.Oldest, to.Example = x.First, x.Key
	}
	switch {
	case len(x.Causes) > 0: // which say it
	case to.Count == 1:
		to.Reason, to.neutral = Told(x.Field, x.Reason), neutral(x)
	case to.neutral == neutral(x):
		to.Reason = to.neutral
	default:
		to.Reason, to.neutral = "", ""
	}
	to.money(x.Amount)
	to.keep(Member{x.Key, x.Field, x.Amount, x.First, x.Due}, g.members)
}

// of is the group of an exception.
func (g *gathering) of(x state.Exception) *Group {
	id := [3]string{x.Pipeline, string(x.Kind), Cause(x)}
	to, hint := g.at[id], x.Hint
	if to == nil && len(g.all) >= mostCauses {
		id[2], hint = otherCauses, ""
		to = g.at[id]
	}
	if to == nil {
		to = &Group{
			Pipeline: x.Pipeline, Kind: string(x.Kind), Cause: id[2], Hint: hint,
			whom: problem.Subject{Pipeline: x.Pipeline, Key: x.Key, Number: x.TargetKey, Cause: word(x)},
		}
		g.at[id] = to
		g.all = append(g.all, to)
	}
	return to
}

// keep takes a member in when it belongs to the oldest so many.
func (g *Group) keep(m Member, most int) {
	i, _ := slices.BinarySearchFunc(g.Members, m, func(a, b Member) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Key, b.Key))
	})
	if most > 0 && i >= most {
		return
	}
	if most > 0 && len(g.Members) == most {
		g.Members = g.Members[:most-1]
	}
	g.Members = slices.Insert(g.Members, i, m)
}

// money adds one exception's. The pipeline's first of amounts: is what it is counted in.
func (g *Group) money(amount string) {
	one, err := value.ParseValue(amount)
	if err != nil || one.Kind() != value.Number {
		g.Unknown++
		return
	}
	if g.Amount != "" {
		sum, err := value.ParseValue(g.Amount)
		if err == nil {
			one, err = value.Add(sum, one)
		}
		if err != nil {
			g.Unknown++
			return
		}
	}
	g.Amount = one.JSON()
}

func (g *gathering) sorted() []Group {
	out := make([]Group, len(g.all))
	for i, x := range g.all {
		if x.Count == 1 {
			x.whom.Cause = ""
		} else {
			x.whom.Key, x.whom.Number = "", ""
		}
		x.Hint = x.whom.Fill(x.Hint)
		if x.Amount == "" {
			x.Unknown = 0
		}
		out[i] = *x
	}
	slices.SortStableFunc(out, func(a, b Group) int {
		return cmp.Or(b.Count-a.Count, a.Oldest.Compare(b.Oldest), cmp.Compare(a.Pipeline, b.Pipeline), cmp.Compare(a.Cause, b.Cause))
	})
	return out
}
