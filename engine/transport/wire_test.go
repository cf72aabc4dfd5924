package transport

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// TestConnectionsAreKept: forty calls at once are answered over forty connections, and the next forty
// open none.
func TestConnectionsAreKept(t *testing.T) {
	const calls = 40
	var together sync.WaitGroup // no call is answered before all are there
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait()
		_, _ = w.Write([]byte("{}"))
	}))
	var opened atomic.Int32
	s.Config.ConnState = func(_ net.Conn, to http.ConnState) {
		if to == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := client(t, Options{})
	for _, when := range []string{"at first", "again"} {
		together.Add(calls)
		var done sync.WaitGroup
		for range calls {
			done.Go(func() {
				if _, err := c.Do(t.Context(), Call{Method: http.MethodPost, URL: s.URL, Body: []byte("[]")}); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if n := opened.Load(); n != calls {
			t.Fatalf("%s: %d connections were opened for %d calls", when, n, calls)
		}
	}
}
