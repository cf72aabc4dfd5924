package lingxing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/transport"
)

// skewed is how far the clocks may be apart before it is worth a word; at two minutes the vendor
// refuses every request.
const skewed = 30 * time.Second

// Check asks for a token, for the shops, and for one row of each object: that shows address,
// credentials, IP list, clock and grants.
func (c *conn) Check(ctx context.Context) []connector.Finding {
	if _, err := c.tokens.use(ctx); err != nil {
		return []connector.Finding{{What: "credentials", Detail: problem.As(err).Reason, Err: problem.As(err)}}
	}
	shops := c.checkShops(ctx)
	if f := shops[0]; f.Err != nil && f.Err.Class == problem.Transient {
		return shops // a token that was kept proves nothing of a system that doesn't answer
	}
	findings := []connector.Finding{{What: "credentials", Detail: "accepted, application " + c.cfg.AppID + " at " + c.base.Host}}
	findings = append(findings, shops...)
	findings = append(findings, c.checkGrants(ctx)...)
	findings = append(findings, c.checkClock()) // after calls whose answers tell the vendor's time
	slices.SortStableFunc(findings, func(a, b connector.Finding) int { return weight(b) - weight(a) })
	return findings
}

// Ping asks for a token; with one that is still good, for the shops.
func (c *conn) Ping(ctx context.Context) error {
	ctx = transport.Once(ctx)
	fresh, err := c.tokens.renewed(ctx)
	if err != nil || fresh {
		return err
	}
	_, err = c.call(ctx, find("shops").endpoint(), nil)
	return err
}

func weight(f connector.Finding) int {
	if f.Err == nil {
		return 0
	}
	return int(f.Err.Class)
}

var shopStates = map[int64]string{0: "sync stopped (停止同步)", 2: "authorisation broken (授权异常)", 3: "suspended for arrears (欠费停服)"}

func (c *conn) checkShops(ctx context.Context) []connector.Finding {
	rows, err := c.listAll(ctx, find("shops"), nil)
	if err != nil {
		return []connector.Finding{{What: "shops", Detail: "the shops cannot be listed: " + problem.As(err).Reason, Err: problem.As(err)}}
	}
	var ill []string
	for _, rec := range rows {
		n, _ := rec.Data.Get("status").Int64()
		if state, bad := shopStates[n]; bad {
			ill = append(ill, rec.Data.Get("name").Text()+": "+state)
		}
	}
	f := connector.Finding{What: "shops", Detail: fmt.Sprintf("%d Amazon shops", len(rows))}
	if len(ill) > 0 {
		f.Err = &problem.Error{
			Class: problem.Missing, ID: idShop, Reason: c.name + ": orders of some shops don't come any more: " + strings.Join(ill, ", "),
			Hint: "renew the shop's authorisation in Lingxing (设置 › 店铺授权)",
		}
	}
	return []connector.Finding{f}
}

// checkGrants asks each interface for next to nothing.
func (c *conn) checkGrants(ctx context.Context) []connector.Finding {
	var granted []string
	var out []connector.Finding
	for _, o := range objects() {
		params := map[string]any{}
		if o.windowed {
			cur := o.cursor[0]
			maps.Copy(params, cur.params)
			now := c.vendorTime().Truncate(time.Second)
			params[cur.from], params[cur.to] = cur.bound(now.Add(-time.Minute), now)
		}
		s := &sweep{c: c, o: o, params: params, length: max(o.least, 1)}
		if _, err := s.at(ctx, 0); err != nil {
			out = append(out, connector.Finding{What: "rights", Detail: o.name + " cannot be read: " + problem.As(err).Reason, Err: problem.As(err)})
			continue
		}
		granted = append(granted, o.name)
	}
	if len(granted) > 0 {
		out = append(out, connector.Finding{What: "rights", Detail: "can read " + strings.Join(granted, ", ")})
	}
	return out
}

func (c *conn) checkClock() connector.Finding {
	ahead := c.vendorTime().Sub(c.now()).Round(time.Second)
	f := connector.Finding{What: "clock", Detail: "agrees with the vendor's"}
	if ahead.Abs() > skewed {
		f.Detail = fmt.Sprintf("the vendor's clock is %s ahead of this machine's", ahead)
		f.Err = &problem.Error{
			Class: problem.Transient, ID: idClock, Reason: fmt.Sprintf("%s: this machine's clock is %s off", c.name, ahead.Abs()),
			Hint: "set it (NTP): at two minutes the vendor refuses requests",
		}
	}
	return f
}
