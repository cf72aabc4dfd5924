// Package kingdee speaks the WebAPI of Kingdee Cloud Galaxy (金蝶云星空).
//
// The system has no idempotency key, answers errors with HTTP 200, loses sessions, drops unknown
// codes and cuts pages without a word. This package turns that into the engine's terms: whole
// records, classified errors with the field they speak of, and outcomes that never claim more
// than was proven.
package kingdee

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/transport"
)

// Definition is the connector as the engine knows it.
var Definition = connector.Define("kingdee", "金蝶云星空", Config{
	Lang: 2052, Org: "0", Timeout: 120 * time.Second, Page: 2000,
}, open).With(objects)

// Config is a connection in pipectl.yaml. Its values are the defaults; its tags parse, check,
// document and redact.
type Config struct {
	URL      string        `yaml:"url" doc:"server address, ending in /k3cloud/ (or /galaxyapi/ at the vendor's gateway)" required:"true" example:"https://erp.example.com/k3cloud/"`
	Account  string        `yaml:"acct_id" doc:"account set (账套/数据中心 ID)" required:"true" example:"65a1b2c3d4e5f6"`
	User     string        `yaml:"user" doc:"user of the ERP; give pipectl one of its own" required:"true"`
	AppID    string        `yaml:"app_id" doc:"application id of the third-party login (应用ID)" example:"300001_Zm9v…"`
	Secret   string        `yaml:"secret" doc:"application secret (应用密钥)" secret:"true"`
	Password string        `yaml:"password" doc:"password of the user, where there is no application" secret:"true"`
	Auth     string        `yaml:"auth" doc:"how to sign in: sign, app_secret, password, or header (a signature in every request); chosen by what is set and by the address when left out" enum:"sign,app_secret,password,header"`
	Lang     int           `yaml:"lcid" doc:"language of texts and messages: 2052 简体中文, 1033 English, 3076 繁體中文"`
	Org      string        `yaml:"org" doc:"number of the organisation that header signatures name; 0 is the user's own"`
	Timeout  time.Duration `yaml:"timeout" doc:"how long an answer may take"`
	Page     int           `yaml:"page" doc:"rows asked for in one query, up to 10000 where the server allows it"`
}

// The default budget. No limit is published; these are what operators run without trouble.
const (
	perSecond      = 5
	inFlight       = 4
	writesInFlight = 2
)

// The buckets of the budget.
const (
	bucketRead  = "read"
	bucketWrite = "write"
)

var ( // what this system can do, kept true by the compiler
	_ connector.Reader   = (*conn)(nil)
	_ connector.Fetcher  = (*conn)(nil)
	_ connector.Finder   = (*conn)(nil)
	_ connector.Writer   = (*conn)(nil)
	_ connector.Stager   = (*conn)(nil)
	_ connector.Prober   = (*conn)(nil)
	_ connector.IDProber = (*conn)(nil)
	_ connector.Clocked  = (*conn)(nil)
	_ connector.Checker  = (*conn)(nil)
	_ connector.Pinger   = (*conn)(nil)
)

// conn is one connection: one session, one budget, shared by all pipelines.
type conn struct {
	cfg   Config
	base  *url.URL // with the trailing slash
	name  string   // of the connection, begins every message
	log   *slog.Logger
	now   func() time.Time
	http  *transport.Client
	login *login

	lacking     sync.Map     // "form field" of fields that this account turned out to lack
	mostRows    atomic.Int64 // the longest page seen so far: a shorter one is an end, see query.go
	noCreator   atomic.Bool  // the account doesn't show who created a document
	server      serverClock
	oddSpelling atomic.Bool // this server knows only ExcuteOperation
}

func open(_ context.Context, cfg Config, env connector.Env) (connector.Conn, error) {
	base, err := address(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.Auth, err = signIn(cfg, base); err != nil {
		return nil, err
	}
	cfg.Page = min(max(cfg.Page, 1), 10000)
	c := &conn{
		cfg: cfg, base: base, name: cmp.Or(env.Name, "kingdee"),
		log: cmp.Or(env.Log, slog.New(slog.DiscardHandler)), now: env.Now,
	}
	if c.now == nil {
		c.now = time.Now
	}
	if env.Rate == (connector.Rate{}) {
		env.Rate = connector.Rate{PerSecond: perSecond, InFlight: inFlight}
	}
	c.http = transport.New(transport.Options{
		Name: c.name, Timeout: cfg.Timeout, Log: c.log, Meter: env.Meter, Now: c.now,
		PerSecond: env.Rate.PerSecond, InFlight: env.Rate.InFlight, Buckets: bucketSize,
		Secrets: []string{cfg.Secret, cfg.Password}, MaxAnswer: 64 << 20,
		HTTP1Only: true, // real servers answer 502 to HTTP/2
	})
	c.login = newLogin(c)
	return c, nil
}

func bucketSize(bucket string) int {
	if bucket == bucketWrite {
		return writesInFlight
	}
	return 0
}

// address checks the server address and ends it with a slash.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &problem.Error{
			Class: problem.Fatal, ID: idConfig, Field: "url",
			Reason: "url is not an http or https address", Hint: "write it like https://erp.example.com/k3cloud/",
		}
	}
	u.RawQuery, u.Fragment = "", ""
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

// The ways to sign in.
const (
	authSign      = "sign"
	authAppSecret = "app_secret"
	authPassword  = "password"
	authHeader    = "header"
)

// signIn decides how to sign in: as said, else by the address (the gateway knows only signed
// requests) and by what is set.
func signIn(cfg Config, base *url.URL) (string, error) {
	gateway := strings.Contains(strings.ToLower(base.Path), "/galaxyapi/")
	auth := cfg.Auth
	switch {
	case auth != "":
	case gateway:
		auth = authHeader
	case cfg.AppID != "" && cfg.Secret != "":
		auth = authSign
	case cfg.Password != "":
		auth = authPassword
	default:
		return "", missing("app_id and secret, or password", "a connection needs one of the two ways to sign in")
	}
	switch auth {
	case authSign, authAppSecret, authHeader:
		if cfg.AppID == "" || cfg.Secret == "" {
			return "", missing("app_id and secret", "auth: "+auth+" signs in with both")
		}
	case authPassword:
		if cfg.Password == "" {
			return "", missing("password", "auth: password signs in with it")
		}
	default:
		return "", &problem.Error{
			Class: problem.Fatal, ID: idConfig, Field: "auth", Reason: "auth " + auth + " is unknown",
			Hint: "use sign, app_secret, password or header",
		}
	}
	if auth != authHeader {
		return auth, nil
	}
	if _, err := gatewaySecret(cfg.AppID); err != nil {
		return "", &problem.Error{
			Class: problem.Fatal, ID: idConfig, Field: "app_id", Reason: "app_id is not complete: " + err.Error(),
			Hint: "copy the whole application id, <number>_<32 characters>, from the third-party login list (第三方系统登录授权)",
		}
	}
	return auth, nil
}

func missing(what, why string) *problem.Error {
	return &problem.Error{
		Class: problem.Fatal, ID: idConfig, Reason: "connection lacks " + what, Hint: why + "; see `pipectl connectors kingdee`",
	}
}

// Account is the host and the account set: it survives a change of user and secret.
func (c *conn) Account() string { return strings.ToLower(c.base.Host) + "/" + c.cfg.Account }

// Close gives the session back, so that it doesn't count against the licence until it times out.
func (c *conn) Close() error {
	c.login.logout()
	c.http.Close()
	return nil
}
