package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

// Page and dump show everything but credentials.
func TestNothingSecretIsShown(t *testing.T) {
	c := start(t, sandbox.Options{})
	c.orders("")
	for _, path := range []string{"", "dump"} {
		status, raw := sandboxtest.Send(t, "GET", c.srv.ControlURL()+path, nil, nil)
		if status != 200 || !strings.Contains(string(raw), "MUG-RED") || !strings.Contains(string(raw), ordersPath) {
			t.Errorf("%q: HTTP %d, %d bytes", path, status, len(raw))
		}
		for name, secret := range map[string]string{"secret": c.secret, "token": c.token} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("%q shows the %s", path, name)
			}
		}
	}
}

// Every action's example is taken by it, once it names an order that is there.
func TestExamplesWork(t *testing.T) {
	var list []struct {
		Name    string
		Doc     string
		Example json.RawMessage
	}
	c := start(t, sandbox.Options{})
	sandboxtest.Control(t, c.srv, "GET", "actions", nil, &list)
	if len(list) < 20 {
		t.Fatalf("%d actions", len(list))
	}
	for _, a := range list {
		t.Run(a.Name, func(t *testing.T) {
			c := start(t, sandbox.Options{})
			c.do("add-order", `{"sid":113,"order_id":"111-2233445-6677889"}`)
			if a.Doc == "" {
				t.Error("it is not documented")
			}
			c.do(a.Name, string(a.Example))
		})
	}
}
