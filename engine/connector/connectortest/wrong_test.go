package connectortest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// config is a connection to the made-up vendor.
type config struct {
	URL    string `yaml:"url"`
	User   string `yaml:"user"`
	Secret string `yaml:"secret" secret:"true"`
}

// wrong is a connector of the made-up vendor that is right but for one bug: the name of what is
// wrong with it. "" is right throughout.
type wrong struct {
	bug string
	cfg config
	env connector.Env

	mu      sync.Mutex
	token   string
	refused *problem.Error
	logins  int
	stopped bool
	files   // see whole_test.go
}

func definition(bug string) connector.Definition {
	d := connector.Define("vendor", "made-up vendor", config{}, func(ctx context.Context, cfg config, env connector.Env) (connector.Conn, error) {
		w := &wrong{bug: bug, cfg: cfg, env: env, files: files{bug: bug, dir: env.Dir}}
		if bug == "logs in when opened" {
			_, _ = w.call(ctx, true, "list", ask{Object: "orders", Most: 1})
		}
		return w, nil
	})
	if bug == "no title" {
		d.Title = ""
	}
	return d.With(func() []connector.ObjectInfo {
		s := value.Schema{
			Type: value.Object, Names: []string{"no", "shop", "changed"},
			Properties: map[string]value.Schema{"no": {Type: value.Text}, "shop": {Type: value.Number}, "changed": {Type: value.Instant}},
		}
		if bug == "a field is not in the schema" {
			delete(s.Properties, "shop")
			s.Names = []string{"no", "changed"}
		}
		return []connector.ObjectInfo{{Name: "orders", Schema: s, Read: true, Cursors: []string{"changed"}, Key: "no"}, {Name: "log.txt", Read: true}, {Name: "sheet.txt", Read: true}}
	})
}

func (w *wrong) Account() string {
	if w.bug == "the account changes" {
		w.mu.Lock()
		defer w.mu.Unlock()
		return "vendor/" + w.token
	}
	return "vendor/" + w.cfg.User
}
func (w *wrong) Close() error { return nil }

func transient(why string, err error) *problem.Error {
	return &problem.Error{Class: problem.Transient, ID: "PC305", Reason: "vendor " + why, Hint: "wait", Err: err}
}

func fatal(why string) *problem.Error {
	return &problem.Error{Class: problem.Fatal, ID: "PC300", Reason: "vendor " + why, Hint: "correct it"}
}

var errNotSent = errors.New("nothing was sent")

