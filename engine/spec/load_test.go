package spec

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

type account struct {
	URL     string        `yaml:"url" doc:"address" required:"true"`
	User    string        `yaml:"user" doc:"user"`
	Secret  string        `yaml:"secret" doc:"secret" required:"true" secret:"true"`
	Port    int           `yaml:"port" doc:"port"`
	Timeout time.Duration `yaml:"timeout" doc:"time-out"`
}

var systems = []connector.Definition{
	connector.Define("shop", "Shop", account{Timeout: 30 * time.Second}, func(context.Context, account, connector.Env) (connector.Conn, error) { return nil, nil }),
}

// project writes files into a folder of the test's own.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, dir, environment string, env map[string]string) (*Project, problem.List) {
	t.Helper()
	return Load(dir, Options{Connectors: systems, Environment: environment, Env: func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}})
}

const onePipeline = "name: p\nsource: {connection: a, object: o}\nkey: k\nkeep: {k: k}\n"

func TestFind(t *testing.T) {
	dir := project(t, map[string]string{
		"pipectl.yaml":           "connections: {}\n",
		"pipelines/deep/er.yaml": onePipeline,
	})
	for _, path := range []string{dir, filepath.Join(dir, "pipelines"), filepath.Join(dir, "pipelines/deep/er.yaml"), filepath.Join(dir, "pipectl.yaml")} {
		if got, err := Find(path); err != nil || got != dir {
			t.Errorf("%s: %s, %v", path, got, err)
		}
	}
	_, problems := load(t, t.TempDir(), "", nil)
	if len(problems) != 1 || problems[0].ID != "PC127" {
		t.Errorf("no project: %v", problems)
	}
	if _, problems = load(t, filepath.Join(dir, "no.yaml"), "", nil); len(problems) != 1 || problems[0].ID != "PC128" {
		t.Errorf("no file: %v", problems)
	}
	p, _ := load(t, filepath.Join(dir, "pipelines/deep/er.yaml"), "", nil)
	if len(p.Pipelines) != 1 || p.Pipelines[0].File != "pipelines/deep/er.yaml" {
		t.Errorf("a pipeline that lies elsewhere and is named: %+v", p.Pipelines)
	}
}

const twoEnvironments = `connections:
  a: {type: shop, url: "${URL:-sandbox}", user: "${USER_NAME:-me}", secret: "${SECRET}", port: 1, rate: {per_second: 2.5, in_flight: 3}}
environments:
  test: {connections: {a: {user: tester}}}
  prod: {protected: true, connections: {a: {url: "${PROD_URL}", secret: "${file:secret.txt}", rate: {in_flight: 9}}}}
`

func TestEnvironments(t *testing.T) {
	dir := project(t, map[string]string{
		"pipectl.yaml": twoEnvironments, "secret.txt": "from-a-file\n", "pipelines/p.yaml": onePipeline,
		".env": "# names\nexport PROD_URL=\"https://x\"\nSECRET='in-dotenv'\n\n",
	})
	for _, c := range []struct {
		name, environment, want string
		env                     map[string]string
		protected, sandbox      bool
		config                  account
		rate                    connector.Rate
		secrets                 []string
	}{
		{"as they stand", "", "sandbox", nil, false, true, account{"sandbox", "me", "in-dotenv", 1, 30 * time.Second}, connector.Rate{PerSecond: 2.5, InFlight: 3}, []string{"in-dotenv"}},
		{"the process comes before .env", "", "default", map[string]string{"URL": "http://u", "SECRET": "in-process"}, false, false, account{"http://u", "me", "in-process", 1, 30 * time.Second}, connector.Rate{PerSecond: 2.5, InFlight: 3}, []string{"in-process"}},
		{"an overlay", "test", "test", nil, false, true, account{"sandbox", "tester", "in-dotenv", 1, 30 * time.Second}, connector.Rate{PerSecond: 2.5, InFlight: 3}, []string{"in-dotenv"}},
		{"deep, and protected", "prod", "prod", nil, true, false, account{"https://x", "me", "from-a-file", 1, 30 * time.Second}, connector.Rate{PerSecond: 2.5, InFlight: 9}, []string{"from-a-file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, problems := load(t, dir, c.environment, c.env)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			a := p.Connection("a")
			if got := *a.Config.(*account); got != c.config || a.Rate != c.rate || a.Sandbox != c.sandbox {
				t.Errorf("%+v %+v %v", got, a.Rate, a.Sandbox)
			}
			if p.Environment != c.want || p.Protected != c.protected {
				t.Errorf("environment %s, protected %v", p.Environment, p.Protected)
			}
			for _, s := range c.secrets {
				if !slices.Contains(p.Secrets, s) {
					t.Errorf("secret %s is not known for redaction: %v", s, p.Secrets)
				}
			}
			if slices.Contains(p.Secrets, "http://u") {
				t.Error("an address is no secret")
			}
		})
	}
	_, problems := load(t, dir, "prd", nil)
	if len(problems) != 1 || problems[0].ID != "PC130" || !strings.Contains(problems[0].Hint, "prod") {
		t.Errorf("unknown environment: %v", problems)
	}
}

