package engine

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/run"
	"github.com/pipectl/pipectl/engine/spec"
)

// uses lists the connections that a pipeline needs, each once: those of its source, its target and
// its look-ups.
func (p *program) uses(e *Engine) []run.Use {
	var out []run.Use
	for _, name := range p.connections() {
		out = append(out, e.use(name))
	}
	return out
}

func (p *program) connections() []string {
	names := []string{p.spec.Source.Connection.Text}
	if t := p.spec.Target; t != nil {
		names = append(names, t.Connection.Text)
	}
	for _, a := range p.steps.Asks {
		names = append(names, a.Connection)
	}
	var out []string
	for _, n := range names {
		if n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func (e *Engine) use(name string) run.Use {
	return run.Use{
		Name: name,
		Open: func(ctx context.Context) (connector.Conn, error) { return e.Connect(ctx, name) },
		Seal: func(salt []byte) []byte { return seal(e.Project.Connection(name), salt) },
	}
}

// sealing makes guessing a weak password from its seal slow.
const sealing = 100_000

// seal is a fingerprint of a connection's settings, from which nobody learns them.
func seal(c *spec.Connection, salt []byte) []byte {
	if c == nil {
		return nil
	}
	settings, err := json.Marshal(c.Config) // exported fields of plain types
	if err != nil {
		return nil
	}
	out, err := pbkdf2.Key(sha256.New, string(settings), salt, sealing, 16)
	if err != nil {
		return nil
	}
	return out
}
