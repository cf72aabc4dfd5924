package lingxing

import (
	"fmt"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/problem"
)

// Codes of what this vendor refuses.
const (
	idCredentials  = "PC350"
	idDisabled     = "PC351"
	idAddress      = "PC352"
	idGrant        = "PC353"
	idOtherProgram = "PC354"
	idSignature    = "PC355"
	idClock        = "PC356"
	idThrottled    = "PC357"
	idBusy         = "PC358"
	idParams       = "PC359"
	idInternal     = "PC360"
	idRefused      = "PC361"
	idShape        = "PC362"
	idHalf         = "PC363"
	idPaging       = "PC364"
	idUse          = "PC365"
	idToken        = "PC366"
	idRow          = "PC367"
	idShop         = "PC368"
)

// The vendor's codes that this package acts on itself.
const (
	codeExpired  = "2001003"
	codeReplaced = "2001005"
	codeStale    = "2001007"
	codeTooMany  = "3001008"
)

const allowList = "设置 › 业务配置 › 全局 › 开放接口"

// refusal is what a code means to a person.
type refusal struct {
	class        problem.Class
	id           string
	reason, hint string
}

// gatewayRefusals come as text codes, before the call reaches a service.
var gatewayRefusals = map[string]refusal{
	"2001001": {problem.Fatal, idCredentials, "the app_id is not known", "check app_id in pipectl.yaml against " + allowList},
	"2001002": {problem.Fatal, idCredentials, "the secret is not the one of this app_id", "check secret; resetting it in Lingxing ends the old one at once"},
	"0001001": {problem.Fatal, idCredentials, "the secret arrived damaged", "copy the secret again, whole, with + / and = in it"},
	"2001003": {problem.Transient, idToken, "the access token is not accepted, not even a new one", "wait a few minutes; when it lasts, ask the vendor's support"},
	"2001004": {problem.Fatal, idGrant, "the application may not use %s", "grant it this interface in " + allowList + ", then run again"},
	"2001005": {problem.Transient, idOtherProgram, "another application uses the same appId: it asks for tokens, and each new token ends ours", "give pipectl an appId of its own, or stop the other program"},
	"2001006": {problem.Fatal, idSignature, "the signature of %s is not accepted", "check that app_id and secret belong together; if they do, this is a fault of pipectl: report it"},
	"2001007": {problem.Fatal, idClock, "the vendor says that the request is more than two minutes old", "set this machine's clock (NTP); `pipectl doctor` shows the difference"},
	"2001008": {problem.Transient, idToken, "the refresh token has expired", "a new token is asked for by itself"},
	"2001009": {problem.Transient, idToken, "the refresh token is not accepted", "a new token is asked for by itself"},
	"3001001": {problem.Fatal, idParams, "%s arrived without its common parameters", "check that no proxy rewrites the url; else report it"},
	"3001002": {problem.Fatal, idAddress, "this machine's public IP address is not on the vendor's list", "add the exit IP to the IP whitelist (白名单) in " + allowList},
	"3001008": {problem.Throttled, idThrottled, "too many requests at once to %s", "nothing to do: calls wait and go on; another program with the same appId takes from the same budget"},
	"401":     {problem.Fatal, idDisabled, "the application is disabled (授权被禁用)", "enable it in " + allowList},
	"403":     {problem.Fatal, idDisabled, "the application's authorisation has ended, or lacks %s (授权失效)", "renew it, or grant the interface, in " + allowList},
	"102":     {problem.Fatal, idParams, "%s does not understand the parameters", "check source.params of the pipeline"},
	"500":     {problem.Fatal, idParams, "the address of %s is not understood", "check url in pipectl.yaml: host only, without a path"},
}

// businessRefusals come as number codes, from the service.
var businessRefusals = map[string]refusal{
	"102":  {problem.Fatal, idParams, "%s refuses a parameter", "check source.params of the pipeline"},
	"103":  {problem.Throttled, idBusy, "%s is busy (请求过于频繁)", "nothing to do: calls wait and go on"},
	"104":  {problem.Fatal, idParams, "%s calls the request illegal (非法请求)", "check source.params of the pipeline"},
	"400":  {problem.Fatal, idParams, "%s does not exist at this address", "check url in pipectl.yaml"},
	"1000": {problem.Fatal, idRefused, "%s refuses the request", "the reason is the vendor's own; check source.params of the pipeline"},
}

// refused is the problem that an answer without success is. now is for nothing but waiting times.
func (c *conn) refused(path string, e envelope) *problem.Error {
	list := businessRefusals
	if e.gateway {
		list = gatewayRefusals
	}
	r, known := list[e.code]
	switch {
	case known:
	case e.code == "500" && len(e.details) > 0: // despite the number, a permanent refusal
		r = refusal{problem.Fatal, idRefused, "%s refuses the request", "the reason is the vendor's own; check source.params of the pipeline"}
	default:
		r = refusal{problem.Transient, idInternal, "%s has an error of its own", "retries go on by themselves; when it lasts, ask the vendor's support with the request id"}
	}
	p := &problem.Error{Class: r.class, ID: r.id, Code: e.code, Hint: r.hint, Login: r.id == idCredentials || r.id == idSignature}
	p.Reason = c.name + ": " + strings.ReplaceAll(r.reason, "%s", path)
	if said := e.said(); said != "" {
		p.Reason += ": " + problem.Cut(c.http.Redactor().Text(said), problem.MostReason)
	}
	if e.request != "" && r.class != problem.Throttled {
		p.Hint += " (request " + e.request + ")"
	}
	if p.Class == problem.Throttled {
		p.Scope, p.After = problem.OfPath, c.tire(path, e.code)
		c.http.Throttled(path, c.now().Add(p.After))
	}
	return p
}

// said is the vendor's own words, the details first: the message often says nothing.
func (e envelope) said() string {
	if len(e.details) > 0 {
		return strings.Join(e.details, "; ")
	}
	return strings.TrimSpace(e.message)
}

// Waits after a refusal for too many requests, growing while a path refuses again and again. A
// busy service needs longer than a bucket in which somebody else's request will end soon.
var (
	bucketWaits  = []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute}
	serviceWaits = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute}
)

// tire notes one more refusal of a path and answers how long to leave it alone.
func (c *conn) tire(path, code string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.tired[path]
	c.tired[path]++
	waits := serviceWaits
	if code == codeTooMany {
		waits = bucketWaits
	}
	return waits[min(n, len(waits)-1)]
}

func (c *conn) rested(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tired, path)
}

// shapeless is an answer that isn't what the interface is documented to answer.
func (c *conn) shapeless(path, what string) *problem.Error {
	return &problem.Error{
		Class: problem.Transient, ID: idShape, Reason: fmt.Sprintf("%s: %s answers %s", c.name, path, what),
		Hint: "retries go on by themselves; when it lasts, check url in pipectl.yaml and ask the vendor's support",
	}
}

// misuse is a mistake in the pipeline or the project.
func (c *conn) misuse(reason, hint string) *problem.Error {
	return &problem.Error{Class: problem.Fatal, ID: idUse, Reason: c.name + ": " + reason, Hint: hint}
}
