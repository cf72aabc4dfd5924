package sandbox

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// faulty puts latency and the kit's own faults in front of a vendor's handler. Every answer is
// collected before it is sent, so that a fault can still take it away.
func faulty(next http.Handler, kit *Kit) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client went away in the middle of its request: nothing was processed
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		f, hit := kit.Faults.Take(r.URL.Path, body, kinds...)
		if hit {
			kit.Log.Info("fault", "kind", f.Kind, "path", r.URL.Path)
		}
		l := &life{arrived: kit.Clock.Now(), pause: kit.Latency.of(r.URL.Path)}
		if f.Kind == Slow {
			l.pause += f.Delay
		}
		r = r.WithContext(context.WithValue(r.Context(), lifeKey{}, l))
		if !kit.PausesInside {
			Pause(r)
		}
		apply(f, next, w, r, kit, l)
	})
}

func apply(f Fault, next http.Handler, w http.ResponseWriter, r *http.Request, kit *Kit, l *life) {
	switch f.Kind {
	case Status:
		status(w, f)
	case CutBefore:
		cut()
	case CutLate:
		late := r.WithContext(context.WithoutCancel(r.Context())) // nothing of it ends with the connection
		kit.Clock.After(f.Delay, func() {
			next.ServeHTTP(newRecorder(), late)
			l.end(false)
		})
		cut()
	default: // what is processed first; without a fault, everything
		rec := newRecorder()
		defer l.end(false) // a simulator that panics ends its request, too
		next.ServeHTTP(rec, r)
		after(f, w, r, rec, kit, l)
	}
}

func after(f Fault, w http.ResponseWriter, r *http.Request, rec *recorder, kit *Kit, l *life) {
	if f.Kind == SlowAnswer {
		time.Sleep(f.Delay) //nolint:forbidigo // a slow server is what was asked for
	}
	w.Header().Set("Date", kit.Clock.Now().UTC().Format(http.TimeFormat)) // the server has one clock
	answered := f.Kind != CutAfter && f.Kind != HalfAnswer && r.Context().Err() == nil
	l.end(answered)
	switch f.Kind {
	case CutAfter:
		cut()
	case HalfAnswer:
		half(w, rec)
		cut()
	case StatusAfter:
		status(w, f)
	case Garbage:
		_, _ = io.WriteString(w, "\x00\x01<<not an answer>>")
	default:
		rec.replay(w)
	}
}

// half promises the whole answer and sends the first half of it.
func half(w http.ResponseWriter, rec *recorder) {
	w.Header().Set("Content-Length", strconv.Itoa(rec.body.Len()))
	rec.body.Truncate(rec.body.Len() / 2)
	rec.replay(w)
	_ = http.NewResponseController(w).Flush() // else the cut would swallow a short half
}

func status(w http.ResponseWriter, f Fault) {
	code, body := f.Status, f.Body
	if code == 0 {
		code = http.StatusServiceUnavailable
	}
	if body == "" {
		body = "<html><head><title>" + http.StatusText(code) + "</title></head><body><h1>" + http.StatusText(code) + "</h1></body></html>"
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}

// cut ends the connection without another byte; the server knows this value and stays quiet.
func cut() { panic(http.ErrAbortHandler) }

// recorder keeps an answer until it is known whether it may be sent.
type recorder struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(code int) {
	if r.code == 0 {
		r.code = code
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) replay(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	r.WriteHeader(http.StatusOK)
	w.WriteHeader(r.code)
	_, _ = w.Write(r.body.Bytes())
}
