package lingxing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pipectl/pipectl/connectors/lingxing"
	box "github.com/pipectl/pipectl/connectors/lingxing/sandbox"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/sandbox"
	"github.com/pipectl/pipectl/engine/sandbox/sandboxtest"
)

func TestDoctor(t *testing.T) {
	for name, c := range map[string]struct {
		action string
		args   any
		ids    []string // of the findings with an error, the worst first
	}{
		"well":           {"", nil, nil},
		"not listed":     {"ban-ip", map[string]string{"ip": "*"}, []string{"PC352"}},
		"disabled":       {"disable-app", map[string]string{"code": "401"}, []string{"PC351"}},
		"expired":        {"disable-app", map[string]string{"code": "403"}, []string{"PC351"}},
		"not granted":    {"revoke-api", map[string]string{"path": "/erp/sc/data/mws/orders"}, []string{"PC353"}},
		"a shop is gone": {"shop-status", map[string]int{"sid": 115, "status": 2}, []string{"PC368"}},
		"clock":          {"clock-skew", map[string]string{"by": "5m"}, []string{"PC356"}},
	} {
		t.Run(name, func(t *testing.T) {
			kit := sandbox.New(sandbox.Options{Seed: 1})
			s := sandboxtest.Start(t, box.New(kit), kit)
			if c.action != "" {
				sandboxtest.Do(t, s, c.action, c.args)
			}
			cfg, _ := lingxing.Definition.New().(*lingxing.Config)
			set := s.Settings()
			cfg.URL, cfg.AppID, cfg.Secret = set["url"], set["app_id"], set["secret"]
			conn, err := lingxing.Definition.Open(t.Context(), cfg, connector.Env{Name: "erp", Now: kit.Clock.Now})
			if err != nil {
				t.Fatal(err)
			}
			check, ok := connector.Can[connector.Checker](conn)
			if !ok {
				t.Fatal("no Checker")
			}
			var ids []string
			for _, f := range check.Check(t.Context()) {
				if f.What == "" || f.Detail == "" {
					t.Errorf("finding %+v", f)
				}
				if f.Err == nil {
					continue
				}
				ids = append(ids, f.Err.ID)
				if f.Err.Class == problem.Unclassified || f.Err.Hint == "" || strings.Contains(f.Err.Error(), set["secret"]) {
					t.Errorf("%v", f.Err)
				}
			}
			if ids = slices.Compact(ids); !slices.Equal(ids, c.ids) {
				t.Errorf("findings %v, want %v", ids, c.ids)
			}
		})
	}
}

// TestDoctorOfASystemThatIsGone: a token that was kept is no proof of anything then, and eight lines
// of the same error tell no more than one.
func TestDoctorOfASystemThatIsGone(t *testing.T) {
	kit := sandbox.New(sandbox.Options{Seed: 1})
	s := sandboxtest.Start(t, box.New(kit), kit)
	cfg, _ := lingxing.Definition.New().(*lingxing.Config)
	set := s.Settings()
	cfg.URL, cfg.AppID, cfg.Secret = set["url"], set["app_id"], set["secret"]
	conn, err := lingxing.Definition.Open(t.Context(), cfg, connector.Env{Name: "erp", Now: kit.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	check, _ := connector.Can[connector.Checker](conn)
	check.Check(t.Context()) // takes the token
	s.Close()
	found := check.Check(t.Context())
	if len(found) != 1 || found[0].Err == nil || !strings.Contains(found[0].Detail, "127.0.0.1") {
		t.Errorf("%+v", found)
	}
}
