package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// control answers the control endpoint, for people, scripts and tests in any language:
//
//	GET    /_sandbox/                  a page of what is stored, to look at
//	GET    /_sandbox/dump              everything stored, as JSON; ?collection=orders for one of it
//	GET    /_sandbox/actions           the actions of this simulator, each with an example
//	POST   /_sandbox/do/{action}       makes an action happen; the body holds its arguments
//	GET    /_sandbox/faults            how many faults happened, by kind
//	GET    /_sandbox/faults/waiting    the faults that still wait
//	GET    /_sandbox/faults/kinds      the kinds of faults there are
//	POST   /_sandbox/faults            adds a fault, or a list of them (see Fault):
//	                                   {"kind":"slow-answer","path":"orders","count":2,"delay":"2s"}
//	DELETE /_sandbox/faults            forgets the faults that wait
//	GET    /_sandbox/latency           the delays in force
//	POST   /_sandbox/latency           {"path":"orders","delay":"200ms"}: every request to such a path
//	                                   takes so much longer; "0s" takes it away
//	DELETE /_sandbox/latency           takes all delays away
//	GET    /_sandbox/clock             the simulator's time
//	POST   /_sandbox/clock             {"advance":"20m"} or {"set":"2026-01-01T00:00:00Z"}
//
// A delay is "2s" or a whole number of nanoseconds. What cannot be done answers 400 (an unknown
// action 404) with {"error":"…"}.
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(r *http.Request, body []byte) (any, error)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+controlPrefix+path, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			v, err := f(r, body)
			answer(w, v, err)
		})
	}
	mux.HandleFunc("GET "+controlPrefix+"{$}", s.page)
	handle("GET dump", s.dump)
	handle("GET actions", s.actions)
	handle("POST do/{action}", s.do)
	handle("GET faults", func(*http.Request, []byte) (any, error) { return s.Kit.Faults.Happened(), nil })
	handle("GET faults/waiting", func(*http.Request, []byte) (any, error) { return s.Kit.Faults.Waiting(), nil })
	handle("GET faults/kinds", func(*http.Request, []byte) (any, error) { return s.faultKinds(), nil })
	handle("POST faults", s.addFaults)
	handle("DELETE faults", func(*http.Request, []byte) (any, error) {
		s.Kit.Faults.Clear()
		return done{true}, nil
	})
	handle("GET latency", func(*http.Request, []byte) (any, error) { return s.Kit.Latency.List(), nil })
	handle("POST latency", s.setLatency)
	handle("DELETE latency", func(*http.Request, []byte) (any, error) {
		s.Kit.Latency.Clear()
		return done{true}, nil
	})
	handle("GET clock", func(*http.Request, []byte) (any, error) { return now{s.Kit.Clock.Now()}, nil })
	handle("POST clock", s.moveClock)
	return mux
}

type done struct {
	OK bool `json:"ok"`
}

type now struct {
	Now time.Time `json:"now"`
}

// unknown is a thing that the control endpoint has no such of; it answers 404.
type unknown struct{ error }

func (s *Server) dump(r *http.Request, _ []byte) (any, error) {
	all := s.System.Dump()
	name := r.URL.Query().Get("collection")
	if name == "" {
		return all, nil
	}
	rows, ok := all[name]
	if !ok {
		return nil, unknown{fmt.Errorf("no collection %q: there are %s", name, strings.Join(slices.Sorted(maps.Keys(all)), ", "))}
	}
	return rows, nil
}

func (s *Server) actions(*http.Request, []byte) (any, error) {
	type shown struct {
		Name    string          `json:"name"`
		Doc     string          `json:"doc"`
		Example json.RawMessage `json:"example,omitempty"`
	}
	out := []shown{}
	for _, a := range s.System.Actions() {
		out = append(out, shown{a.Name, a.Doc, json.RawMessage(a.Example)})
	}
	return out, nil
}

func (s *Server) do(r *http.Request, body []byte) (any, error) {
	v, err := Do(s.System, s.Kit, r.PathValue("action"), body)
	_, none := errors.AsType[noAction](err)
	switch {
	case none:
		var names []string
		for _, a := range s.System.Actions() {
			names = append(names, a.Name)
		}
		return nil, unknown{fmt.Errorf("%w: there are %s", err, strings.Join(names, ", "))}
	case v == nil && err == nil:
		v = done{true}
	}
	return v, err
}

func (s *Server) faultKinds() map[string]string {
	out := map[string]string{
		Slow: "waits delay, then processes", SlowAnswer: "processes, waits delay, then answers",
		CutBefore: "closes the connection, nothing was processed", CutAfter: "processes, then closes the connection without an answer",
		CutLate: "closes the connection at once, processes when the clock is delay further", HalfAnswer: "processes, sends half of the answer, closes",
		Status: "answers HTTP status with body, nothing was processed", StatusAfter: "processes, then answers HTTP status with body",
		Garbage: "processes, then answers 200 with text that is no JSON",
	}
	if own, ok := s.System.(FaultKinds); ok {
		maps.Copy(out, own.FaultKinds())
	}
	return out
}

func (s *Server) addFaults(_ *http.Request, body []byte) (any, error) {
	list := []Fault{{}}
	var into any = &list[0]
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		list, into = nil, &list
	}
	if err := strict(body, into); err != nil {
		return nil, err
	}
	_, named := s.System.(FaultKinds)
	known := s.faultKinds()
	for _, f := range list {
		if _, ok := known[f.Kind]; f.Kind == "" || named && !ok {
			return nil, fmt.Errorf("no fault kind %q: there are %s", f.Kind, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	for _, f := range list {
		s.Kit.Faults.Add(f)
	}
	return done{true}, nil
}

func (s *Server) setLatency(_ *http.Request, body []byte) (any, error) {
	var in PathDelay
	if err := strict(body, &in); err != nil {
		return nil, err
	}
	s.Kit.Latency.Set(in.Path, time.Duration(in.Delay))
	return s.Kit.Latency.List(), nil
}

func (s *Server) moveClock(_ *http.Request, body []byte) (any, error) {
	var in struct {
		Advance string     `json:"advance"`
		Set     *time.Time `json:"set"`
	}
	if err := strict(body, &in); err != nil {
		return nil, err
	}
	if in.Set == nil && in.Advance == "" {
		return nil, errors.New(`clock: say {"advance":"20m"} or {"set":"2026-01-01T00:00:00Z"}`)
	}
	var d time.Duration
	if in.Advance != "" {
		var err error
		if d, err = time.ParseDuration(in.Advance); err != nil {
			return nil, err
		}
	}
	if in.Set != nil {
		s.Kit.Clock.Set(*in.Set)
	}
	s.Kit.Clock.Advance(d)
	return now{s.Kit.Clock.Now()}, nil
}

// strict decodes one JSON value and refuses names that it has no place for: a mistyped "cuont"
// would otherwise be a test that tests nothing.
func strict(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}

func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		code := http.StatusBadRequest
		if _, ok := errors.AsType[unknown](err); ok {
			code = http.StatusNotFound
		}
		w.WriteHeader(code)
		v = map[string]any{"error": err.Error()}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
