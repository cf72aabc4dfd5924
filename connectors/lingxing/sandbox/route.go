package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// route is one interface of the vendor.
type route struct {
	method   string
	capacity int // places for requests in flight, by app
	wrap     envelope
	writes   bool // its calls change something that must outlive the process
	serve    func(*Box, *call) (reply, error)
}

// post makes a route of a method of Box; its parameters are the fields of In, which know the loose
// types that the vendor accepts.
func post[In any](capacity int, e envelope, f func(*Box, In) (reply, error)) route {
	return route{http.MethodPost, capacity, e, false, decoded(f)}
}

// write makes a route as post does, of an interface that changes something.
func write[In any](capacity int, e envelope, f func(*Box, In) (reply, error)) route {
	return route{http.MethodPost, capacity, e, true, decoded(f)}
}

func get(capacity int, e envelope, f func(*Box) (reply, error)) route {
	return route{http.MethodGet, capacity, e, false, func(b *Box, _ *call) (reply, error) { return f(b) }}
}

func decoded[In any](f func(*Box, In) (reply, error)) func(*Box, *call) (reply, error) {
	return func(b *Box, c *call) (reply, error) {
		var in In
		if body := c.body; len(body) > 0 && body[0] == '{' {
			if err := json.Unmarshal(body, &in); err != nil {
				return reply{}, errUndecodable102
			}
		}
		return f(b, in)
	}
}

// errUndecodable102 is the gateway's 102 for a body whose values have types that the interface
// does not take, an array sent as a text above all.
var errUndecodable102 = errors.New("undecodable")

func capacityOf(path string) int {
	if r, ok := routes[path]; ok {
		return r.capacity
	}
	return 1
}

// route hands a call to its service.
func (b *Box) route(w http.ResponseWriter, r *http.Request, c *call) {
	to, ok := routes[c.path]
	if ok && r.Method != to.method {
		notAllowed(w)
		return
	}
	if f, hit := b.kit.Faults.Take(c.path, c.body, faultTooMany); hit {
		writeStatus(w, http.StatusTooManyRequests, map[string]string{"Retry-After": or(f.Arg, "1")}, "<html><h1>429 Too Many Requests</h1></html>")
		return
	}
	b.mu.Lock()
	var answer any
	if !ok {
		answer = b.wrapRefusal(classic, &refusal{code: 400, message: "服务不存在"})
	} else {
		answer = b.service(to, c)
	}
	b.mu.Unlock()
	if e, ok := answer.(*gatewayError); ok {
		e.write(w, b.kit.Clock.Now())
		return
	}
	writeJSON(w, answer)
}

// service runs one call and what faults make of its answer.
func (b *Box) service(to route, c *call) any {
	f, hit := b.kit.Faults.Take(c.path, c.body, faultBusy, faultError)
	switch {
	case hit && f.Kind == faultBusy:
		return b.busy(to.wrap)
	case hit:
		e := &refusal{code: 500, message: "内部错误"}
		if f.Arg != "" {
			e.details = f.Arg
		}
		return b.wrapRefusal(to.wrap, e)
	}
	b.call, b.page = c, nil
	b.settle()
	out, err := to.serve(b, c)
	if err == nil && to.writes {
		b.record(changeCall, callRecord{Path: c.path, Body: c.body, Fails: c.fails})
	}
	if f, hit := b.kit.Faults.Take(c.path, c.body, faultBusyAfter, faultNullData); hit {
		if f.Kind == faultBusyAfter {
			return b.busy(to.wrap)
		}
		return b.wrap(plainOf(to.wrap), reply{message: or(f.Arg, "系统繁忙"), total: noTotal})
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		return b.wrapRefusal(to.wrap, refused)
	}
	if err != nil {
		return errUndecodable
	}
	answer := b.wrap(to.wrap, out)
	b.movePage(c)
	return answer
}

// plainOf is the envelope without a list, for an answer that has none.
func plainOf(e envelope) envelope {
	if e == classic {
		return classic
	}
	return plain
}

// movePage lets orders of a page that was just answered change: they leave the window that is being
// read, and every later row of it slides up.
func (b *Box) movePage(c *call) {
	if len(b.page) == 0 {
		return
	}
	f, hit := b.kit.Faults.Take(c.path, c.body, faultMovingPage)
	if !hit {
		return
	}
	n, err := strconv.Atoi(or(f.Arg, "1"))
	if err != nil {
		return
	}
	var moved []int
	for _, o := range b.page[:min(n, len(b.page))] {
		b.touch(o)
		moved = append(moved, o.seq)
	}
	b.record(changeTouch, moved)
}
