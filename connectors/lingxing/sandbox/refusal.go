package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// gatewayError is a refusal by the gateway, before any service sees the call: a code in quotes, HTTP
// 200. Some come in a long form with a throwable.
type gatewayError struct {
	code, msg string
	long      bool
}

var (
	errAppUnknown     = &gatewayError{"2001001", "app not exist", true}
	errSecretWrong    = &gatewayError{"2001002", "app secret not correct", false}
	errSecretMangled  = &gatewayError{"0001001", "rsa private decrypt error", false}
	errTokenExpired   = &gatewayError{"2001003", "access token is missing or expire", true}
	errNotGranted     = &gatewayError{"2001004", "the api not authorized, please grant first", false}
	errTokenReplaced  = &gatewayError{"2001005", "access token not match", true}
	errSign           = &gatewayError{"2001006", " api sign not correct", true} // the space is the vendor's
	errSignOld        = &gatewayError{"2001007", "api sign has expired", true}
	errRefreshExpired = &gatewayError{"2001008", "refresh token expired. please get access token again", false}
	errRefreshInvalid = &gatewayError{"2001009", "refresh token is invalid", false}
	errParams         = &gatewayError{"3001001", "missing query param(access_token,sign,timestamp,app_key)", true}
	errAddress        = &gatewayError{"3001002", "ip not permit, please add ip to white list first.", true}
	errThrottled      = &gatewayError{"3001008", "new requests too frequently. please request later.", false}
	errUndecodable    = &gatewayError{"102", "参数不合法", false}
	errPath           = &gatewayError{"500", "404 NOT_FOUND", false}
)

// refusedApp is the answer to an app that is disabled ("401") or whose grant ran out ("403").
func refusedApp(code string) *gatewayError {
	if code == "403" {
		return &gatewayError{"403", "授权失效，请更新授权有效期", false}
	}
	return &gatewayError{"401", "授权被禁用，请检查授权状态", false}
}

// short is the same error in the form of the token calls.
func (e *gatewayError) short() *gatewayError { return &gatewayError{e.code, e.msg, false} }

func (e *gatewayError) write(w http.ResponseWriter, now time.Time) {
	type answer struct {
		Code string `json:"code"`
		Msg  string `json:"msg"`
		Data any    `json:"data"`
	}
	out := answer{Code: e.code, Msg: e.msg}
	if e.long {
		out.Data = struct {
			Throwable string         `json:"throwable"`
			Time      string         `json:"throwTime"`
			Message   *string        `json:"message"`
			Trace     *string        `json:"stackTrace"`
			Metadata  map[string]any `json:"metadata"`
		}{Throwable: e.msg, Time: beijing(now.Unix()), Metadata: map[string]any{}}
	}
	writeJSON(w, out)
}

// refusal is what a service answers instead of data: a code as a number, in its own envelope.
type refusal struct {
	code    int
	message string
	details any // a text, a list, or nil
}

func (e *refusal) Error() string { return e.message }

// invalid is the answer to parameters that a service cannot take.
func invalid(what string) error { return &refusal{102, "参数不合法", []string{what}} }

// inner is how classic services refuse on business grounds; the reason stands in the details only.
func inner(why string) error { return &refusal{500, "内部错误", why + " [请求码:4B70FE]"} }

// innerProgram is the same of the newer services.
func innerProgram(why string) error {
	return &refusal{500, "程序内部错误", why + " [请求码:C365FF]"}
}

func notAllowed(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusMethodNotAllowed)
	_, _ = io.WriteString(w, strings.ReplaceAll(`<html>
<head><title>405 Not Allowed</title></head>
<body>
<center><h1>405 Not Allowed</h1></center>
<hr><center>nginx</center>
</body>
</html>
`, "\n", "\r\n"))
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)                                            // to memory
	_, _ = w.Write(bytes.TrimSuffix(body.Bytes(), []byte("\n"))) // a client that has gone away is the kit's business
}
