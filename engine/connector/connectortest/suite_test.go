package connectortest_test

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/connector/connectortest"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/value"
)

// system describes the made-up vendor, with a connector that has one bug.
func system(bug string) connectortest.System {
	var v *vendor // of the case that runs
	return connectortest.System{
		Definition: definition(bug),
		Sandbox:    func(k *sandbox.Kit) sandbox.System { v = newVendor(k); return v },
		Reads: []connectortest.Read{{
			Object: "orders", Path: "list", Key: []string{"no"}, Cursor: "changed", Find: []string{"no"},
			Keys: func(tb testing.TB, box *connectortest.Box) []string {
				var out []string
				for _, row := range box.Dump(tb, "orders") {
					out = append(out, fmt.Sprint(row["no"]))
				}
				return out
			},
			Change:    func(testing.TB, *connectortest.Box) []string { return v.change() },
			Gone:      func(testing.TB, *connectortest.Box) string { return v.gone() },
			Throttled: sandbox.Fault{Kind: "busy"},
		}},
		Writes: []connectortest.Write{
			{
				Target: connector.Target{Object: "bills", Key: "no"}, Path: "save",
				Doc:       func(n int) connector.Doc { return doc(n, false) },
				Bad:       func(n int) connector.Doc { return doc(n, true) },
				Changed:   func(n int, id string) connector.Doc { d := doc(n, false); d.ID = id; return d },
				Stages:    map[connector.Op]string{connector.Submit: "op", connector.Audit: "op", connector.UnAudit: "op", connector.Cancel: "op", connector.Delete: "op"},
				Throttled: sandbox.Fault{Kind: "busy"}, Partial: sandbox.Fault{Kind: "partial"}, Mark: "mark",
			},
			{Target: connector.Target{Object: "log.txt", Key: "no"}, Doc: func(n int) connector.Doc { return doc(n, false) }},
			{Target: connector.Target{Object: "sheet.txt", Key: "no"}, Doc: func(n int) connector.Doc { return doc(n, false) }},
		},
		Login: &connectortest.Login{
			Path: "login", Wrong: map[string]string{"secret": "another-canary"},
			Lose: func(testing.TB, *connectortest.Box) { v.lose() },
		},
	}
}

func doc(n int, bad bool) connector.Doc {
	key := fmt.Sprintf("B-%d", n)
	return connector.Doc{Key: key, Content: value.Known(fmt.Sprintf(`{"no":%q,"bad":%v}`, key, bad))}
}

// TestRight: a connector without a bug passes every case.
func TestRight(t *testing.T) { connectortest.Run(t, system("")) }

// bugs says for each bug which cases must fail; * stands for any text.
var bugs = []struct{ bug, cases string }{
	{"the account changes", "account"},
	{"logs in when opened", "opening asks nobody"},
	{"no title", "definition"},
	{"an error shows the secret", "secrets stay inside"},
	{"the log shows the secret", "secrets stay inside"},
	{"the vault shows the secret", "secrets stay inside"},
	{"the last row is dropped", "read/orders/everything once"},
	{"nobody knows when a page was asked for", "read/orders/every page says*"},
	{"a limited read says complete", "read/orders/limit"},
	{"complete no more when something is gone", "read/orders/gone"},
	{"a reading from the cursor says complete", "read/orders/resumed*"},
	{"an early stop breaks the connection", "read/orders/the caller stops early"},
	{"cancelled looks like the end", "read/orders/cancelled"},
	{"an unknown object is empty", "read/orders/unknown object"},
	{"a field is not in the schema", "read/orders/schema"},
	{"the cursor is ahead", "read/orders/resumed*"},
	{"no cursor", "read/orders/a cursor at the end"},
	{"the cursor is in the future", "read/orders/changes after the cursor*"},
	{"lookback looks forward", "read/orders/changes after the cursor, with lookback"},
	{"pages are counted", "read/orders/changes while it is read"},
	{"no change times", "read/orders/change times"},
	{"windows leave a gap", "read/orders/windows"},
	{"windows are ignored", "read/orders/windows"},
	{"a window begins anew", "read/orders/a window resumed after any page"},
	{"one failed page is the end", "read/orders/cut * | read/orders/half an answer | read/orders/garbage* | read/orders/502* | read/orders/503* | read/orders/nobody listens"},
	{"never repeats", "read/orders/one 503 heals"},
	{"repeats 40 times", "read/orders/503 for ever"},
	{"503 is invalid", "read/orders/503 for ever"},
	{"an error has no class", "read/orders/nobody listens"},
	{"throttled is invalid", "read/orders/throttled | write/bills/throttled"},
	{"fetch leaves out what is absent", "read/orders/fetch"},
	{"find answers similar rows", "read/orders/find one | read/orders/find none"},
	{"find asks for 20 keys only", "read/orders/find many"},
	{"an unknown object has no rows", "read/orders/find in an unknown object"},
	{"outcomes are reversed", "write/bills/one outcome a document"},
	{"a key in use is only refused", "write/bills/a second document of a key"},
	{"RefusesSecond is not told", "write/bills/a second document of a key"},
	{"sends although cancelled", "write/bills/cancelled before the send | write/bills/probe cancelled by the caller"},
	{"an unknown object refuses documents", "write/bills/unknown object"},
	{"all documents get one id", "write/bills/eight at once"},
	{"one bad document refuses all", "write/bills/one bad document in a batch"},
	{"an update creates", "write/bills/update by id"},
	{"a write without an answer is refused", "write/bills/cut after the body | write/bills/cut before* | write/bills/half an answer | write/bills/garbage* | write/bills/503* | write/bills/502*"},
	{"a write without an answer is an error", "write/bills/cut after the body"},
	{"a write is repeated", "write/bills/cut before* | write/bills/503* | write/bills/cut after the body"},
	{"a target that is down leaves doubt", "write/bills/nobody listens"},
	{"a throttled write is in doubt", "write/bills/throttled"},
	{"left out of the answer means written", "write/bills/an answer that leaves*"},
	{"probe answers in the target's order", "write/bills/probe"},
	{"probing nothing fails", "write/bills/probe none"},
	{"marks are not read back", "write/bills/probe marks"},
	{"nothing is found by its mark", "write/bills/probe by the mark"},
	{"a failed probe says absent", "write/bills/probe without an answer | write/bills/probe cancelled by the caller"},
	{"an operation is not done", "write/bills/stage submit | write/bills/stage audit | write/bills/stage un-audit | write/bills/stage cancel | write/bills/stage delete"},
	{"an operation without an answer is refused", "write/bills/stage *, cut after the body"},
	{"one that is gone refuses all", "write/bills/stage of a document that is gone"},
	{"appending overwrites", "write/log.txt/append"},
	{"rewinding does nothing", "write/log.txt/cut back to the mark"},
	{"an empty target has no mark", "write/log.txt/a mark of the empty target"},
	{"rewinding cuts anything", "write/log.txt/a mark of another target"},
	{"a replacement is visible at once", "write/sheet.txt/invisible before the commit"},
	{"an aborted replacement counts", "write/sheet.txt/abort"},
	{"what a killed run left stays", "write/sheet.txt/begun and left"},
	{"an empty replacement is none", "write/sheet.txt/an empty replacement"},
	{"a refused login is repeated", "login/wrong credentials"},
	{"a refused login is transient", "login/wrong credentials"},
	{"logs in for each call", "login/one login for many calls"},
	{"a lost session stays lost", "login/a lost session heals"},
	{"a question is asked three times", "ping/one request | ping/no answer is told*"},
	{"a refused login is an error like others", "ping/a refused login says so"},
	{"a lost session at a write is in doubt", "login/a lost session heals at a write to bills"},
}

