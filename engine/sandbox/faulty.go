package sandbox

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// faulty puts the kit's own faults in front of a vendor's handler.
func faulty(next http.Handler, kit *Kit) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client went away in the middle of its request: nothing was processed
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		f, ok := kit.Faults.Take(r.URL.Path, body,
			Slow, SlowAnswer, CutBefore, CutAfter, CutLate, HalfAnswer, Status, StatusAfter, Garbage)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		kit.Log.Info("fault", "kind", f.Kind, "path", r.URL.Path)
		apply(f, next, w, r)
	})
}

func apply(f Fault, next http.Handler, w http.ResponseWriter, r *http.Request) {
	switch f.Kind {
	case Slow:
		time.Sleep(f.Delay) //nolint:forbidigo // a slow server is what was asked for
		next.ServeHTTP(w, r)
	case Status:
		status(w, f)
	case CutBefore:
		cut(w)
	case CutLate:
		go func() {
			time.Sleep(f.Delay) //nolint:forbidigo // a late commit is what was asked for
			next.ServeHTTP(httptest.NewRecorder(), r)
		}()
		cut(w)
	default: // the kinds that process first
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		after(f, w, rec)
	}
}

func after(f Fault, w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	switch f.Kind {
	case SlowAnswer:
		time.Sleep(f.Delay) //nolint:forbidigo // a slow server is what was asked for
		replay(w, rec, rec.Body.Len())
	case HalfAnswer:
		replay(w, rec, rec.Body.Len()/2)
		cut(w)
	case StatusAfter:
		status(w, f)
	case Garbage:
		_, _ = io.WriteString(w, "\x00\x01<<not an answer>>")
	default: // CutAfter
		cut(w)
	}
}

func replay(w http.ResponseWriter, rec *httptest.ResponseRecorder, n int) {
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes()[:n])
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

func cut(http.ResponseWriter) { panic(http.ErrAbortHandler) }
