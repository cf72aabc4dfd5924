package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// loginSignature is the sign of LoginBySign: the five texts in byte order, run together.
func loginSignature(acct, user, appID, secret, timestamp string) string {
	parts := []string{acct, user, appID, secret, timestamp}
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// keyed is base64 over the hexadecimal text of an HMAC-SHA256, not over its bytes.
func keyed(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(mac.Sum(nil))))
}

// gatewayMask hides the gateway's key inside the application id.
const gatewayMask = "0054f397c6234378b09ca7d3e5debce7"

// gatewaySecret is the key of X-Api-Signature, taken out of the application id.
func gatewaySecret(appID string) (string, bool) {
	_, hidden, ok := strings.Cut(appID, "_")
	raw, err := base64.StdEncoding.DecodeString(hidden)
	if !ok || err != nil || len(raw) > len(gatewayMask) {
		return "", false
	}
	for i := range raw {
		raw[i] ^= gatewayMask[i]
	}
	return base64.StdEncoding.EncodeToString(raw), true
}

// identity is the text that X-Kd-Appdata carries: account set, user, language, organisation.
type identity struct{ acct, user, lcid, org string }

func (i identity) String() string {
	return strings.Join([]string{i.acct, i.user, i.lcid, i.org}, ",")
}

// parseIdentity splits on the first comma and on the last two: a user's name may hold commas.
func parseIdentity(text string) (identity, bool) {
	acct, rest, ok := strings.Cut(text, ",")
	org := strings.LastIndexByte(rest, ',')
	if !ok || org < 0 {
		return identity{}, false
	}
	lcid := strings.LastIndexByte(rest[:org], ',')
	if lcid < 0 {
		return identity{}, false
	}
	return identity{acct, rest[:lcid], rest[lcid+1 : org], rest[org+1:]}, true
}

// dataSignature is X-Kd-Signature.
func dataSignature(appID, secret string, i identity) string { return keyed(secret, appID+i.String()) }

// gatewaySignatures are the values of X-Api-Signature that are right for a path: encoders differ
// in how they write a blank.
func gatewaySignatures(appID, path, nonce, timestamp string) []string {
	key, ok := gatewaySecret(appID)
	if !ok {
		return nil
	}
	plus := url.QueryEscape(path)
	var out []string
	for _, enc := range []string{plus, strings.ReplaceAll(plus, "+", "%20")} {
		out = append(out, keyed(key, "POST\n"+enc+"\n\nx-api-nonce:"+nonce+"\nx-api-timestamp:"+timestamp+"\n"))
	}
	return out
}