// TestWrong: for each bug the suite fails where it must, and each case fails for some bug.
func TestWrong(t *testing.T) {
	shown := map[string]bool{}
	for _, b := range bugs {
		t.Run(b.bug, func(t *testing.T) {
			cases := connectortest.Cases(t, system(b.bug))
			for pattern := range strings.SplitSeq(b.cases, " | ") {
				met := 0
				for _, c := range cases {
					if ok, err := path.Match(strings.ReplaceAll(pattern, "/", "|"), strings.ReplaceAll(c.Name, "/", "|")); err != nil || !ok {
						continue
					}
					met++
					shown[c.Name] = true
					if r := watch(t, c); !r.failed {
						t.Errorf("case %q passes", c.Name)
					} else if !strings.Contains(r.text(), c.Why) {
						t.Errorf("case %q fails without saying why it matters", c.Name)
					}
				}
				if met == 0 {
					t.Errorf("no case is called %q", pattern)
				}
			}
		})
	}
	for _, c := range connectortest.Cases(t, system("")) {
		if !shown[c.Name] && c.Name != "everything is tried" { // see TestUntried for that one
			t.Errorf("no bug makes the case %q fail", c.Name)
		}
	}
}

// TestUntried: an ability that nothing is tried with is a failure.
func TestUntried(t *testing.T) {
	for name, empty := range map[string]func(*connectortest.System){
		"reads":  func(s *connectortest.System) { s.Reads = nil },
		"writes": func(s *connectortest.System) { s.Writes = nil },
	} {
		sys := system("")
		empty(&sys)
		failed := false
		for _, c := range connectortest.Cases(t, sys) {
			failed = failed || c.Name == "everything is tried" && watch(t, c).failed
		}
		if !failed {
			t.Errorf("a system without %s passes", name)
		}
	}
}

// recorder stands in for a test: it notes what a case says instead of failing.
type recorder struct {
	testing.TB
	ctx context.Context

	mu       sync.Mutex
	failed   bool
	said     []string
	cleanups []func()
}

// watch runs a case against a recorder.
func watch(t *testing.T, c connectortest.Case) *recorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r := &recorder{TB: t, ctx: ctx}
	done := make(chan struct{})
	go func() { // Fatalf ends the goroutine
		defer close(done)
		defer r.clean()
		c.Run(r)
	}()
	<-done
	return r
}

func (r *recorder) clean() {
	for _, v := range slices.Backward(r.cleanups) {
		v()
	}
}

func (r *recorder) say(failed bool, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = r.failed || failed
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *recorder) text() string                 { return strings.Join(r.said, "\n") }
func (r *recorder) Helper()                      {}
func (r *recorder) Context() context.Context     { return r.ctx }
func (r *recorder) Cleanup(f func())             { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Logf(f string, args ...any)   { r.say(false, f, args...) }
func (r *recorder) Errorf(f string, args ...any) { r.say(true, f, args...) }
func (r *recorder) Fatalf(f string, args ...any) { r.say(true, f, args...); runtime.Goexit() }
func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}
