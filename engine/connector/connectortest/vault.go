package connectortest

import (
	"context"
	"reflect"
	"strings"
	"sync"
)

// Vault keeps in memory what a connection stores across restarts.
type Vault struct {
	mu     sync.Mutex
	values map[string][]byte
}

// Load gives what was saved.
func (v *Vault) Load(_ context.Context, key string) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.values[key], nil
}

// Save keeps a value.
func (v *Vault) Save(_ context.Context, key string, value []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.values == nil {
		v.values = map[string][]byte{}
	}
	v.values[key] = append([]byte(nil), value...)
	return nil
}

func (v *Vault) String() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var b strings.Builder
	for k, x := range v.values {
		b.WriteString(k + "=" + string(x) + "\n")
	}
	return b.String()
}

// fields are the names of a Config's settings, and whether each is secret.
func fields(config any) map[string]bool {
	out := map[string]bool{}
	t := reflect.TypeOf(config).Elem()
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		out[name] = f.Tag.Get("secret") == "true"
	}
	return out
}
