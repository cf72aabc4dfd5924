package kingdee

import (
	"slices"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/value"
)

// objects describes the known forms. Fields that stand in a group of the head when written are
// there a second time, flat and read-only: that is how the vendor's queries name them, and how
// look-ups ask for them.
func objects() []connector.ObjectInfo {
	var out []connector.ObjectInfo
	for _, f := range forms() {
		out = append(out, describe(f))
	}
	slices.SortFunc(out, func(a, b connector.ObjectInfo) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return 0
	})
	return out
}

func describe(f *form) connector.ObjectInfo {
	text, err := objectFiles.ReadFile("objects/" + f.Name + ".json")
	var s value.Schema
	if err == nil {
		s, err = value.ReadSchema(text)
	}
	if err != nil {
		panic(f.Name + ": " + err.Error()) // embedded, and read by the tests
	}
	return connector.ObjectInfo{
		Name: f.Name, Title: f.Title, Schema: withFlat(f, s), Read: true, Write: !f.ReadOnly,
		Cursors: f.Cursors, Key: f.Number, Params: readParams(),
	}
}

// withFlat adds the flat names of grouped fields.
func withFlat(f *form, s value.Schema) value.Schema {
	for _, group := range f.Props.names {
		if p := f.Props.by[group]; !p.isGroup() || p.WriteOnly {
			continue
		}
		in := s.Properties[group]
		for _, name := range in.Names {
			if _, taken := s.Properties[name]; taken {
				continue
			}
			x := in.Properties[name]
			x.ReadOnly = true
			x.Doc = "reads " + group + "." + name + "; to write it, name it so"
			s.Names = append(s.Names, name)
			s.Properties[name] = x
		}
	}
	return s
}
