package sandbox

import (
	"encoding/json"
	"net/http"
	"time"
)

// control answers the control endpoint:
//
//	GET    /_sandbox/                a page of what is stored
//	GET    /_sandbox/dump            everything stored, as JSON
//	GET    /_sandbox/actions         the actions of this simulator
//	POST   /_sandbox/do/{action}     makes an action happen; the body holds its arguments
//	GET    /_sandbox/faults          the faults that happened, by kind
//	POST   /_sandbox/faults          adds a fault (see Fault; delay in nanoseconds or as "2s")
//	DELETE /_sandbox/faults          forgets the faults that wait
//	POST   /_sandbox/clock           {"advance":"20m"} or {"set":"2026-01-01T00:00:00Z"}
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+controlPrefix+"dump", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, s.System.Dump(), nil)
	})
	mux.HandleFunc("GET "+controlPrefix+"faults", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, s.Kit.Faults.Happened(), nil)
	})
	mux.HandleFunc("DELETE "+controlPrefix+"faults", func(w http.ResponseWriter, _ *http.Request) {
		s.Kit.Faults.Clear()
		answer(w, map[string]any{"ok": true}, nil)
	})
	mux.HandleFunc("POST "+controlPrefix+"clock", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Advance string     `json:"advance"`
			Set     *time.Time `json:"set"`
		}
		err := json.NewDecoder(r.Body).Decode(&in)
		if err == nil && in.Set != nil {
			s.Kit.Clock.Set(*in.Set)
		}
		if err == nil && in.Advance != "" {
			var d time.Duration
			if d, err = time.ParseDuration(in.Advance); err == nil {
				s.Kit.Clock.Advance(d)
			}
		}
		answer(w, map[string]any{"now": s.Kit.Clock.Now()}, err)
	})
	return mux
}

func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		v = map[string]any{"error": err.Error()}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
