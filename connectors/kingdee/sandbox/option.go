package sandbox

import (
	"encoding/json"
	"time"
)

// options are what a tester can set (see the action set-option).
type options struct {
	AutoNumber     map[string]bool `json:"auto_number"`      // bill types ("XSDD01_SYS") that ignore FBillNo
	Workflow       map[string]bool `json:"workflow"`         // forms with an approval flow: Audit by the API is refused
	HiddenOrgs     map[string]bool `json:"hidden_orgs"`      // organisations that the API's user may not see
	QueryCap       int             `json:"query_cap"`        // rows that one query answers at most
	NegativeStock  string          `json:"negative_stock"`   // warn, refuse, allow
	IdleMinutes    int             `json:"idle_minutes"`     // until a session of a login ends
	SingleSession  bool            `json:"single_session"`   // a login ends the user's other sessions
	LoginResult    int             `json:"login_result"`     // LoginResultType of a login that would succeed: 1; -5 and -4 still open a session
	LostWrapping   string          `json:"lost_wrapping"`    // how a query answers a lost session
	UnknownFails   bool            `json:"unknown_fails"`    // an unknown number fails the whole Submit, Audit, …
	AsyncPolls     int             `json:"async_polls"`      // polls until an asynchronous BatchSave is done
	OldSpellingNil bool            `json:"old_spelling_nil"` // ExcuteOperation answers null and does nothing
	CallsPerSecond int             `json:"calls_per_second"` // beyond it calls are refused (MsgCode 14); 0: no limit
}

func newOptions() options {
	return options{
		AutoNumber: map[string]bool{}, Workflow: map[string]bool{}, HiddenOrgs: map[string]bool{},
		QueryCap: 2000, NegativeStock: "warn", IdleMinutes: 20, LoginResult: 1, LostWrapping: wrapDouble, AsyncPolls: 1,
	}
}

func (o options) idle() time.Duration { return time.Duration(o.IdleMinutes) * time.Minute }

// headerIdle is longer: a session that a signature opened was seen to live 30 to 90 minutes.
func (o options) headerIdle() time.Duration { return o.idle() * 3 / 2 }

// setOption changes options by a JSON object that names some of them.
func (b *Box) setOption(args json.RawMessage) (any, error) {
	next := b.options
	if err := strict(args, &next); err != nil {
		return nil, err
	}
	b.options = next
	return b.options, nil
}
