// Package api is workload W2 as pipectl runs it: a connector for the shop, and the project that
// moves its orders into its sink, with the whole of what a run promises.
package api

import (
	"context"
	"embed"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/internal/workload/shop"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/transport"
	"github.com/pipectl/pipectl/engine/value"
)

// Project is the project of the workload; its table is written beside it.
//
//go:embed w2
var Project embed.FS

// Definition is the shop as a connector.
var Definition = connector.Define("shop", "a shop", Config{Fetchers: 4, Posters: 8}, open)

// Config is a connection to a shop.
type Config struct {
	URL      string `yaml:"url" doc:"address" required:"true"`
	Fetchers int    `yaml:"fetchers" doc:"pages asked for at once"`
	Posters  int    `yaml:"posters" doc:"writes at once"`
}

const pageSize = 200

type conn struct {
	Config
	calls *transport.Client
	now   func() time.Time
}

func open(_ context.Context, cfg Config, env connector.Env) (connector.Conn, error) {
	return &conn{Config: cfg, now: env.Now, calls: transport.New(transport.Options{
		Name: env.Name, PerSecond: env.Rate.PerSecond, InFlight: env.Rate.InFlight, Log: env.Log, Meter: env.Meter, Now: env.Now,
	})}, nil
}

// Account implements connector.Conn.
func (c *conn) Account() string { return "the shop" }

// Close implements connector.Conn.
func (c *conn) Close() error {
	c.calls.Close()
	return nil
}

type fetched struct {
	page connector.Page
	more bool
	err  error
}

// Read gives the pages in order; as many as there are fetchers are asked for at once.
func (c *conn) Read(ctx context.Context, q connector.Query) iter.Seq2[connector.Page, error] {
	return func(yield func(connector.Page, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var asked []chan fetched
		for n := 1; ; n++ {
			ch := make(chan fetched, 1)
			go func() { ch <- c.fetch(ctx, q.Object, n) }()
			asked = append(asked, ch)
			if len(asked) < c.Fetchers {
				continue
			}
			got := <-asked[0]
			asked = asked[1:]
			if !yield(got.page, got.err) || got.err != nil || !got.more {
				return
			}
		}
	}
}

func (c *conn) fetch(ctx context.Context, object string, n int) fetched {
	asked := c.now()
	got, err := c.calls.Do(ctx, transport.Call{Method: http.MethodGet, Read: true, URL: c.URL + "/" + object + "?page=" + strconv.Itoa(n) + "&size=" + strconv.Itoa(pageSize)})
	if err != nil {
		return fetched{err: err}
	}
	list, more, ok := takeApart(got.Body)
	if !ok {
		return fetched{err: &problem.Error{Class: problem.Transient, Reason: "the answer is none"}}
	}
	f := fetched{more: more, page: connector.Page{Asked: asked, Records: make([]connector.Record, len(list))}}
	var p value.Parser
	for i, raw := range list {
		if f.page.Records[i].Data, err = p.ParseText(raw); err != nil {
			return fetched{err: err}
		}
	}
	return f
}

// takeApart finds the rows of a page, and whether there are more pages.
func takeApart(body []byte) (list []string, more, ok bool) {
	envelope, ok := value.Members(string(body))
	for _, e := range envelope {
		if !e.Is("data") {
			continue
		}
		data, whole := value.Members(e.Raw)
		ok = ok && whole
		for _, d := range data {
			switch {
			case d.Is("has_next"):
				more = d.Raw == "true"
			case d.Is("list"):
				list, whole = value.Items(d.Raw)
				ok = ok && whole
			}
		}
	}
	return list, more, ok
}

// Traits implements connector.Writer.
func (c *conn) Traits(connector.Target) connector.Traits {
	return connector.Traits{RefusesSecond: true, Batch: shop.Most, InFlight: c.Posters, Repeatable: true}
}

// Write implements connector.Writer.
func (c *conn) Write(ctx context.Context, t connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	size := 2
	for _, d := range docs {
		size += len(d.Content.JSON()) + 1
	}
	body := append(make([]byte, 0, size), '[')
	for _, d := range docs {
		body = append(append(body, d.Content.JSON()...), ',')
	}
	body[len(body)-1] = ']'
	got, err := c.calls.Do(ctx, transport.Call{Method: http.MethodPost, URL: c.URL + "/" + t.Object, Body: body})
	if err != nil {
		return nil, err
	}
	outs := make([]connector.Outcome, len(docs))
	for i, d := range docs {
		switch got.Status {
		case http.StatusOK:
			outs[i] = connector.Outcome{State: connector.Written, ID: d.Key, Number: d.Key, Stage: connector.Saved}
		case http.StatusTooManyRequests:
			outs[i] = connector.Outcome{State: connector.Untouched, Err: &problem.Error{Class: problem.Throttled, Reason: "too many requests", After: time.Second}}
		default:
			outs[i] = connector.Outcome{State: connector.Refused, Err: &problem.Error{Class: problem.Invalid, Reason: "status " + strconv.Itoa(got.Status)}}
		}
	}
	return outs, nil
}
