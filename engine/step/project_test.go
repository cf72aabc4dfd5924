package step_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/spec"
	"github.com/pipectl/pipectl/engine/step"
	"github.com/pipectl/pipectl/engine/step/let"
	"github.com/pipectl/pipectl/engine/step/lookup"
	"github.com/pipectl/pipectl/engine/step/mapping"
	"github.com/pipectl/pipectl/engine/step/validate"
	"github.com/pipectl/pipectl/engine/step/where"
	"github.com/pipectl/pipectl/engine/value"
)

var kinds = []step.Kind{where.Kind, let.Kind, lookup.Kind, mapping.Kind, validate.Kind}

// shopConfig and erpConfig are the connections that the test projects use.
type shopConfig struct {
	URL    string        `yaml:"url" doc:"address" required:"true"`
	Secret string        `yaml:"secret" doc:"secret" required:"true" secret:"true"`
	Wait   time.Duration `yaml:"wait" doc:"time-out" example:"30s"`
}

type fileConfig struct {
	Dir string `yaml:"dir" doc:"folder" required:"true"`
}

func open[C any](context.Context, C, connector.Env) (connector.Conn, error) { panic("never opened") }

// systems are a shop with orders, an ERP with bills and materials, and files of which nothing is
// known.
func systems(t testing.TB) []connector.Definition {
	return []connector.Definition{
		connector.Define("shop", "Shop", shopConfig{}, open[shopConfig]).With(objects(connector.ObjectInfo{
			Name: "orders", Read: true, Cursors: []string{"updated"}, Params: []string{"status"}, Schema: schema(t, `{
			"type":"object","properties":{
				"order_id":{"type":"string"}, "sid":{"type":"integer"}, "status":{"type":"string","enum":["paid","shipped","canceled"]}, "updated":{"type":"string","format":"instant","x-zone":"Asia/Shanghai"},
				"buyer":{"type":["string","null"]}, "amount":{"type":"string","format":"decimal"}, "currency":{"type":"string"}, "gift":{"type":"boolean"},
				"address":{"type":"object","properties":{"city":{"type":"string"},"phone":{"type":"string"}}},
				"items":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"},"qty":{"type":"integer"},"price":{"type":"string","format":"decimal"},
					"parts":{"type":"array","items":{"type":"object","properties":{"lot":{"type":"string"}}}}}}}}}`),
		})),
		connector.Define("erp", "ERP", shopConfig{}, open[shopConfig]).With(objects(
			connector.ObjectInfo{Name: "SAL_Bill", Write: true, Read: true, Key: "FBillNo", Schema: schema(t, `{
			"type":"object","additionalProperties":false,"required":["FBillNo","FDate"],"patternProperties":{"^F_":{}},"properties":{
				"FID":{"type":"integer","readOnly":true}, "FBillNo":{"type":"string","x-key":true}, "FDate":{"type":"string","format":"date"}, "FNote":{"type":"string"},
				"FFree":{"type":"boolean"}, "FRate":{"type":"number"},
				"FCust":{"type":"object","additionalProperties":false,"properties":{"FNumber":{"type":"string"},"FName":{"type":"string"}}},
				"FEntry":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["FMaterial"],"properties":{
					"FMaterial":{"type":"object","additionalProperties":false,"properties":{"FNumber":{"type":"string"}}},
					"FUnit":{"type":"string"}, "FQty":{"type":"number"}, "FLot":{"type":"string"}, "FAmount":{"type":"number","readOnly":true}}}}}}`)},
			connector.ObjectInfo{Name: "BD_Material", Read: true, Write: true, Key: "FNumber", Schema: schema(t, `{
			"type":"object","additionalProperties":false,"properties":{"FNumber":{"type":"string"},"FName":{"type":"string"},"FOrg":{"type":"object","additionalProperties":false,"properties":{"FNumber":{"type":"string"}}},
				"FUnit":{"type":"object","additionalProperties":false,"properties":{"FNumber":{"type":"string"}}},"FStatus":{"type":"string"}}}`)},
			connector.ObjectInfo{Name: "LOG_Only", Read: true},
		)),
		connector.Define("file", "Files", fileConfig{}, open[fileConfig]),
	}
}

func objects(list ...connector.ObjectInfo) func() []connector.ObjectInfo {
	return func() []connector.ObjectInfo { return list }
}

func schema(t testing.TB, text string) value.Schema {
	t.Helper()
	s, err := value.ReadSchema([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write puts files into a folder of the test's own.
func write(t testing.TB, files map[string]string) string {
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

// load reads and compiles a project as the engine does.
func load(t testing.TB, dir string, w step.World) (*spec.Project, []*step.Program, problem.List) {
	t.Helper()
	project, problems := spec.Load(dir, spec.Options{Connectors: systems(t), Env: func(name string) (string, bool) {
		return "value-of-" + name, name == "SECRET"
	}})
	if project == nil {
		return nil, nil, problems
	}
	w.Project = project
	var programs []*step.Program
	for _, p := range project.Pipelines {
		compiled, more := step.Compile(p, kinds, w)
		problems = append(problems, more...)
		programs = append(programs, compiled)
	}
	_ = problems.Err() // sorts
	return project, programs, problems
}
