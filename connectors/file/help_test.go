package file_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pipectl/pipectl/connectors/file"
	"github.com/pipectl/pipectl/engine/connector"
)

func gzipped(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// folder opens a connection to the folder data below dir.
func folder(tb testing.TB, dir string) connector.Conn {
	tb.Helper()
	conn, err := file.Definition.Open(context.Background(), &file.Config{Dir: "data"}, connector.Env{
		Name: "data", Dir: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// readAll reads an object to its end.
func readAll(tb testing.TB, conn connector.Conn, q connector.Query) ([]connector.Record, bool, error) {
	tb.Helper()
	r, ok := connector.Can[connector.Reader](conn)
	if !ok {
		tb.Fatal("no Reader")
	}
	var out []connector.Record
	complete := false
	for p, err := range r.Read(tb.Context(), q) {
		if err != nil {
			return out, false, err
		}
		out, complete = append(out, p.Records...), p.Complete
	}
	return out, complete, nil
}

func raw(pairs ...string) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return out
}

func slurp(tb testing.TB, dir, name string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "data", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
