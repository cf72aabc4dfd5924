package kingdee

import (
	"strings"
	"testing"

	"github.com/pipectl/pipectl/engine/connector"
)

// TestBillSavedWhileRead: head and rows are asked for apart, so a save in between gives the old
// head with new rows.
func TestBillSavedWhileRead(t *testing.T) {
	old, fresh := `"2026-03-01T10:00:00"`, `"2026-03-01T10:00:05"`
	s := newStub(map[string][]string{"ExecuteBillQuery": {
		`[[7,"S-1",` + old + `,"old"]]`,          // head
		`[[71,"MUG-RED",7,` + fresh + `]]`, `[]`, // rows, saved anew meanwhile
		`[[7,"S-1",` + fresh + `,"new"]]`, `[]`, // head again
		`[[72,"MUG-BLUE",7,` + fresh + `]]`, `[]`, // rows again
		`[]`,
	}})
	c, _ := dial(t, s, nil)
	var got []connector.Record
	for p, err := range c.Read(t.Context(), connector.Query{Object: "SAL_SaleOrder", Fields: []string{"FNote", "FSaleOrderEntry.FMaterialId.FNumber"}}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p.Records...)
	}
	if len(got) != 1 || got[0].Bad != nil {
		t.Fatalf("%+v", got)
	}
	want := `{"FID":7,"FBillNo":"S-1","FModifyDate":"2026-03-01T10:00:05","FNote":"new","FSaleOrderEntry":[{"FEntryID":72,"FMaterialId":{"FNumber":"MUG-BLUE"}}]}`
	if got[0].Data.JSON() != want {
		t.Errorf("got  %s\nwant %s", got[0].Data.JSON(), want)
	}
	if got[0].Changed.Second() != 5 {
		t.Errorf("changed %v", got[0].Changed)
	}
}

// TestServerThatHeedsNoFilter answers the same for ever.
func TestServerThatHeedsNoFilter(t *testing.T) {
	page := `[[1,"A","2026-03-01T10:00:00"],[2,"B","2026-03-01T10:00:01"]]`
	for name, test := range map[string]struct {
		page  int
		field string
		fails bool
	}{
		"all there is":            {10, "", false},
		"all there is, by change": {10, "FModifyDate", false},
		"full pages":              {2, "", true},
		"full pages, by change":   {2, "FModifyDate", true},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := dial(t, newStub(map[string][]string{"ExecuteBillQuery": {page}}), func(cfg *Config) { cfg.Page = test.page })
			n, failed := 0, ""
			for p, err := range c.Read(t.Context(), connector.Query{Object: "SAL_SaleOrder", Field: test.field, Fields: []string{"FBillNo"}}) {
				n += len(p.Records)
				if err != nil {
					failed = err.Error()
				}
			}
			if test.fails != strings.Contains(failed, idUnreadable) || !test.fails && n != 2 {
				t.Errorf("%d records, error %q", n, failed)
			}
		})
	}
}
