package sandbox

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// call is one request on its way through the server.
type call struct {
	box     *Box
	r       *http.Request
	body    []byte
	service service
	gateway bool
	args    arguments

	session *session
	user    *doc
	lcid    int
	now     time.Time     // of the server, in its zone
	sid     string        // of the session, or what the client sent: it goes back as a cookie
	header  bool          // signed by headers
	failed  bool          // the answer is a failure
	late    time.Duration // how far back what is saved is dated
	partial *string       // which rows a BatchSave leaves out, when it leaves some out
	result  any           // the answer, to be written as JSON
}

// arguments are the body in any of its four forms.
type arguments struct {
	named object // {"formid":…,"data":…}
	list  []any  // {"parameters":[…]}
}

// httpAnswer is an answer that is no JSON, or JSON that stands ready.
type httpAnswer struct {
	code int
	typ  string
	body []byte
}

func (a *httpAnswer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", a.typ)
	w.WriteHeader(a.code)
	_, _ = w.Write(a.body) // the client may have gone; what was done stays done
}

func plainText(w http.ResponseWriter, code int, text string) {
	(&httpAnswer{code, "text/plain; charset=utf-8", []byte(text)}).write(w)
}

func textAnswer(code int, text string) *httpAnswer {
	return &httpAnswer{code, "text/plain; charset=utf-8", []byte(text)}
}

func htmlAnswer(code int, text string) *httpAnswer {
	page := "<!DOCTYPE html><html><head><title>" + text + "</title></head><body><h2>" + text + "</h2></body></html>"
	return &httpAnswer{code, "text/html", []byte(page)}
}

func jsonAnswer(v any) *httpAnswer {
	return &httpAnswer{http.StatusOK, "application/json; charset=utf-8", compact(v)}
}

// receive reads a request as far as it can be read without knowing who sent it.
func (b *Box) receive(r *http.Request) (*call, *httpAnswer) {
	rest, gateway, ok := underBase(r.URL.Path)
	if !ok {
		return nil, htmlAnswer(http.StatusNotFound, "404 - File or directory not found.")
	}
	if r.Method != http.MethodPost {
		return nil, htmlAnswer(http.StatusMethodNotAllowed, "405 - HTTP verb used to access this page is not allowed.")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, htmlAnswer(http.StatusBadRequest, "400 - Bad Request")
	}
	c := &call{box: b, r: r, body: body, gateway: gateway, lcid: chinese, now: b.kit.Clock.Now().In(zone)}
	if c.service, ok = b.service(rest); !ok {
		return nil, textAnswer(http.StatusInternalServerError, "未找到服务: "+strings.TrimSuffix(rest, ".common.kdsvc"))
	}
	if err := c.readArguments(); err != nil {
		return nil, responseError("请求参数不是有效的JSON: " + err.Error())
	}
	return c, nil
}

// underBase cuts the base off a path; k3cloud and K3Cloud are one.
func underBase(path string) (rest string, gateway, ok bool) {
	for _, base := range []string{basePath, gatewayPath} {
		if len(path) > len(base) && strings.EqualFold(path[:len(base)], base) {
			return path[len(base):], base == gatewayPath, true
		}
	}
	return "", false, false
}

// readArguments takes the positional and the named form, data as object or as text, and the
// form of a web page (data=…). Content-Type only matters for the last one: the vendor's own SDK
// misspells it.
func (c *call) readArguments() error {
	text := strings.TrimSpace(string(c.body))
	if strings.Contains(c.r.Header.Get("Content-Type"), "x-www-form-urlencoded") && !strings.HasPrefix(text, "{") {
		vals, err := url.ParseQuery(text)
		if err != nil {
			return err
		}
		for k := range vals {
			c.args.named.set(k, vals.Get(k))
		}
		return nil
	}
	if text == "" {
		return nil
	}
	v, err := decode(c.body)
	if err != nil {
		return err
	}
	o, _ := v.(object)
	c.args.named = o
	if list, ok := o.fold("parameters"); ok {
		c.args.list, err = asList(list)
	}
	return err
}

// asList reads "parameters", which some clients send as a JSON text.
func asList(v any) ([]any, error) {
	if s, ok := v.(string); ok {
		inner, err := decode([]byte(s))
		if err != nil {
			return nil, err
		}
		v = inner
	}
	list, _ := v.([]any)
	return list, nil
}

// text is an argument that is a text, by place or by name.
func (c *call) text(place int, names ...string) string {
	if place < len(c.args.list) {
		return asText(c.args.list[place])
	}
	v, _ := c.args.named.fold(names...)
	return asText(v)
}

// data is the argument that holds the request proper, at its place in a call of n arguments.
func (c *call) data(n int) (object, error) {
	var v any
	if len(c.args.list) > 0 {
		if n <= len(c.args.list) {
			v = c.args.list[n-1]
		}
	} else {
		v, _ = c.args.named.fold("data")
	}
	if s, ok := v.(string); ok && strings.TrimSpace(s) != "" {
		inner, err := decode([]byte(s))
		if err != nil {
			return nil, err
		}
		v = inner
	}
	o, _ := v.(object)
	return o, nil
}
