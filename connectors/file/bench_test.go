package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/value"
)

const benchLines = 20000

// order is a line of the size that orders have, about 630 bytes.
const order = `{"order_id":"SO2026%09d","shop":"shop-%03d","platform":"temu","buyer_id":"B%07d","buyer_name":"D'Angelo Rossi","currency":"CNY","status":"REFUNDING","created":"2026-01-01T00:01:06+08:00","updated":"2026-01-01T01:18:08+08:00","amount":7830.61,"freight":10,"remark":"box says \"fragile\"","address":{"province":"广东省","city":"深圳市","district":"南山区","street":"科技园南路836号","zip":"155379","phone":"13083064567"},"items":[{"line":1,"sku_code":"sku-002041","name":"Tee black","qty":7,"price":99.27},{"line":2,"sku_code":"sku-019971","name":"Bottle","qty":9,"price":462.04},{"line":3,"sku_code":"sku-009084","name":"Lamp \"Lumi\"","qty":5,"price":325.60}]}` + "\n"

func benchFolder(b *testing.B) *conn {
	b.Helper()
	dir := b.TempDir()
	var jsonl []byte
	csv := []byte("order_id,shop,buyer,amount,remark\n")
	for i := range benchLines {
		jsonl = fmt.Appendf(jsonl, order, i, i%40, i)
		csv = fmt.Appendf(csv, "SO2026%09d,shop-%03d,\"buyer, %d\",%d.50,\n", i, i%40, i, i)
	}
	for name, data := range map[string][]byte{"o.jsonl": jsonl, "o.csv": csv} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return &conn{dir: dir, account: "bench", now: time.Now, marks: map[string]int64{}, news: map[string]*replacement{}}
}

func perLine(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchLines), "ns/line")
}

// BenchmarkLines is the reading alone: blocks and line ends, without the parsing of lines.
func BenchmarkLines(b *testing.B) {
	c := benchFolder(b)
	b.ReportAllocs()
	for b.Loop() {
		f, err := c.file("o.jsonl")
		if err != nil {
			b.Fatal(err)
		}
		bl, err := newBlocks(f, format{})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			x, err := bl.next()
			if err != nil {
				break
			}
			n += strings.Count(x.text, "\n")
		}
		_ = f.Close()
		if n != benchLines {
			b.Fatal(n)
		}
	}
	perLine(b)
}

// BenchmarkRead is what a run pays: lines that have become records.
func BenchmarkRead(b *testing.B) {
	c := benchFolder(b)
	for _, object := range []string{"o.jsonl", "o.csv"} {
		b.Run(object, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for p, err := range c.Read(context.Background(), connector.Query{Object: object}) {
					if err != nil {
						b.Fatal(err)
					}
					n += len(p.Records)
				}
				if n != benchLines {
					b.Fatal(n)
				}
			}
			perLine(b)
		})
	}
}

// BenchmarkWrite is a replacement in batches.
func BenchmarkWrite(b *testing.B) {
	c := benchFolder(b)
	docs := make([]connector.Doc, batch)
	for i := range docs {
		docs[i].Content = value.Known(`{"FBillNo":"EC-1","FCustId":{"FNumber":"CUST.1"},"FDate":"2026-03-01"}`)
	}
	for _, object := range []string{"t.jsonl", "t.csv"} {
		t := connector.Target{Object: object}
		b.Run(object, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Begin(context.Background(), t); err != nil {
					b.Fatal(err)
				}
				for range benchLines / batch {
					if _, err := c.Write(context.Background(), t, docs); err != nil {
						b.Fatal(err)
					}
				}
				if err := c.Abort(context.Background(), t); err != nil {
					b.Fatal(err)
				}
			}
			perLine(b)
		})
	}
}
