// Package shop is the system of workload W2: an order API that is read page by page, and a sink
// that takes bills, at most fifty in one request, and counts what comes.
//
//	GET  /orders?page=1&size=200   {"code":0,"data":{"total":…,"page":1,"has_next":true,"list":[…]}}
//	POST /sink                     an array of bills; 400 for more than fifty, 429 with Retry-After
//	                               when the bucket of a paced sink is empty
//	GET  /counts                   what has come so far
package shop

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/pipectl/pipectl/engine/internal/workload"
)

// Most is how many bills one request may hold.
const Most = 50

// Options say how big and how slow the shop is.
type Options struct {
	Orders    int
	Latency   time.Duration // of each request
	PerSecond int           // posts that the sink takes a second, and at once; 0: no limit
}

// Counts is what the sink has seen.
type Counts struct {
	Posts   int `json:"posts"`   // that were taken
	Bills   int `json:"bills"`   // in them, twice what came twice
	Unique  int `json:"unique"`  // of them by number
	Refused int `json:"refused"` // requests that were wrong
	Limited int `json:"limited"` // requests that came too fast
}

// Shop is the system.
type Shop struct {
	o      Options
	orders []byte
	ends   []int // where each order ends
	bucket *rate.Limiter

	mu     sync.Mutex
	counts Counts
	seen   map[string]struct{}
}

// New makes a shop with the workload's orders.
func New(o Options) *Shop {
	s := &Shop{o: o, seen: make(map[string]struct{}, o.Orders), ends: make([]int, o.Orders)}
	for i := range o.Orders {
		s.orders = workload.AppendOrder(s.orders, 1, i)
		s.orders[len(s.orders)-1] = ',' // instead of the end of the line
		s.ends[i] = len(s.orders)
	}
	if o.PerSecond > 0 {
		s.bucket = rate.NewLimiter(rate.Limit(o.PerSecond), o.PerSecond)
	}
	return s
}

// Handler serves the shop.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", s.page)
	mux.HandleFunc("POST /sink", s.take)
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(s.counts) // whoever asked is gone
	})
	return mux
}

func (s *Shop) wait() {
	if s.o.Latency > 0 {
		<-time.After(s.o.Latency)
	}
}

func (s *Shop) page(w http.ResponseWriter, r *http.Request) {
	s.wait()
	page, err1 := strconv.Atoi(r.URL.Query().Get("page"))
	size, err2 := strconv.Atoi(r.URL.Query().Get("size"))
	if err1 != nil || err2 != nil || page < 1 || size < 1 {
		s.refuse(w)
		return
	}
	from, to := min((page-1)*size, s.o.Orders), min(page*size, s.o.Orders)
	var list []byte
	if from < to {
		begin := 0
		if from > 0 {
			begin = s.ends[from-1]
		}
		list = s.orders[begin : s.ends[to-1]-1] // without the last comma
	}
	w.Header().Set("Content-Type", "application/json")
	head := `{"code":0,"data":{"total":` + strconv.Itoa(s.o.Orders) + `,"page":` + strconv.Itoa(page) +
		`,"has_next":` + strconv.FormatBool(to < s.o.Orders) + `,"list":[`
	w.Header().Set("Content-Length", strconv.Itoa(len(head)+len(list)+3))
	_, _ = io.WriteString(w, head) // whoever asked is gone
	_, _ = w.Write(list)
	_, _ = io.WriteString(w, "]}}")
}

func (s *Shop) take(w http.ResponseWriter, r *http.Request) {
	var bills []struct{ FBillNo string }
	body, err := io.ReadAll(r.Body)
	s.wait()
	if err != nil || json.Unmarshal(body, &bills) != nil || len(bills) == 0 || len(bills) > Most {
		s.refuse(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bucket != nil && !s.bucket.Allow() {
		s.counts.Limited++
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	s.counts.Posts++
	for _, b := range bills {
		s.counts.Bills++
		s.seen[b.FBillNo] = struct{}{}
	}
	s.counts.Unique = len(s.seen)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"code":0}`)
}

func (s *Shop) refuse(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Refused++
	w.WriteHeader(http.StatusBadRequest)
}
