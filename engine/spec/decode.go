package spec

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
)

// Unmarshaler is a type that reads its own YAML: a union, a mapping with free names.
type Unmarshaler interface{ UnmarshalNode(d *Decoder, n *Node) }

// Decode reads a node into the struct (or any other value) that into points to. Its tags say what
// may stand there:
//
//	yaml:"name"        the key; without it the field is not read
//	yaml:",inline"     the fields of an embedded struct stand among those of the outer one
//	doc, example       for the reference and the editor
//	required:"true"    the key must be there
//	enum:"a,b"         the values that may stand there
//	secret:"true"      must come from ${NAME} or ${file:PATH}, and is never shown
//
// All mistakes are found in one go.
func Decode(n *Node, into any) problem.List {
	d := &Decoder{}
	d.Decode(n, into)
	return d.problems
}

// Decoder collects the mistakes of one file.
type Decoder struct {
	problems  problem.List
	path      []string
	names     *names // what ${NAME} is read from; nil where ${ has no meaning
	sensitive bool   // the field being read is a secret
	lenient   bool   // required keys may be missing: the sandbox fills them in
}

// Report notes a mistake.
func (d *Decoder) Report(at problem.Pos, id, reason, hint string) {
	d.problems.Add(mistake(at, id, reason, hint))
}

// In names the place in messages while f runs.
func (d *Decoder) In(name string, f func()) {
	if len(d.path) == 1 && d.path[0] == name { // the kind of a step and its key are one word
		f()
		return
	}
	d.path = append(d.path, name)
	f()
	d.path = d.path[:len(d.path)-1]
}

func (d *Decoder) where() string {
	if len(d.path) == 0 {
		return "the file"
	}
	return strings.Join(d.path, ".")
}

// WrongKind notes that a node has another shape than is expected.
func (d *Decoder) WrongKind(n *Node, want Kind) {
	found := n.Kind.String()
	if n.Empty() {
		found = "nothing"
	}
	hint := map[Kind]string{
		Scalar: "write one value",
		List:   "write a list: [a, b], or one line with - for each item",
		Map:    "write keys with values, indented below",
	}[want]
	d.Report(n.At, "PC104", d.where()+" must be "+want.String()+", and is "+found, hint)
}

// Decode reads n into what into points to.
func (d *Decoder) Decode(n *Node, into any) { d.value(n, reflect.ValueOf(into).Elem()) }

func (d *Decoder) value(n *Node, v reflect.Value) {
	if u, ok := reflect.TypeAssert[Unmarshaler](v.Addr()); ok {
		u.UnmarshalNode(d, n)
		return
	}
	switch v.Interface().(type) {
	case time.Duration:
		d.duration(n, v)
		return
	case time.Time:
		d.time(n, v)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem())
	case reflect.Struct:
		d.object(n, v)
	case reflect.Slice:
		d.list(n, v)
	case reflect.Map:
		d.mapping(n, v)
	default:
		d.plain(n, v)
	}
}

func (d *Decoder) list(n *Node, v reflect.Value) {
	if n.Kind != List {
		d.WrongKind(n, List)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items)))
	for i, x := range n.Items {
		d.value(x, v.Index(i))
	}
}

func (d *Decoder) mapping(n *Node, v reflect.Value) {
	if n.Kind != Map {
		d.WrongKind(n, Map)
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, m := range n.Members {
		x := reflect.New(v.Type().Elem()).Elem()
		d.In(m.Name(), func() { d.value(m.Value, x) })
		v.SetMapIndex(reflect.ValueOf(m.Name()), x)
	}
}

// scalar gives the text of a single value, with ${NAME} filled in. false: there is nothing to go
// on with, and it was said why, or the missing name will be said when the value is needed.
func (d *Decoder) scalar(n *Node, what string) (string, bool) {
	switch {
	case n.Kind != Scalar:
		d.WrongKind(n, Scalar)
		return "", false
	case n.Empty():
		d.Report(n.At, "PC143", d.where()+" has no value", "write "+what+", or leave the key out")
		return "", false
	case d.names == nil:
		return n.Text, true
	}
	return d.names.expand(d, n)
}

func (d *Decoder) plain(n *Node, v reflect.Value) {
	text, ok := d.scalar(n, "a value")
	if !ok {
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			d.wrong(n, text, "true or false")
			return
		}
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int64, reflect.Int32:
		var i int64
		if i, err = strconv.ParseInt(text, 10, v.Type().Bits()); err != nil {
			d.wrong(n, text, "a whole number")
			return
		}
		v.SetInt(i)
	case reflect.Float64:
		var f float64
		if f, err = strconv.ParseFloat(text, 64); err != nil {
			d.wrong(n, text, "a number")
			return
		}
		v.SetFloat(f)
	default:
		panic(fmt.Sprintf("spec: a field of type %s can't be read from YAML", v.Type()))
	}
}

func (d *Decoder) wrong(n *Node, text, want string) {
	d.Report(n.At, "PC133", d.where()+" must be "+want+`, and is "`+text+`"`, "write "+want)
}

// object reads a mapping into a struct.
func (d *Decoder) object(n *Node, v reflect.Value) {
	if n.Kind != Map {
		d.WrongKind(n, Map)
		return
	}
	fields := fieldsOf(v.Type())
	var meant []string // known keys that unknown ones probably mean
	for _, m := range n.Members {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == m.Name() })
		if i < 0 {
			meant = append(meant, d.unknown(m.Key, fields))
			continue
		}
		d.In(m.Name(), func() { d.field(m.Value, fields[i], v.FieldByIndex(fields[i].index)) })
	}
	for _, f := range fields {
		if f.required && n.Get(f.name) == nil && !d.lenient && !slices.Contains(meant, f.name) {
			d.Report(n.At, "PC103", d.where()+` lacks the key "`+f.name+`"`, f.say())
		}
	}
}

func (d *Decoder) unknown(key *Node, fields []field) (meant string) {
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.name
	}
	d.Report(key.At, "PC101", `key "`+key.Text+`" is unknown in `+d.where(), problem.DidYouMean(key.Text, known))
	return problem.Nearest(key.Text, known)
}

// enum checks a value, or each of a list, against those that are allowed.
func (d *Decoder) enum(n *Node, f field, v reflect.Value) {
	if n.Kind == List {
		for i, x := range n.Items {
			d.enum(x, f, v.Index(i))
		}
		return
	}
	text := fmt.Sprint(v.Interface())
	if text != "" && !slices.Contains(f.enum, text) {
		d.Report(n.At, "PC105", d.where()+` can't be "`+text+`"`, problem.DidYouMean(text, f.enum))
	}
}
