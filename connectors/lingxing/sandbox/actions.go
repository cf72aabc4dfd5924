package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// Actions are what a tester can make happen, orders first, then what goes wrong with the account.
func (b *Box) Actions() []sandbox.Action {
	return slices.Concat(b.orderActions(), b.mcfActions(), b.accountActions(), b.stockActions())
}

// act makes an action of a function with typed arguments; it runs under the lock.
func act[In any](b *Box, name, doc, example string, f func(In) (any, error)) sandbox.Action {
	return sandbox.Action{Name: name, Doc: doc, Example: example, Do: func(raw json.RawMessage) (any, error) {
		var in In
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil {
			return nil, fmt.Errorf("%s: %w; an example: %s", name, err, example)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		return f(in)
	}}
}

type appArgs struct {
	AppID string `json:"app_id"`
}

type pathArgs struct {
	AppID string `json:"app_id"`
	Path  string `json:"path"`
}

type addressArgs struct {
	IP string `json:"ip"`
}

func (b *Box) accountActions() []sandbox.Action {
	return []sandbox.Action{
		act(b, "expire-tokens", "Expires all tokens of an app (without app_id: of the first): access tokens answer 2001003, refresh tokens 2001008.", `{}`, b.expireTokens),
		act(b, "take-token", "Another program asks for a token with the same app: the one in use answers 2001005 from now on.", `{}`, b.takeToken),
		act(b, "give-token", "Makes a chosen text a live access token, for signature vectors that hold one.", `{"access_token":"6d1f0c52-8a34-4be7-9c11-2f5e7a9b0d43"}`, b.giveToken),
		act(b, "add-app", "Adds a second application with credentials of its own.", `{"app_id":"ak_pipectl00more","secret":"c2Vjb25k+2FwcA=="}`, b.addApp),
		act(b, "disable-app", "Disables an app (code 401, the default) or lets its grant run out (403).", `{"code":"401"}`, b.disableApp),
		act(b, "enable-app", "Takes disable-app back.", `{}`, b.enableApp),
		act(b, "revoke-api", "Takes the grant for one path: 2001004.", `{"path":"/erp/sc/data/mws/orders"}`, b.revokeAPI),
		act(b, "grant-api", "Takes revoke-api back.", `{"path":"/erp/sc/data/mws/orders"}`, b.grantAPI),
		act(b, "ban-ip", "Takes an address, or all (*), off the allow-list: 3001002.", `{"ip":"*"}`, b.banIP),
		act(b, "allow-ip", "Takes ban-ip back.", `{"ip":"*"}`, b.allowIP),
		act(b, "take-place", "A request of somebody else with the same app stays in flight on a path for so long (2m by default).", `{"path":"/erp/sc/data/mws/orders","for":"2m"}`, b.takePlace),
		act(b, "clock-skew", "The vendor's clock differs from the machine's by so much: signatures are 2001007 beyond two minutes. off ends it.", `{"by":"5m"}`, b.skewClock),
		act(b, "switch", "Chooses between readings of what the vendor does not say; what is not named stays.", `{"many_tokens":false,"hold_on_abort":true,"strict_sign":false,"no_buyers":false,"token_every":0}`, b.switchTo),
	}
}

func (b *Box) appOf(id string) (*app, error) {
	a, ok := b.apps[or(id, b.firstApp)]
	if !ok {
		return nil, fmt.Errorf("no app %q: there are %s", id, strings.Join(slices.Sorted(maps.Keys(b.apps)), ", "))
	}
	return a, nil
}

// onApp runs f on the app that an action names.
func (b *Box) onApp(id string, f func(*app)) (any, error) {
	a, err := b.appOf(id)
	if err != nil {
		return nil, err
	}
	f(a)
	return nil, nil
}

func (b *Box) expireTokens(in appArgs) (any, error) {
	return b.onApp(in.AppID, func(a *app) { a.expire(b.kit.Clock.Now()) })
}

func (b *Box) takeToken(in appArgs) (any, error) {
	return b.onApp(in.AppID, func(a *app) {
		a.replace() // also where many tokens may live: it is what was asked for
		b.issue(a)
	})
}

func (b *Box) giveToken(in struct {
	AppID string `json:"app_id"`
	Token string `json:"access_token"`
},
) (any, error) {
	if in.Token == "" {
		return nil, errors.New("give-token: access_token is missing")
	}
	return b.onApp(in.AppID, func(a *app) { a.access[in.Token] = token{until: b.kit.Clock.Now().Add(tokenLife)} })
}

func (b *Box) addApp(in struct {
	AppID  string `json:"app_id"`
	Secret string `json:"secret"`
},
) (any, error) {
	if len(in.AppID) != 16 || in.Secret == "" {
		return nil, errors.New("add-app: app_id has 16 characters (it is an AES key), and secret is not empty")
	}
	if b.apps[in.AppID] != nil {
		return nil, fmt.Errorf("add-app: %s is there already", in.AppID)
	}
	b.apps[in.AppID] = newApp(in.AppID, in.Secret)
	return nil, nil
}

func (b *Box) disableApp(in struct {
	AppID string `json:"app_id"`
	Code  string `json:"code"`
},
) (any, error) {
	if in.Code = or(in.Code, "401"); in.Code != "401" && in.Code != "403" {
		return nil, errors.New(`disable-app: code is "401" or "403"`)
	}
	return b.onApp(in.AppID, func(a *app) { a.refused = in.Code })
}

func (b *Box) enableApp(in appArgs) (any, error) {
	return b.onApp(in.AppID, func(a *app) { a.refused = "" })
}

func (b *Box) revokeAPI(in pathArgs) (any, error) {
	if err := knownPath(in.Path); err != nil {
		return nil, err
	}
	return b.onApp(in.AppID, func(a *app) { a.revoked[in.Path] = true })
}

func (b *Box) grantAPI(in pathArgs) (any, error) {
	return b.onApp(in.AppID, func(a *app) { delete(a.revoked, in.Path) })
}

func knownPath(path string) error {
	if _, ok := routes[path]; !ok {
		return fmt.Errorf("no path %q here; write it whole, like /erp/sc/data/mws/orders", path)
	}
	return nil
}

func (b *Box) banIP(in addressArgs) (any, error) {
	b.banned[or(in.IP, "*")] = true
	return nil, nil
}

func (b *Box) allowIP(in addressArgs) (any, error) {
	if in.IP == "" || in.IP == "*" {
		clear(b.banned)
	}
	delete(b.banned, in.IP)
	return nil, nil
}

func (b *Box) takePlace(in struct {
	AppID string `json:"app_id"`
	Path  string `json:"path"`
	For   string `json:"for"`
},
) (any, error) {
	d, err := duration(in.For, abortHold)
	if err == nil {
		err = knownPath(in.Path)
	}
	if err != nil {
		return nil, err
	}
	return b.onApp(in.AppID, func(a *app) {
		f := flight{a.id, in.Path}
		if b.flights[f] == nil {
			b.flights[f] = &bucket{}
		}
		b.flights[f].held = append(b.flights[f].held, b.kit.Clock.Now().Add(d))
	})
}

func (b *Box) skewClock(in struct {
	By  string `json:"by"`
	Off bool   `json:"off"`
},
) (any, error) {
	d, err := duration(in.By, 0)
	if err != nil {
		return nil, err
	}
	b.skew = clockSkew{on: !in.Off, by: d}
	return nil, nil
}

func (b *Box) switchTo(in json.RawMessage) (any, error) {
	to := b.switches
	dec := json.NewDecoder(bytes.NewReader(in))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&to); err != nil {
		return nil, err
	}
	b.switches = to
	return to, nil
}

// duration reads "30m"; an empty text is what usually holds.
func duration(s string, usual time.Duration) (time.Duration, error) {
	if s == "" {
		return usual, nil
	}
	return time.ParseDuration(s)
}
