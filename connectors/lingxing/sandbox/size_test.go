package sandbox_test

import (
	"fmt"
	"testing"

	lingxingbox "github.com/pipectl/pipectl/connectors/lingxing/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

// BenchmarkStart fills a large account.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		lingxingbox.New(sandbox.New(sandbox.Options{Orders: 200_000, Now: noon}))
	}
}

// BenchmarkPage reads one page of a large account over HTTP.
func BenchmarkPage(b *testing.B) {
	kit := sandbox.New(sandbox.Options{Orders: 200_000, Now: noon})
	srv := sandboxtest.Start(b, lingxingbox.New(kit), kit)
	c := &client{srv: srv, app: vectorApp, token: vectorToken, now: noon}
	sandboxtest.Do(b, srv, "give-token", `{"access_token":"`+vectorToken+`"}`)
	for _, rows := range []int{200, 5000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			body := fmt.Sprintf(`{"date_type":2,"start_date":"2025-09-09 00:00:00","end_date":"2025-10-09 23:59:59","sort_desc_by_date_type":2,"offset":100000,"length":%d}`, rows)
			for b.Loop() {
				status, raw := sandboxtest.Post(b, srv.URL()+ordersPath+"?"+c.query(body).Encode(), body)
				if status != 200 || len(raw) < 1000*rows {
					b.Fatalf("HTTP %d, %d bytes", status, len(raw))
				}
			}
		})
	}
}
