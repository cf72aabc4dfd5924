package lingxing

import (
	"bytes"
	"crypto/aes"
	"crypto/md5" //nolint:gosec // the vendor's signature asks for it
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
)

// checkKey: the appId is the AES key of the signature, so its length is not free.
func checkKey(appID string) error {
	if _, err := aes.NewCipher([]byte(appID)); err != nil {
		return &problem.Error{
			Class: problem.Fatal, ID: idCredentials, Field: "app_id",
			Reason: "app_id does not have the 16 characters of an appId", Hint: "copy it whole from 设置 › 业务配置 › 全局 › 开放接口; it begins with ak_",
		}
	}
	return nil
}

// signature signs the texts of all parameters: sorted, joined, MD5 in upper-case hex, AES-ECB with
// the appId as key, Base64. The secret takes no part in it.
func signature(appID string, texts map[string]string) (string, error) {
	block, err := aes.NewCipher([]byte(appID))
	if err != nil {
		return "", checkKey(appID)
	}
	sum := md5.Sum([]byte(canonical(texts))) //nolint:gosec // see above
	plain := pad([]byte(strings.ToUpper(hex.EncodeToString(sum[:]))), block.BlockSize())
	out := make([]byte, len(plain))
	for i := 0; i < len(plain); i += block.BlockSize() {
		block.Encrypt(out[i:], plain[i:])
	}
	return base64.StdEncoding.EncodeToString(out), nil
}

// canonical joins the parameters that are not empty, sorted by name byte by byte, unescaped.
func canonical(texts map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(texts)) {
		if texts[k] == "" || k == "sign" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(k + "=" + texts[k])
	}
	return b.String()
}

func pad(b []byte, size int) []byte {
	n := size - len(b)%size
	return append(b, bytes.Repeat([]byte{byte(n)}, n)...)
}

// texts are the top-level members of a JSON body as the signature wants them: texts as they are,
// everything else in the very characters that are sent. The server writes nested values
// compactly in the order in which they came, so the body has to be compact already.
func texts(body []byte) (map[string]string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, err
	}
	out := make(map[string]string, len(members)+3)
	for k, raw := range members {
		var s string
		if raw[0] == '"' {
			if err := json.Unmarshal(raw, &s); err != nil {
				return nil, err
			}
			out[k] = s
			continue
		}
		out[k] = string(raw)
	}
	return out, nil
}

// encode makes a body that every known implementation of the signature understands alike: names
// sorted, no spaces, nothing escaped that need not be; no empty text and no null on top, no null
// below, texts trimmed.
func encode(params map[string]any) ([]byte, error) {
	clean := make(map[string]any, len(params))
	for k, v := range params {
		if v = plain(v); v != nil && v != "" {
			clean[k] = v
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(clean); err != nil {
		return nil, err
	}
	return unescapeSeparators(bytes.TrimRight(b.Bytes(), "\n")), nil
}

// unescapeSeparators: encoding/json always escapes U+2028 and U+2029, which nobody else does.
func unescapeSeparators(b []byte) []byte {
	if !bytes.Contains(b, []byte(`\u202`)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '\\' && bytes.HasPrefix(b[i:], []byte(`\u2028`)):
			out, i = append(out, "\u2028"...), i+5
		case b[i] == '\\' && bytes.HasPrefix(b[i:], []byte(`\u2029`)):
			out, i = append(out, "\u2029"...), i+5
		case b[i] == '\\':
			out = append(out, b[i], b[i+1]) // an escape is at least two characters
			i++
		default:
			out = append(out, b[i])
		}
	}
	return out
}

func plain(v any) any {
	switch x := v.(type) {
	case string:
		return strings.TrimSpace(x)
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, m := range x {
			if m = plain(m); m != nil {
				out[k] = m
			}
		}
		if len(out) == 0 {
			return nil // some signers write {} as []
		}
		return out
	case []any:
		out := make([]any, 0, len(x))
		for _, m := range x {
			if m = plain(m); m != nil {
				out = append(out, m)
			}
		}
		return out
	}
	return v
}
