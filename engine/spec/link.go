package spec

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// link checks what the files say of each other.
func (l *loader) link() {
	seen := map[string]problem.Pos{}
	for _, p := range l.project.Pipelines {
		l.linkName(p, seen)
		l.linkSource(p)
		l.linkTarget(p)
		l.linkOthers(p)
	}
}

func (l *loader) report(at problem.Pos, id, reason, hint string) {
	l.problems.Add(mistake(at, id, reason, hint))
}

var pipelineName = regexp.MustCompile(`^[\pL\pN][\pL\pN._-]*$`)

func (l *loader) linkName(p *Pipeline, seen map[string]problem.Pos) {
	name := p.Name.Text
	switch first, twice := seen[name]; {
	case name == "":
	case !pipelineName.MatchString(name):
		l.report(p.Name.At, "PC134", `pipeline name "`+name+`" holds a character that a name can't have`, "use letters, digits, - _ and . only")
	case twice:
		l.report(p.Name.At, "PC120", `pipeline name "`+name+`" is taken`, "it is the name of "+first.String()+" too; give each pipeline a name of its own")
	default:
		seen[name] = p.Name.At
	}
}

// lookUpConnection finds a connection by name, and says so when there is none.
func (l *loader) lookUpConnection(name Text) *Connection {
	c := l.project.Connection(name.Text)
	if c == nil && l.whole && name.Text != "" && !l.project.Declares(name.Text) {
		l.report(name.At, "PC121", `connection "`+name.Text+`" is unknown`, problem.DidYouMean(name.Text, l.project.connectionNames()))
	}
	return c
}

// ObjectOf finds what a connection says of an object. A name that is almost one of those it
// knows is a mistake; another one may well exist there.
func (c *Connection) ObjectOf(name Text) (connector.ObjectInfo, bool, *problem.Error) {
	if info, ok := c.Definition.Object(name.Text); ok || c.Definition.Objects == nil {
		return info, ok, nil
	}
	var known []string
	for _, o := range c.Definition.Objects() {
		known = append(known, o.Name)
	}
	if near := problem.Nearest(name.Text, known); near != "" {
		return connector.ObjectInfo{}, false, mistake(name.At, "PC122", `object "`+name.Text+`" is unknown in `+c.Name, problem.DidYouMean(name.Text, known))
	}
	return connector.ObjectInfo{}, false, nil
}

func (l *loader) linkSource(p *Pipeline) {
	s := &p.Source
	if !s.Schema.IsZero() {
		s.known = l.schemaFile(p, s.Schema)
	}
	c := l.lookUpConnection(s.Connection)
	if c == nil || s.Object.IsZero() {
		return
	}
	info, ok, bad := c.ObjectOf(s.Object)
	if bad != nil {
		l.problems.Add(bad)
	}
	if !ok {
		return
	}
	if !info.Read {
		l.report(s.Object.At, "PC136", info.Name+" in "+c.Name+" can't be read", "choose an object that can; pipectl connectors lists them")
	}
	if s.known == nil && info.Schema.Type != value.Absent {
		s.known = &info.Schema
	}
	if s.Cursor != nil && !s.Cursor.Field.IsZero() && info.Cursors != nil && !slices.Contains(info.Cursors, s.Cursor.Field.Text) {
		l.report(s.Cursor.Field.At, "PC135", s.Cursor.Field.Text+" can't be the cursor of "+info.Name, problem.DidYouMean(s.Cursor.Field.Text, info.Cursors))
	}
	l.linkParams(s.Params, info)
}

func (l *loader) linkParams(params Params, info connector.ObjectInfo) {
	if info.Params == nil {
		return
	}
	for name, v := range params {
		if !slices.Contains(info.Params, name) {
			l.report(v.At, "PC137", `parameter "`+name+`" is unknown for `+info.Name, problem.DidYouMean(name, info.Params))
		}
		l.linkParamValues(name, v, info)
	}
}

// linkParamValues checks what a parameter asks for against the values that the field of its name
// is known to have: one that the source doesn't know finds nothing, and says nothing.
func (l *loader) linkParamValues(name string, p Param, info connector.ObjectInfo) {
	field, ok := info.Schema.Properties[name]
	if !ok || len(field.Enum) == 0 {
		return
	}
	var texts []string
	if json.Unmarshal(p.JSON, &texts) != nil {
		texts = make([]string, 1)
		if json.Unmarshal(p.JSON, &texts[0]) != nil {
			return // numbers and such: the connector's own words
		}
	}
	for _, text := range texts {
		if !slices.Contains(field.Enum, text) {
			l.report(p.At, "PC137", `parameter "`+name+`" asks for "`+text+`", which `+info.Name+` never has`, problem.DidYouMean(text, field.Enum))
		}
	}
}

