package file_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pipectl/pipectl/connectors/file"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/connector/connectortest"
	"github.com/pipectl/pipectl/engine/value"
)

// TestConformance runs the shared suite over a folder with every format.
func TestConformance(t *testing.T) {
	const rows = 3000
	csv := []byte("order_no,sku,address.city\r\n")
	var jsonl []byte
	for i := range rows {
		csv = fmt.Appendf(csv, "A-%04d,\"SKU, %d\",\"one\ntwo\"\r\n", i, i%7)
		jsonl = fmt.Appendf(jsonl, `{"order_no":"A-%04d","sku":"S%d","n":%d,"address":{"city":"上海"}}`+"\n", i, i%7, i)
	}
	sys := connectortest.System{
		Definition: file.Definition,
		Settings:   map[string]string{"dir": "data"},
		Prepare: func(tb testing.TB, box *connectortest.Box) {
			put(tb, box.Dir, "orders.csv", csv)
			put(tb, box.Dir, "orders.jsonl", jsonl)
			put(tb, box.Dir, "orders.jsonl.gz", gzipped(tb, jsonl))
		},
	}
	keys := func(testing.TB, *connectortest.Box) []string {
		out := make([]string, rows)
		for i := range out {
			out[i] = fmt.Sprintf("A-%04d", i)
		}
		return out
	}
	for _, object := range []string{"orders.csv", "orders.jsonl", "orders.jsonl.gz"} {
		sys.Reads = append(sys.Reads, connectortest.Read{
			Object: object, Key: []string{"order_no"}, Keys: keys, Find: []string{"order_no", "sku"},
			Gone: func(tb testing.TB, box *connectortest.Box) string { // the first row
				put(tb, box.Dir, "orders.csv", append(csv[:27:27], csv[bytes.Index(csv, []byte("A-0001")):]...))
				put(tb, box.Dir, "orders.jsonl", jsonl[bytes.IndexByte(jsonl, '\n')+1:])
				put(tb, box.Dir, "orders.jsonl.gz", gzipped(tb, jsonl[bytes.IndexByte(jsonl, '\n')+1:]))
				return "A-0000"
			},
		})
	}
	for _, object := range []string{"out.csv", "out.jsonl", "deep/out.ndjson.gz", "out.tsv.gz"} {
		for _, mode := range []string{"replace", "append"} {
			sys.Writes = append(sys.Writes, connectortest.Write{
				Target: connector.Target{Object: object, Key: "FBillNo", Params: map[string]json.RawMessage{"mode": json.RawMessage(`"` + mode + `"`)}},
				Doc:    document, Sent: 40,
			})
		}
	}
	connectortest.Run(t, sys)
}

func document(n int) connector.Doc {
	key := fmt.Sprintf("EC-%04d", n)
	return connector.Doc{Key: key, Content: value.Known(fmt.Sprintf(`{"FBillNo":%q,"FCustId":{"FNumber":"C, %d"},"FQty":12.50,"FNote":null}`, key, n))}
}

func put(tb testing.TB, dir, name string, data []byte) {
	tb.Helper()
	path := filepath.Join(dir, "data", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		tb.Fatal(err)
	}
}