// TestMissingNames: a name without a value is a notice while loading, and an error for whoever
// opens the connection.
func TestMissingNames(t *testing.T) {
	dir := project(t, map[string]string{"pipectl.yaml": "connections:\n  a: {type: shop, url: \"${URL}\", secret: \"${file:none}\"}\n", "pipelines/p.yaml": onePipeline})
	p, problems := load(t, dir, "", nil)
	if len(problems) > 0 || len(p.Notices) != 2 || len(p.Connection("a").Missing) != 2 {
		t.Fatalf("%v, notices %v", problems, p.Notices)
	}
	m := p.Connection("a").Missing[0]
	if m.ID != "PC170" || m.At.String() != "pipectl.yaml:2:24" || !strings.Contains(m.Reason, "URL") {
		t.Errorf("%v", m)
	}
}

func TestTables(t *testing.T) {
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String("店铺,客户\n一店,\"甲,乙\"\n")
	if err != nil {
		t.Fatal(err)
	}
	dir := project(t, map[string]string{
		"pipectl.yaml":                "connections: {}\n",
		"pipelines/tables/utf8.csv":   "\ufeff店铺,客户\r\n一店,\"甲,乙\"\r\n",
		"pipelines/tables/gbk.csv":    gbk,
		"pipelines/tables/quoted.csv": "a,b\n\"x\ny\",1\n\"x\ny\",2\nz,2\n",
	})
	p, problems := load(t, dir, "", nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, name := range []string{"utf8", "gbk"} {
		tb := p.Tables[name]
		if !slices.Equal(tb.Columns, []string{"店铺", "客户"}) || !slices.Equal(tb.Rows[0], []string{"一店", "甲,乙"}) {
			t.Errorf("%s: %v %v", name, tb.Columns, tb.Rows)
		}
	}
	q := p.Tables["quoted"]
	if !slices.Equal(q.Lines, []int{2, 4, 6}) {
		t.Errorf("lines %v", q.Lines)
	}
	if tw := q.Twices([]string{"a"}); len(tw) != 1 || tw[0].Values[0] != "x\ny" || !slices.Equal(tw[0].Lines, []int{2, 4}) {
		t.Errorf("twices %+v", tw)
	}
	if tw := q.Twices([]string{"a", "b"}); tw != nil {
		t.Errorf("twices of both columns %+v", tw)
	}
}

// TestRevision: the content of the pipeline and of the tables it uses counts, line ends don't.
func TestRevision(t *testing.T) {
	pipeline := onePipeline + "steps:\n  - lookup: s\n    table: used\n    match: {a: k}\n"
	revision := func(pipeline, used, other string) string {
		p, _ := load(t, project(t, map[string]string{"pipectl.yaml": "connections: {}\n", "pipelines/p.yaml": pipeline, "pipelines/tables/used.csv": used, "pipelines/tables/other.csv": other}), "", nil)
		return p.Pipelines[0].Revision
	}
	base := revision(pipeline, "a\n1\n", "a\n1\n")
	if len(base) != 16 || revision(strings.ReplaceAll(pipeline, "\n", "\r\n"), "a\r\n1\r\n", "a\n2\n") != base {
		t.Error("line ends, or a table that is not used, made another revision")
	}
	if revision(pipeline+"# x\n", "a\n1\n", "a\n1\n") == base || revision(pipeline, "a\n2\n", "a\n1\n") == base {
		t.Error("a change made no other revision")
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "5m": 5 * time.Minute, "1h30m": 90 * time.Minute, "2d": 48 * time.Hour, "1w": 168 * time.Hour,
		"1.5h": 90 * time.Minute, "250ms": 250 * time.Millisecond, "0s": 0,
	} {
		if got, ok := ParseDuration(text); !ok || got != want {
			t.Errorf("%s: %v %v", text, got, ok)
		}
		if back, ok := ParseDuration(FormatDuration(want)); !ok || back != want {
			t.Errorf("%s is written %s", text, FormatDuration(want))
		}
	}
	for _, text := range []string{"", "5", "m", "-5m", "5 m", "5min", "1h30", "99999999w"} {
		if got, ok := ParseDuration(text); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestPlaces: expressions know where their text begins, in characters; folded ones keep their lines.
func TestPlaces(t *testing.T) {
	var got struct {
		X Named[Expr] `yaml:"x"`
	}
	root, problems := Parse("f", []byte("x:\n  订单: 单号 + 1\n  b: \"sid + 1\"\n  c: 'a + \"x\"'\n  d: \"a + \\\"x\\\"\"\n  e: >-\n    one(\n      two)\n  f: |\n    three\n  g: four +\n    five\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if problems := Decode(root, &got); len(problems) > 0 {
		t.Fatal(problems)
	}
	for i, want := range []string{"2:7 单号 + 1", "3:7 sid + 1", `4:7 a + "x"`, `5 a + "x"`, "7 one(\n      two)", "10 three", "11 four +\n    five"} {
		e := got.X[i].Value
		text := strings.TrimPrefix(e.At.String(), "f:") + " " + strings.TrimSpace(e.Text)
		if text != want {
			t.Errorf("%s: got %q, want %q", got.X[i].Name, text, want)
		}
	}
}

// TestParams: what a connector gets is what stands there; YAML's ideas of yes, dates and octal
// numbers don't count.
func TestParams(t *testing.T) {
	root, _ := Parse("f", []byte("a: {n: 12.50, t: yes, d: 2026-01-01, o: 0123, b: true, z: null, q: \"5\", l: [x, 1], m: {k: v}, e: , c: 订单}"))
	var got struct {
		A Params `yaml:"a"`
	}
	if problems := Decode(root, &got); len(problems) > 0 {
		t.Fatal(problems)
	}
	for name, want := range map[string]string{
		"n": `12.50`, "t": `"yes"`, "d": `"2026-01-01"`, "o": `"0123"`, "b": `true`, "z": `null`, "q": `"5"`, "l": `["x",1]`, "m": `{"k":"v"}`, "e": `null`, "c": `"订单"`,
	} {
		if raw := string(got.A.Raw()[name]); raw != want {
			t.Errorf("%s: %s, want %s", name, raw, want)
		}
	}
}

func TestOps(t *testing.T) {
	target := &Target{Object: Text{Text: "o"}, Connection: Text{Text: "c"}, Then: []Text{{Text: "submit"}, {Text: "audit"}}, Changed: Text{Text: "reopen"}, Withdrawn: Text{Text: "cancel"}}
	if problems := target.CheckOps([]connector.Op{connector.Submit, connector.Audit, connector.UnAudit, connector.Cancel}); len(problems) > 0 {
		t.Error(problems)
	}
	problems := target.CheckOps([]connector.Op{connector.Submit})
	if len(problems) != 3 || problems[0].ID != "PC136" || !strings.Contains(problems[0].Reason, "audit") {
		t.Error(problems)
	}
}

// TestMissingAlert: a channel without its address is told, too.
func TestMissingAlert(t *testing.T) {
	dir := project(t, map[string]string{"pipectl.yaml": "connections: {}\nalerts:\n  ops: {type: webhook, webhook: \"${HOOK}\"}\n", "pipelines/p.yaml": onePipeline})
	p, _ := load(t, dir, "", nil)
	if len(p.Missing) != 1 || p.Missing[0].ID != "PC170" || len(p.Notices) != 1 {
		t.Errorf("missing %v, notices %v", p.Missing, p.Notices)
	}
	p, _ = load(t, dir, "", map[string]string{"HOOK": "https://hook.example/abc"})
	if len(p.Missing) != 0 || !slices.Contains(p.Secrets, "https://hook.example/abc") {
		t.Errorf("missing %v, secrets %v", p.Missing, p.Secrets)
	}
}
