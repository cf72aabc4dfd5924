package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/connectors"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// TestSecretsStayHidden puts right and wrong credentials into every slot and looks for them in all
// that pipectl prints, logs and stores.
func TestSecretsStayHidden(t *testing.T) {
	for _, wrong := range []bool{false, true} {
		t.Run(map[bool]string{false: "right credentials", true: "wrong credentials"}[wrong], func(t *testing.T) {
			dir := t.TempDir()
			if err := copyProject(dir); err != nil {
				t.Fatal(err)
			}
			canaries := writeEnv(t, dir, wrong)
			var out bytes.Buffer
			for _, line := range []string{
				"validate", "doctor -v", "run order-sync -v", "run order-sync -v -o json", "run order-sync --dry-run",
				"status", "runs", "errors", "errors -o json", "connectors kingdee", "doctor -o json",
			} {
				args := append(strings.Fields(line), "-C", dir)
				fmt.Fprintln(&out, "$", line)
				code := execute(t.Context(), args, stdio{in: os.Stdin, out: &out, err: &out, env: func(string) string { return "" }})
				if wrong && strings.HasPrefix(line, "run order-sync -v") && code != exitFailed {
					t.Errorf("%s with wrong credentials ended with %d", line, code)
				}
			}
			look(t, "the output", out.Bytes(), canaries)
			err := filepath.WalkDir(filepath.Join(dir, ".pipectl"), func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := os.ReadFile(name)
				look(t, filepath.Base(name), data, canaries)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// writeEnv starts both sandboxes and writes a .env for them. It gives the values that must not be
// seen anywhere.
func writeEnv(t *testing.T, dir string, wrong bool) []string {
	t.Helper()
	var env strings.Builder
	var canaries []string
	for _, s := range connectors.All() {
		if s.Sandbox == nil {
			continue
		}
		kit := sandbox.New(sandbox.Options{Seed: 1, Orders: 12})
		server, err := sandbox.Serve(t.Context(), s.Sandbox(kit), kit, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range server.Settings() {
			if name == "secret" {
				if wrong {
					v = "CANARY-" + s.Name + "-k+/=%&-0123456789"
				}
				canaries = append(canaries, v)
			}
			fmt.Fprintf(&env, "%s_%s=%s\n", strings.ToUpper(s.Name), strings.ToUpper(name), v)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(env.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return canaries
}

func look(t *testing.T, where string, data []byte, canaries []string) {
	t.Helper()
	for _, c := range canaries {
		if i := bytes.Index(data, []byte(c)); i >= 0 {
			t.Errorf("%s holds a secret: …%s…", where, data[max(0, i-80):min(len(data), i+len(c)+20)])
		}
	}
}
