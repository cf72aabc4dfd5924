package kingdee

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// loginSign is the signature of LoginBySign: SHA-256 over the five texts in byte order, without a
// separator. Unix seconds, as text.
func loginSign(account, user, appID, secret, timestamp string) string {
	parts := []string{account, user, appID, secret, timestamp}
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// gatewayMask is what every SDK lays over the second half of an application id to get the key of
// the gateway's signature.
const gatewayMask = "0054f397c6234378b09ca7d3e5debce7"

// gatewaySecret is the key of X-Api-Signature: hidden in the application id <client>_<masked>.
func gatewaySecret(appID string) (string, error) {
	_, masked, ok := strings.Cut(appID, "_")
	if !ok {
		return "", fmt.Errorf("app_id has no _ in it")
	}
	key, err := base64.StdEncoding.DecodeString(masked)
	if err != nil || len(key) > len(gatewayMask) {
		return "", fmt.Errorf("the part of app_id after _ is no masked key")
	}
	for i := range key {
		key[i] ^= gatewayMask[i]
	}
	return base64.StdEncoding.EncodeToString(key), nil
}

// hexHash is base64 of the hexadecimal text of an HMAC, not of its bytes: the vendor's own way.
func hexHash(key, message string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(mac.Sum(nil))))
}

// encodedPath is the URL's path as the gateway signs it: "/" becomes %2F; letters, digits, "."
// "-" "_" stay.
func encodedPath(path string) string {
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// identity is who signs.
type identity struct {
	account, user, appID, secret, org string
	lang                              int
}

// data is the text that X-Kd-Appdata carries and X-Kd-Signature signs.
func (id identity) data() string {
	return id.account + "," + id.user + "," + strconv.Itoa(id.lang) + "," + id.org
}

// headers are the signature headers of one request to path (not encoded). stamp is the timestamp
// as it is sent; the SDKs use it as the nonce as well.
func (id identity) headers(path, stamp string) (http.Header, error) {
	client, _, _ := strings.Cut(id.appID, "_")
	key, err := gatewaySecret(id.appID)
	if err != nil {
		return nil, err
	}
	signed := "POST\n" + encodedPath(path) + "\n\nx-api-nonce:" + stamp + "\nx-api-timestamp:" + stamp + "\n"
	h := http.Header{}
	h.Set("X-Api-ClientID", client)
	h.Set("X-Api-Auth-Version", "2.0")
	h.Set("X-Api-Timestamp", stamp)
	h.Set("X-Api-Nonce", stamp)
	h.Set("X-Api-SignHeaders", "x-api-timestamp,x-api-nonce")
	h.Set("X-Api-Signature", hexHash(key, signed))
	h.Set("X-Kd-Appkey", id.appID)
	h.Set("X-Kd-Appdata", base64.StdEncoding.EncodeToString([]byte(id.data())))
	h.Set("X-Kd-Signature", hexHash(id.secret, id.appID+id.data()))
	return h, nil
}

func unixSeconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