// schemaFile reads the file that `schema:` names, relative to the pipeline or to the project.
func (l *loader) schemaFile(p *Pipeline, name Text) *value.Schema {
	file := filepath.Join(l.project.Dir, filepath.Dir(p.File), name.Text)
	if _, err := os.Stat(file); err != nil {
		file = filepath.Join(l.project.Dir, name.Text)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		l.report(name.At, "PC128", `schema file "`+name.Text+`" can't be read: `+reasonOf(err), "its path is relative to the pipeline or to the project")
		return nil
	}
	s, err := value.ReadSchema(raw)
	if err != nil {
		l.report(name.At, "PC128", `schema file "`+name.Text+`" is no schema: `+err.Error(), "")
		return nil
	}
	return &s
}

func (l *loader) linkTarget(p *Pipeline) {
	t := p.Target
	if t == nil {
		if len(p.Keep) == 0 {
			l.report(p.At, "PC139", "pipeline "+p.Name.Text+" has neither target nor keep, so nothing would come of it",
				"add target, or keep what other pipelines look up")
		}
		return
	}
	if t.Batch < 0 {
		l.report(t.Key.At, "PC133", "target.batch is below zero", "leave it out for what the target allows")
	}
	c := l.lookUpConnection(t.Connection)
	if c == nil || t.Object.IsZero() {
		return
	}
	info, ok, bad := c.ObjectOf(t.Object)
	if bad != nil {
		l.problems.Add(bad)
	}
	if !ok {
		return
	}
	if !info.Write {
		l.report(t.Object.At, "PC136", info.Name+" in "+c.Name+" can't be written", "choose an object that can; pipectl connectors lists them")
	}
	if info.Schema.Type != value.Absent {
		schema := l.withAlso(info.Schema, t.Also)
		t.known = &schema
	}
	l.linkMark(t)
}

// linkMark checks that target.mark names a field that can carry a mark.
func (l *loader) linkMark(t *Target) {
	name := t.Mark.Text
	field, known := t.known.Member(name)
	switch {
	case name == "":
	case strings.ContainsAny(name, ".[]"):
		l.report(t.Mark.At, "PC253", "target.mark has "+name+", which is no field of the document's head", "name one without dots: F_PIPECTL_MARK")
	case name == t.Key.Text:
		l.report(t.Mark.At, "PC142", "target.mark and target.key both name "+name, "give the mark a field of its own")
	case !t.Shared.IsZero():
		l.report(t.Mark.At, "PC142", "target.mark doesn't go with shared: a mark has one owner", "leave one of the two out")
	case !t.known.Known():
	case !known && !t.known.Open:
		l.report(t.Mark.At, "PC250", "target field "+name+" is unknown", problem.DidYouMean(name, t.known.Names)+"; if your account has it, name it: target: {also: ["+name+"]}")
	case known && field.ReadOnly:
		l.report(t.Mark.At, "PC251", "target field "+name+" is computed by the target", "choose a text field that nothing else fills in")
	case known && field.Type != value.Text && field.Type != value.Absent:
		l.report(t.Mark.At, "PC253", "target field "+name+" is "+field.Type.String()+", and a mark is a text", "choose a text field of 41 characters or more")
	}
}

// withAlso adds the fields that the file says the target has. An account's ERP has hundreds that no
// list of ours names; whoever writes one down here has looked it up.
func (l *loader) withAlso(s value.Schema, also []Text) value.Schema {
	for _, a := range also {
		if _, err := value.ParsePath(a.Text); err != nil || strings.ContainsAny(a.Text, "[]") {
			l.report(a.At, "PC250", `target.also has "`+a.Text+`", which is no field`, "write names joined by dots, without brackets: FEntity.FSalUnitID")
			continue
		}
		s = s.WithPath(a.Text, value.Schema{Open: true})
	}
	return s
}

func (l *loader) linkOthers(p *Pipeline) {
	if s := p.Schedule; s != nil && s.After != "" {
		if s.After == p.Name.Text || l.project.Pipeline(s.After) == nil {
			l.report(s.At, "PC124", `pipeline "`+s.After+`" is unknown, or this one itself`, problem.DidYouMean(s.After, l.project.pipelineNames()))
		}
	}
	for _, a := range p.Alerts {
		if l.alerts && !a.IsZero() && l.project.Alerts.Get(a.Text) == nil {
			l.report(a.At, "PC132", `alert channel "`+a.Text+`" is unknown`, problem.DidYouMean(a.Text, l.project.Alerts.Names()))
		}
	}
	if p.State.Text != "none" {
		return
	}
	if p.Source.Cursor != nil || p.Source.Reread != nil || p.Target == nil || len(p.Keep) > 0 {
		l.report(p.State.At, "PC138", "state: none needs a target, and can't go with cursor, reread or keep: they live in the state",
			"leave state out, or read everything each time and replace the target")
		return
	}
	l.project.Notices.Add(&problem.Error{
		Class: problem.Fatal, ID: "PC138", At: p.State.At,
		Reason: "state: none gives up the ledger: nothing is skipped as unchanged, retried or settled by asking; each run replaces the whole target",
		Hint:   "leave it out to get them back",
	})
}
