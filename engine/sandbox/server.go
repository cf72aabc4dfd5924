package sandbox

import (
	"context"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"
)

// Server is a simulator that listens.
type Server struct {
	System System
	Kit    *Kit
	addr   net.Addr
	http   *http.Server
}

// Serve starts a simulator on addr ("127.0.0.1:0" for any free port) and returns once it
// listens. It ends when ctx does, or with Close.
func Serve(ctx context.Context, sys System, kit *Kit, addr string) (*Server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &Server{System: sys, Kit: kit, addr: l.Addr()}
	s.http = &http.Server{Handler: s.handler(), ReadHeaderTimeout: 30 * time.Second}
	go func() { _ = s.http.Serve(l) }()
	context.AfterFunc(ctx, s.Close)
	return s, nil
}

// URL is the base URL that a connection to this simulator is given.
func (s *Server) URL() string {
	return "http://" + s.addr.String() + s.System.BasePath()
}

// ControlURL is where the control endpoint and the page are.
func (s *Server) ControlURL() string {
	return "http://" + s.addr.String() + controlPrefix
}

// Settings are the settings of a connection to this simulator, url included.
func (s *Server) Settings() map[string]string {
	out := map[string]string{"url": s.URL()}
	maps.Copy(out, s.System.Credentials())
	return out
}

// Close stops listening and cuts what is open.
func (s *Server) Close() { _ = s.http.Close() }

const controlPrefix = "/_sandbox/"

func (s *Server) handler() http.Handler {
	vendor := faulty(s.System, s.Kit)
	control := s.control()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, controlPrefix) {
			control.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Date", s.Kit.Clock.Now().UTC().Format(http.TimeFormat)) // the simulator's clock, not this computer's
		vendor.ServeHTTP(w, r)
	})
}
