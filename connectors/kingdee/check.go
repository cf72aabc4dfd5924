package kingdee

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/transport"
)

// skew is how far two clocks may be apart before a login signature or a cursor suffers.
const skew = 2 * time.Minute

// Check looks at sign-in, clock, rights and field names, in four calls at most; what fails first
// ends it, as the rest would fail for the same reason.
func (c *conn) Check(ctx context.Context) []connector.Finding {
	if _, e := c.login.session(ctx); e != nil {
		return []connector.Finding{{What: "sign-in", Detail: e.Reason, Err: e}}
	}
	out := []connector.Finding{c.checkRights(ctx)}
	if out[0].Err != nil {
		return out
	}
	out = append(out, connector.Finding{
		What: "sign-in", Detail: fmt.Sprintf("accepted: user %s, account set %s (%s)", c.cfg.User, c.cfg.Account, c.cfg.Auth),
	})
	if f, ok := c.clockOff(); ok {
		out = append(out, f)
	}
	if f, ok := c.checkFields(ctx, "SAL_SaleOrder"); ok {
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b connector.Finding) int { return bad(b) - bad(a) })
	return out
}

// Ping signs in; with a session that stands, it asks for one organisation.
func (c *conn) Ping(ctx context.Context) error {
	ctx = transport.Once(ctx)
	fresh, e := c.login.fresh(ctx)
	if e != nil {
		return e
	}
	if fresh {
		return nil
	}
	f := formOf("ORG_Organizations")
	_, err := c.query(ctx, selection{form: f, keys: []string{f.ID}, order: f.ID + " ASC", limit: 1})
	return err
}

func bad(f connector.Finding) int {
	if f.Err != nil {
		return 1
	}
	return 0
}

// checkRights asks for the organisations: every user may see them, and a user that sees none sees
// no document either.
func (c *conn) checkRights(ctx context.Context) connector.Finding {
	f := formOf("ORG_Organizations")
	rows, err := c.query(ctx, selection{form: f, keys: []string{f.ID, "FNumber"}, order: f.ID + " ASC", limit: 20})
	switch {
	case err != nil:
		return connector.Finding{What: "rights", Detail: "organisations cannot be read: " + problem.As(err).Reason, Err: problem.As(err)}
	case len(rows) == 0:
		return connector.Finding{What: "rights", Detail: "no organisation is visible", Err: &problem.Error{
			Class: problem.Fatal, ID: idRights, Reason: fmt.Sprintf("%s: user %s sees no organisation", c.name, c.cfg.User),
			Hint: "give the user a role in the organisations that it works for: what it may not see is silently missing",
		}}
	}
	var numbers []string
	for _, x := range rows {
		numbers = append(numbers, cellText(x[1]))
	}
	return connector.Finding{What: "rights", Detail: "organisations visible: " + strings.Join(numbers, ", ")}
}

// checkFields compares the fields that we know of a form with those that the account has: other
// versions have fewer, and a wrong one is ignored in a save without a word.
func (c *conn) checkFields(ctx context.Context, object string) (connector.Finding, bool) {
	body, err := json.Marshal(map[string]any{"data": map[string]any{"FormId": object}})
	if err != nil {
		return connector.Finding{}, false
	}
	r, failed := c.call(ctx, formService+"QueryBusinessInfo", body, true)
	if failed != nil || r.rows || r.result.Status != nil && !bool(r.result.Status.OK) {
		return connector.Finding{}, false // older versions don't have the service
	}
	have := map[string]bool{}
	fieldKeys(r.raw, have)
	if len(have) == 0 {
		return connector.Finding{}, false
	}
	var lacking []string
	for _, n := range formOf(object).fieldNames() {
		if !have[strings.ToLower(n)] {
			lacking = append(lacking, n)
		}
	}
	detail := fmt.Sprintf("%s: all %d fields that pipectl lists are there", object, len(formOf(object).fieldNames()))
	if n := len(lacking); n > 0 {
		detail = fmt.Sprintf("%s: this account lacks %d of the fields that pipectl lists: %s", object, n, strings.Join(lacking[:min(n, 8)], ", "))
	}
	return connector.Finding{What: "fields", Detail: detail}, true
}

// fieldKeys collects every "Key" in the metadata, whatever its nesting in this version.
func fieldKeys(raw json.RawMessage, into map[string]bool) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for _, x := range list {
			fieldKeys(x, into)
		}
		return
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return
	}
	for name, x := range object {
		var key string
		if strings.EqualFold(name, "Key") && json.Unmarshal(x, &key) == nil {
			into[strings.ToLower(key)] = true
			continue
		}
		fieldKeys(x, into)
	}
}

// fieldNames are the names of all fields of a form that hold a value.
func (f *form) fieldNames() []string {
	var out []string
	for _, n := range f.Props.names {
		p := f.Props.by[n]
		switch {
		case p.isEntry():
			out = append(out, p.Items.Props.names...)
		case p.isGroup():
			out = append(out, p.Props.names...)
		default:
			out = append(out, n)
		}
	}
	return slices.DeleteFunc(out, func(n string) bool { return n == f.ID || n == "FEntryID" || n == "FSeq" })
}

// clockOff says how far the server's clock is from ours, when that is too far.
func (c *conn) clockOff() (connector.Finding, bool) {
	off, ok := c.Ahead()
	if !ok {
		return connector.Finding{}, false
	}
	off = off.Round(time.Second)
	if off.Abs() < skew {
		return connector.Finding{What: "clock", Detail: "agrees with the server's within two minutes"}, true
	}
	return connector.Finding{What: "clock", Detail: fmt.Sprintf("the server's clock is %s off", off), Err: &problem.Error{
		Class: problem.Fatal, ID: idConfig, Reason: fmt.Sprintf("%s: this machine's clock and the server's are %s apart", c.name, off.Abs()),
		Hint: "set the clock of this machine (NTP): login signatures carry a time",
	}}, true
}
