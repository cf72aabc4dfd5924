package transport

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pipectl/pipectl/engine/problem"
)

// Plain judges an answer by what HTTP alone says, for connectors whose vendor has no better word:
// nil for 2xx with JSON or nothing in it; else a problem.
func (c *Client) Plain(a Answer) *problem.Error {
	e := &problem.Error{Code: fmt.Sprint(a.Status)}
	e.After, _ = RetryAfter(a.Header, c.o.Now())
	thing, excerpt := c.o.Name, c.redactor.Text(a.excerpt())
	switch {
	case a.Status == http.StatusTooManyRequests:
		e.Class, e.ID, e.Scope = problem.Throttled, idThrottled, problem.OfPath
		e.Reason = thing + ": too many requests"
		e.Hint = "nothing to do: calls wait and go on; set the connection's `rate` lower when it happens often"
	case a.Status >= 500 || a.Status == http.StatusRequestTimeout:
		e.Class, e.ID = problem.Transient, idStatus
		e.Reason = fmt.Sprintf("%s: the server answers %d %s%s", thing, a.Status, http.StatusText(a.Status), excerpt)
		e.Hint = "the server or a proxy before it is in trouble; retries go on by themselves"
	case a.Status/100 != 2:
		e.Class, e.ID = problem.Fatal, idRejected
		e.Reason = fmt.Sprintf("%s: the server answers %d %s%s", thing, a.Status, http.StatusText(a.Status), excerpt)
		e.Hint = "check the connection's url: this is not the address of the interface"
	case !a.JSON():
		e.Class, e.ID, e.Code = problem.Transient, idNotJSON, ""
		e.Reason = thing + ": the answer is no JSON" + excerpt
		e.Hint = "a proxy or a login page answered in the system's place; check the url when it lasts"
	default:
		return nil
	}
	return e
}

// unseen says of a character that a terminal would not show, or would obey.
func unseen(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// JSON says whether the body looks like JSON, or is empty: whole pages of HTML come from proxies.
func (a Answer) JSON() bool {
	b := bytes.TrimSpace(bytes.TrimPrefix(a.Body, []byte("\xef\xbb\xbf")))
	return len(b) == 0 || bytes.IndexByte([]byte(`{["0123456789-tfn`), b[0]) >= 0
}

// mostLooked is how much of a body is looked at for words to show.
const mostLooked = 64 << 10

// excerpt is the beginning of a body that a person may want to see: the title of an HTML page, or
// the first words.
func (a Answer) excerpt() string {
	body := a.Body
	if end := mostLooked; len(body) > end {
		for end > 0 && !utf8.RuneStart(body[end]) {
			end--
		}
		body = body[:end]
	}
	if len(body) == 0 || !utf8.Valid(body) {
		return ""
	}
	text := string(body)
	if _, rest, ok := strings.Cut(text, "<title>"); ok {
		text, _, _ = strings.Cut(rest, "</title>")
	}
	text = strings.Join(strings.FieldsFunc(text, unseen), " ")
	if r := []rune(text); len(r) > 80 {
		text = string(r[:80]) + "…"
	}
	return ": " + text
}
