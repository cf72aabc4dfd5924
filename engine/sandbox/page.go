package sandbox

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"
)

// rowsShown is how many of a collection's newest rows the page lists.
const rowsShown = 20

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page shows a person what is stored, without scripts and without anything from elsewhere.
func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	type data struct {
		Name, URL   string
		Now         time.Time
		Collections []collection
		Actions     []Action
		Happened    map[string]int
		Waiting     []Fault
		Latency     []PathDelay
	}
	all := s.System.Dump()
	in := data{
		Name: s.System.Name(), URL: s.URL(), Now: s.Kit.Clock.Now().UTC().Truncate(time.Second),
		Actions: s.System.Actions(), Happened: s.Kit.Faults.Happened(),
		Waiting: s.Kit.Faults.Waiting(), Latency: s.Kit.Latency.List(),
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		in.Collections = append(in.Collections, newest(name, all[name]))
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, in); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes())
}

// collection is one table of the page.
type collection struct {
	Name    string
	Total   int
	Columns []string
	Rows    [][]string
}

// newest lists the last rows of a slice, the newest first; what is no slice is listed name by name.
func newest(name string, v any) collection {
	c := collection{Name: name}
	if r, ok := v.(Rows); ok {
		c.Total = r.N
		for i := r.N - 1; i >= 0 && i >= r.N-rowsShown; i-- {
			c.add(fields(r.At(i)))
		}
		return c
	}
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.Slice, reflect.Array:
		c.Total = rv.Len()
		for i := rv.Len() - 1; i >= 0 && i >= rv.Len()-rowsShown; i-- {
			c.add(fields(rv.Index(i).Interface()))
		}
	default:
		rows := fields(v)
		c.Total, c.Columns = len(rows), []string{"", "值 value"}
		for _, f := range rows {
			c.Rows = append(c.Rows, []string{f.name, f.text})
		}
	}
	return c
}

// add puts a row under the columns, and makes columns of names not seen before.
func (c *collection) add(row []field) {
	cells := make([]string, len(c.Columns), len(c.Columns)+len(row))
	for _, f := range row {
		i := slices.Index(c.Columns, f.name)
		if i < 0 {
			i = len(c.Columns)
			c.Columns = append(c.Columns, f.name)
			cells = append(cells, "")
		}
		cells[i] = f.text
	}
	c.Rows = append(c.Rows, cells)
}

type field struct{ name, text string }

// fields are the members of a value's JSON object in their order; of any other value, itself.
func fields(v any) []field {
	raw, err := json.Marshal(v)
	if err != nil {
		return []field{{"", err.Error()}}
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, _ := dec.Token(); t != json.Delim('{') {
		return []field{{"", short(raw)}}
	}
	var out []field
	for dec.More() {
		name, _ := dec.Token()
		var val json.RawMessage
		if dec.Decode(&val) != nil {
			break
		}
		text, _ := name.(string)
		out = append(out, field{text, short(val)})
	}
	return out
}

// short is a value as a cell shows it: texts without quotes, long ones cut.
func short(raw json.RawMessage) string {
	const most = 120
	text := string(raw)
	var s string
	if json.Unmarshal(raw, &s) == nil {
		text = s
	}
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
