package spec

import (
	"reflect"
	"slices"
	"strings"
)

func (d *Decoder) field(n *Node, f field, v reflect.Value) {
	if f.secret {
		d.secret(n)
		d.sensitive = true
		defer func() { d.sensitive = false }()
	}
	before := len(d.problems)
	d.value(n, v)
	if f.enum == nil || len(d.problems) > before {
		return
	}
	d.enum(n, f, v)
}

// field is what a struct field's tags say.
type field struct {
	name, doc, example string
	index              []int
	typ                reflect.Type
	required, secret   bool
	enum               []string
}

func (f field) say() string {
	hint := "add it: " + f.doc
	if f.example != "" {
		hint += "; for example " + f.name + ": " + f.example
	}
	return hint
}

// fieldsOf lists the fields of a struct that have a key, those of embedded structs among them.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for sf := range t.Fields() {
		name, option, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		if option == "inline" {
			for _, f := range fieldsOf(sf.Type) {
				f.index = append(slices.Clone(sf.Index), f.index...)
				out = append(out, f)
			}
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		f := field{
			name: name, doc: sf.Tag.Get("doc"), example: sf.Tag.Get("example"), index: sf.Index, typ: sf.Type,
			required: sf.Tag.Get("required") == "true", secret: sf.Tag.Get("secret") == "true",
		}
		if e := sf.Tag.Get("enum"); e != "" {
			f.enum = strings.Split(e, ",")
		}
		out = append(out, f)
	}
	return out
}
