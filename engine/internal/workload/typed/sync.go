package typed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// pageSize and most are what the API of workload W2 gives and takes in one request.
const (
	pageSize = 200
	most     = 50
)

// Sync is workload W2 as a programmer writes it by hand: fetchers and posters around two channels,
// the same mapping as Run. perSecond spaces the posts evenly; 0 doesn't.
func Sync(url, customers string, fetchers, posters, perSecond int) (Counts, error) {
	table, err := load(customers)
	if err != nil {
		return Counts{}, err
	}
	c := &client{
		url: url, table: table, pages: make(chan int), batches: make(chan []*bill, posters), end: make(chan struct{}),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: fetchers + posters}},
	}
	if perSecond > 0 {
		c.pace = time.NewTicker(time.Second / time.Duration(perSecond))
		defer c.pace.Stop()
	}
	return c.sync(fetchers, posters)
}

type client struct {
	url     string
	table   map[string]string
	http    *http.Client
	pace    *time.Ticker
	pages   chan int
	batches chan []*bill
	end     chan struct{} // closed at the first mistake

	mu     sync.Mutex
	counts Counts
	err    error
}

type answer struct {
	Code int `json:"code"`
	Data struct {
		Total int     `json:"total"`
		List  []order `json:"list"`
	} `json:"data"`
}

func (c *client) sync(fetchers, posters int) (Counts, error) {
	first, err := c.fetch(1)
	if err != nil {
		return Counts{}, err
	}
	go c.number((first.Data.Total + pageSize - 1) / pageSize)
	var fetching, posting sync.WaitGroup
	for range posters {
		posting.Go(func() {
			for b := range c.batches {
				c.fail(c.post(b))
			}
		})
	}
	for i := range fetchers {
		fetching.Go(func() {
			if i == 0 {
				c.convert(first)
			}
			for n := range c.pages {
				page, err := c.fetch(n)
				c.fail(err)
				c.convert(page)
			}
		})
	}
	fetching.Wait()
	close(c.batches)
	posting.Wait()
	return c.counts, c.err
}

// number gives out the numbers of the pages behind the first one.
func (c *client) number(pages int) {
	defer close(c.pages)
	for n := 2; n <= pages; n++ {
		select {
		case c.pages <- n:
		case <-c.end:
			return
		}
	}
}

func (c *client) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && c.err == nil {
		c.err = err
		close(c.end)
	}
}

func (c *client) fetch(page int) (answer, error) {
	var a answer
	resp, err := c.http.Get(c.url + "/orders?page=" + strconv.Itoa(page) + "&size=" + strconv.Itoa(pageSize)) //nolint:noctx // a program for one task
	if err != nil {
		return a, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return a, err
	}
	if a.Code != 0 {
		return a, fmt.Errorf("page %d: code %d", page, a.Code)
	}
	return a, nil
}

func (c *client) convert(page answer) {
	n := Counts{Read: len(page.Data.List)}
	var batch []*bill
	for i := range page.Data.List {
		o := &page.Data.List[i]
		if broken(o) != "" {
			n.Bad++
			continue
		}
		batch = append(batch, mapped(o, c.table))
		if len(batch) == most {
			c.batches <- batch
			batch = nil
		}
		n.Written++
	}
	if len(batch) > 0 {
		c.batches <- batch
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts = Counts{c.counts.Read + n.Read, c.counts.Written + n.Written, c.counts.Bad + n.Bad}
}

func (c *client) post(batch []*bill) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(batch); err != nil {
		return err
	}
	if c.pace != nil {
		<-c.pace.C
	}
	resp, err := c.http.Post(c.url+"/sink", "application/json", &body) //nolint:noctx // a program for one task
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("POST /sink: %s", resp.Status)
	}
	return nil
}
