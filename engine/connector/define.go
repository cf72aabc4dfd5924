package connector

import (
	"context"
	"fmt"
)

// Definition is one kind of system: what a connection in pipectl.yaml may be set to, how it is
// opened, and the objects that it is known to have.
type Definition struct {
	Name  string // "kingdee"
	Title string // "金蝶云星空"
	// New returns a pointer to a Config that holds the defaults; its tags (yaml, doc, required,
	// secret, example) parse, check, document and redact.
	New func() any
	// Open opens a connection with a Config made by New.
	Open func(ctx context.Context, config any, env Env) (Conn, error)
	// Objects lists what the system holds, known without asking it. It may be nil.
	Objects func() []ObjectInfo
}

// Define makes a Definition of a typed configuration.
func Define[C any](name, title string, defaults C, open func(context.Context, C, Env) (Conn, error)) Definition {
	return Definition{
		Name:  name,
		Title: title,
		New:   func() any { c := defaults; return &c },
		Open: func(ctx context.Context, config any, env Env) (Conn, error) {
			c, ok := config.(*C)
			if !ok {
				return nil, fmt.Errorf("connector %s: configuration is %T", name, config)
			}
			return open(ctx, *c, env)
		},
	}
}

// With returns the definition with its objects.
func (d Definition) With(objects func() []ObjectInfo) Definition {
	d.Objects = objects
	return d
}

// Object finds an object by name.
func (d Definition) Object(name string) (ObjectInfo, bool) {
	if d.Objects == nil {
		return ObjectInfo{}, false
	}
	for _, o := range d.Objects() {
		if o.Name == name {
			return o, true
		}
	}
	return ObjectInfo{}, false
}
