package spec

import (
	"slices"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// loadConnections reads the connections of the chosen environment, and looks through those of the
// others: a mistake in them is one today, too.
func (l *loader) loadConnections(f file) {
	for _, e := range f.Environments {
		connections := l.connections(f.Connections, e.Value.Connections)
		if e.Name == l.Environment {
			l.project.Protected = e.Value.Protected
			l.project.Connections = connections
		}
	}
	if f.Environments.Get(l.Environment) == nil {
		l.project.Connections = l.connections(f.Connections, nil)
	}
	l.nameEnvironment(f)
}

// nameEnvironment settles what the environment is called: its state is kept under that name.
func (l *loader) nameEnvironment(f file) {
	p := l.project
	simulated := slices.ContainsFunc(p.Connections, func(c *Connection) bool { return c.Sandbox })
	switch p.Environment = l.Environment; {
	case p.Environment == "" && simulated:
		p.Environment = Sandbox
	case p.Environment == "":
		p.Environment = "default"
	case p.Environment != Sandbox && p.Environment != "default" && f.Environments.Get(p.Environment) == nil:
		l.problems.Add(mistake(problem.Pos{File: ProjectFile}, "PC130", `environment "`+p.Environment+`" is unknown`,
			problem.DidYouMean(p.Environment, f.Environments.Names())))
	}
}

func (l *loader) connections(base, over Named[rawConnection]) []*Connection {
	var out []*Connection
	for _, e := range base {
		node := e.Value.node
		if o := over.Get(e.Name); o != nil && o.node != nil {
			node = overlay(node, o.node)
		}
		if c := l.connection(e.Name, e.At, node); c != nil {
			out = append(out, c)
		}
	}
	for _, e := range over {
		if base.Get(e.Name) != nil {
			continue
		}
		if e.Value.node != nil && e.Value.node.Get("type") == nil {
			l.problems.Add(mistake(e.At, "PC121", `connection "`+e.Name+`" is unknown`, problem.DidYouMean(e.Name, base.Names())))
			continue
		}
		if c := l.connection(e.Name, e.At, e.Value.node); c != nil {
			out = append(out, c)
		}
	}
	return out
}

// overlay lays the members of over on those of base, mappings within mappings too.
func overlay(base, over *Node) *Node {
	if base == nil || base.Kind != Map || over.Kind != Map {
		return over
	}
	out := *base
	out.Members = slices.Clone(base.Members)
	for _, m := range over.Members {
		i := slices.IndexFunc(out.Members, func(x Member) bool { return x.Name() == m.Name() })
		if i < 0 {
			out.Members = append(out.Members, m)
			continue
		}
		out.Members[i] = Member{Key: m.Key, Value: overlay(out.Members[i].Value, m.Value)}
	}
	return &out
}

// connection reads one connection with the configuration of its type.
func (l *loader) connection(name string, at problem.Pos, node *Node) *Connection {
	if node == nil {
		return nil
	}
	names := &names{dir: l.names.dir, env: l.names.env}
	d := &Decoder{names: names, path: []string{"connections", name}}
	defer func() {
		l.once(d.problems)
		for _, s := range names.secrets {
			l.names.learn(s)
		}
	}()
	common, own := split(node)
	var keys connectionKeys
	d.Decode(common, &keys)
	if keys.Type.Text == "" {
		return nil
	}
	i := slices.IndexFunc(l.Connectors, func(x connector.Definition) bool { return x.Name == keys.Type.Text })
	if i < 0 {
		d.Report(keys.Type.At, "PC131", `there is no connector "`+keys.Type.Text+`"`, problem.DidYouMean(keys.Type.Text, l.connectorNames()))
		return nil
	}
	c := &Connection{Name: name, Type: keys.Type.Text, At: at, Definition: l.Connectors[i]}
	c.Rate = connector.Rate{PerSecond: keys.Rate.PerSecond, InFlight: keys.Rate.InFlight}
	if c.Rate.PerSecond < 0 || c.Rate.InFlight < 0 {
		d.Report(node.Get("rate").At, "PC133", "rate of connection "+name+" is below zero", "leave it out for the connector's own rate")
	}
	c.Sandbox = own.Get("url") != nil && l.isSandbox(own.Get("url"))
	d.lenient = c.Sandbox
	c.Config = c.Definition.New()
	d.Decode(own, c.Config)
	c.Missing = names.missing
	for _, m := range names.missing {
		if !slices.ContainsFunc(l.project.Notices, func(x *problem.Error) bool { return *x == *m }) {
			notice := *m
			l.project.Notices.Add(&notice)
		}
	}
	return c
}

// once adds mistakes that were not told yet: a connection is read anew for each environment.
func (l *loader) once(list problem.List) {
	for _, p := range list {
		if !slices.ContainsFunc(l.problems, func(x *problem.Error) bool { return *x == *p }) {
			l.problems.Add(p)
		}
	}
}

// isSandbox looks at a url before the rest is read.
func (l *loader) isSandbox(n *Node) bool {
	quiet := &names{dir: l.names.dir, env: l.names.env}
	text, ok := quiet.expand(&Decoder{names: quiet}, n)
	return ok && text == Sandbox
}

// split parts the keys that every connection has from the connector's own.
func split(n *Node) (common, own *Node) {
	common, own = &Node{Kind: Map, At: n.At}, &Node{Kind: Map, At: n.At}
	for _, m := range n.Members {
		to := own
		if m.Name() == "type" || m.Name() == "rate" {
			to = common
		}
		to.Members = append(to.Members, m)
	}
	return common, own
}

func (l *loader) connectorNames() []string {
	out := make([]string, len(l.Connectors))
	for i, d := range l.Connectors {
		out[i] = d.Name
	}
	return out
}
