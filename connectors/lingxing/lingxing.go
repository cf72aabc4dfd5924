// Package lingxing speaks the OpenAPI of Lingxing ERP (领星).
//
// The system answers errors with HTTP 200, counts requests in flight instead of requests per
// second, ends one program's token when another asks for one, and pages over sets that move while
// they are read. This package turns that into the engine's terms: whole records, windows without
// gaps, classified errors. It reads only: stock moves in Lingxing through documents, which this
// release does not write.
package lingxing

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/transport"
)

// Definition is the connector as the engine knows it.
var Definition = connector.Define("lingxing", "领星 ERP", Config{
	URL: "https://openapi.lingxing.com", Timeout: 130 * time.Second, Page: 1000,
}, open).With(infos)

// Config is a connection in pipectl.yaml. Its values are the defaults; its tags parse, check,
// document and redact.
type Config struct {
	URL     string        `yaml:"url" doc:"address of the OpenAPI, without a path" required:"true" example:"https://openapi.lingxing.com"`
	AppID   string        `yaml:"app_id" doc:"appId of the OpenAPI application (开放接口 appId)" required:"true" example:"ak_0123456789abc"`
	Secret  string        `yaml:"secret" doc:"appSecret of the application" required:"true" secret:"true"`
	Timeout time.Duration `yaml:"timeout" doc:"how long an answer may take; the vendor itself gives up after two minutes"`
	Page    int           `yaml:"page" doc:"rows asked for at once, where the interface allows so many (Amazon orders: up to 5000)"`
}

var ( // what this system can do, kept true by the compiler
	_ connector.Reader  = (*conn)(nil)
	_ connector.Fetcher = (*conn)(nil)
	_ connector.Finder  = (*conn)(nil)
	_ connector.Clocked = (*conn)(nil)
	_ connector.Checker = (*conn)(nil)
	_ connector.Pinger  = (*conn)(nil)
)

// hold is for how long the vendor goes on counting a request whose client went away.
const hold = 2 * time.Minute

// conn is one connection: one token and one budget, shared by all pipelines.
type conn struct {
	cfg    Config
	base   *url.URL
	name   string // of the connection, begins every message
	log    *slog.Logger
	now    func() time.Time
	http   *transport.Client
	tokens *tokens

	mu      sync.Mutex
	ahead   time.Duration  // the vendor's clock less ours, as far as it is known
	clocked bool           // it is known
	tired   map[string]int // refusals in a row for too many requests, by path
}

func open(_ context.Context, cfg Config, env connector.Env) (connector.Conn, error) {
	base, err := address(cfg.URL)
	if err != nil {
		return nil, err
	}
	if err := checkKey(cfg.AppID); err != nil {
		return nil, err
	}
	cfg.Page = max(cfg.Page, 1)
	c := &conn{
		cfg: cfg, base: base, name: cmp.Or(env.Name, "lingxing"), now: env.Now,
		log: cmp.Or(env.Log, slog.New(slog.DiscardHandler)), tired: map[string]int{},
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.http = transport.New(transport.Options{
		Name: c.name, Timeout: cfg.Timeout, Log: c.log, Meter: env.Meter, Now: c.now, Hold: hold,
		PerSecond: env.Rate.PerSecond, InFlight: env.Rate.InFlight, Buckets: capacity,
		Secrets: []string{cfg.Secret},
	})
	c.tokens = newTokens(c, env.Vault)
	return c, nil
}

// address checks the server's address. A slash at its end would be doubled before every path,
// which the vendor's gateway refuses.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: idUse, Field: "url", Reason: "url is not an http or https address",
			Hint: "write it like https://openapi.lingxing.com",
		}
	}
	u.Path, u.RawQuery, u.Fragment = strings.TrimRight(u.Path, "/"), "", ""
	return u, nil
}

// Account is the host and the application: it survives a new secret.
func (c *conn) Account() string { return strings.ToLower(c.base.Host) + "/" + c.cfg.AppID }

// Close ends idle connections. The token stays valid: the next process goes on with it.
func (c *conn) Close() error {
	c.http.Close()
	return nil
}