// post sends one request.
func (w *wrong) post(ctx context.Context, path string, in ask) (reply, error) {
	var out reply
	if w.bug == "sends although cancelled" {
		ctx = context.WithoutCancel(ctx)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.cfg.URL+path, bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	req.GetBody = nil // or the client repeats by itself what a kept connection lost
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		reason := "does not answer"
		if w.bug == "an error shows the secret" {
			reason += " to " + w.cfg.Secret
		}
		if w.bug == "an error has no class" {
			return out, &problem.Error{Reason: reason}
		}
		if ctx.Err() != nil || strings.Contains(err.Error(), "refused") {
			return out, transient(reason, errNotSent)
		}
		return out, transient(reason, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= 500 {
		if w.bug == "503 is invalid" {
			return out, &problem.Error{Class: problem.Invalid, Reason: "503"}
		}
		return out, transient(fmt.Sprint("answers ", res.StatusCode), nil)
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return out, transient("answers nonsense", err)
	}
	return out, nil
}

// login is called with the lock held.
func (w *wrong) login(ctx context.Context) *problem.Error {
	if w.refused != nil && w.bug != "a refused login is repeated" {
		return w.refused
	}
	w.logins++
	out, err := w.post(ctx, "login", ask{User: w.cfg.User, Secret: w.cfg.Secret})
	if w.bug == "a refused login is repeated" && err == nil && out.Error == "login" {
		_, _ = w.post(ctx, "login", ask{User: w.cfg.User, Secret: w.cfg.Secret})
	}
	if err != nil {
		return problem.As(err)
	}
	if out.Error == "login" {
		w.refused = fatal("refuses the login")
		if w.bug == "a refused login is transient" {
			w.refused.Class = problem.Transient
		}
		return w.refused
	}
	w.token = out.Token
	if w.bug == "the log shows the secret" {
		w.env.Log.Info("logged in", "with", w.cfg.Secret)
	}
	stored := "sealed"
	if w.bug == "the vault shows the secret" {
		stored = w.cfg.Secret
	}
	if err := w.env.Vault.Save(ctx, "token", []byte(stored)); err != nil {
		return problem.As(err)
	}
	return nil
}

// session gives the token, and logs in where there is none or it is the lost one.
func (w *wrong) session(ctx context.Context, lost string) (string, *problem.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.token != "" && w.token != lost && w.bug != "logs in for each call" {
		return w.token, nil
	}
	if err := w.login(ctx); err != nil {
		return "", err
	}
	return w.token, nil
}

// call sends a request in a session; reads are repeated, writes are not.
func (w *wrong) call(ctx context.Context, read bool, path string, in ask) (reply, error) {
	tries := 1
	if read || w.bug == "a write is repeated" {
		tries = 3
	}
	if w.bug == "never repeats" || w.bug == "one failed page is the end" {
		tries = 1
	}
	if w.bug == "repeats 40 times" && read {
		tries = 40
	}
	var out reply
	var err error
	lost := ""
	for try := 0; try < tries; try++ {
		token, p := w.session(ctx, lost)
		if p != nil {
			return out, fmt.Errorf("%w: %w", errNotSent, p)
		}
		in.Token = token
		if out, err = w.post(ctx, path, in); err != nil {
			continue
		}
		switch {
		case out.Error == "session" && lost == "" && w.bug != "a lost session stays lost":
			lost = token
			try-- // nothing was done: once more
			if w.bug == "a lost session at a write is in doubt" && !read {
				return out, transient("lost the session", nil)
			}
			continue
		case out.Error == "session":
			return out, transient("lost the session", nil)
		case out.Error == "busy":
			class := problem.Throttled
			if w.bug == "throttled is invalid" {
				class = problem.Invalid
			}
			return out, &problem.Error{Class: class, Reason: "vendor is busy", Hint: "wait"}
		case out.Error == "object":
			return out, fatal("has no such object")
		}
		return out, nil
	}
	return out, err
}

func (w *wrong) Read(ctx context.Context, q connector.Query) iter.Seq2[connector.Page, error] {
	if strings.HasSuffix(q.Object, ".txt") {
		return w.read(q)
	}
	return func(yield func(connector.Page, error) bool) {
		in := ask{Object: q.Object, Most: 10}
		cursor, err := time.Parse(time.RFC3339, q.Cursor)
		if err == nil && q.Window == nil {
			in.Since = cursor.Add(-q.Lookback)
			if w.bug == "lookback looks forward" {
				in.Since = cursor.Add(q.Lookback)
			}
		}
		if q.Window != nil {
			in.Since, in.Until = q.Window.From, q.Window.To
			if w.bug == "windows leave a gap" {
				in.Since = in.Since.Add(time.Second)
			}
			if w.bug == "windows are ignored" {
				in.Since, in.Until = time.Time{}, time.Time{}
			}
			if cursor.After(in.Since) && w.bug != "a window begins anew" {
				in.Since = cursor
			}
		}
		w.list(ctx, q, in, yield)
	}
}

func (w *wrong) list(ctx context.Context, q connector.Query, in ask, yield func(connector.Page, error) bool) {
	lacks := false
	for n := 0; ; {
		asked := w.env.Now()
		out, err := w.call(ctx, true, "list", in)
		if err != nil && w.bug == "one failed page is the end" {
			yield(connector.Page{Asked: asked, Complete: true}, nil)
			return
		}
		if out.Error == "object" && w.bug == "an unknown object is empty" {
			return
		}
		if err != nil && ctx.Err() != nil && w.bug == "cancelled looks like the end" {
			return
		}
		if err != nil {
			yield(connector.Page{}, err)
			return
		}
		page := w.page(out, asked, q)
		if w.stopped && w.bug == "an early stop breaks the connection" && len(page.Records) > 0 {
			page.Records = page.Records[1:]
		}
		n += len(page.Records)
		if len(out.Orders) > 0 {
			in.Behind = out.Orders[len(out.Orders)-1]
		}
		if w.bug == "pages are counted" {
			in.Behind = order{}
			in.After += len(out.Orders)
		}
		page.Complete = !out.More && q.Window == nil && q.Cursor == ""
		if w.bug == "a reading from the cursor says complete" {
			page.Complete = !out.More && q.Window == nil
		}
		if n == len(page.Records) && len(page.Records) > 0 {
			lacks = page.Records[0].Data.Get("no").Text() != "SO-000"
		}
		if w.bug == "complete no more when something is gone" && lacks {
			page.Complete = false
		}
		limited := q.Limit > 0 && n >= q.Limit
		if w.bug == "a limited read says complete" && limited {
			page.Complete = true
		}
		if !yield(page, nil) {
			w.stopped = true
			return
		}
		if !out.More || limited {
			return
		}
	}
}

func (w *wrong) page(out reply, asked time.Time, q connector.Query) connector.Page {
	page := connector.Page{Asked: asked}
	for _, o := range out.Orders {
		rec := record(o)
		page.Records = append(page.Records, rec)
		if q.Field != "" {
			page.Safe = o.Changed.Format(time.RFC3339)
		}
	}
	last := len(page.Records) - 1
	switch {
	case last < 0:
	case w.bug == "the last row is dropped" && !out.More:
		page.Records = page.Records[:last]
	case w.bug == "the cursor is ahead":
		page.Safe = out.Orders[last].Changed.Add(time.Hour).Format(time.RFC3339)
	case w.bug == "no cursor":
		page.Safe = ""
	case w.bug == "the cursor is in the future":
		page.Safe = asked.Add(24 * time.Hour).Format(time.RFC3339)
	case w.bug == "no change times":
		page.Records[last].Changed = time.Time{}
	case w.bug == "nobody knows when a page was asked for":
		page.Asked = time.Time{}
	}
	return page
}

func record(o order) connector.Record {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return connector.Record{Data: value.Known(string(b)), Changed: o.Changed}
}
