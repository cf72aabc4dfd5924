package kingdee

import (
	_ "embed"
	"strconv"
	"strings"
	"testing"
)

//go:embed testdata/sign.txt
var signVectors string

// vectors reads the blocks of one kind out of testdata/sign.txt.
func vectors(t *testing.T, kind string) []map[string]string {
	t.Helper()
	var out []map[string]string
	for block := range strings.SplitSeq(signVectors, "\n\n") {
		v := map[string]string{}
		for line := range strings.SplitSeq(strings.Trim(block, "\n"), "\n") {
			name, text, ok := strings.Cut(line, " ")
			if !ok || name == "#" {
				continue
			}
			if text == "<A>" {
				text = "300001_Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFi"
			}
			v[name] = text
		}
		if v[kind] != "" {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no vectors of kind %q", kind)
	}
	return out
}

func TestLoginSign(t *testing.T) {
	for _, v := range vectors(t, "login") {
		if got := loginSign(v["account"], v["user"], v["app"], v["secret"], v["stamp"]); got != v["sign"] {
			t.Errorf("%s: signature %s, want %s", v["login"], got, v["sign"])
		}
	}
}

func TestHeaderSign(t *testing.T) {
	for _, v := range vectors(t, "header") {
		lang, err := strconv.Atoi(v["lang"])
		if err != nil {
			t.Fatal(err)
		}
		id := identity{account: v["account"], user: v["user"], appID: v["app"], secret: v["secret"], org: v["org"], lang: lang}
		if key, err := gatewaySecret(v["app"]); err != nil || key != v["gateway"] {
			t.Errorf("%s: gateway key %q, %v, want %q", v["header"], key, err, v["gateway"])
		}
		h, err := id.headers(v["path"], v["stamp"])
		if err != nil {
			t.Fatalf("%s: %v", v["header"], err)
		}
		for header, want := range map[string]string{
			"X-Api-Signature": v["api"], "X-Kd-Appdata": v["data"], "X-Kd-Signature": v["kd"],
			"X-Kd-Appkey": v["app"], "X-Api-Timestamp": v["stamp"], "X-Api-Nonce": v["stamp"],
		} {
			if got := h.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", v["header"], header, got, want)
			}
		}
	}
}

func TestGatewaySecretRefusesOddIDs(t *testing.T) {
	for _, id := range []string{"", "300001", "300001_!", "1_" + strings.Repeat("QUJD", 20)} {
		if key, err := gatewaySecret(id); err == nil {
			t.Errorf("%q gave the key %q", id, key)
		}
	}
}

// FuzzSign looks for panics, and for two different identities with one signature text where the
// scheme keeps them apart.
func FuzzSign(f *testing.F) {
	f.Add("65a1b2c3d4e5f6", "apiuser", "300001_Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFi", "x", "/k3cloud/a", "1767225600")
	f.Fuzz(func(t *testing.T, account, user, app, secret, path, stamp string) {
		id := identity{account: account, user: user, appID: app, secret: secret, org: "0", lang: 2052}
		h, err := id.headers(path, stamp)
		if err != nil {
			return
		}
		if n := len(h.Get("X-Kd-Signature")); n != 88 {
			t.Errorf("X-Kd-Signature has %d characters", n)
		}
		if strings.ContainsAny(encodedPath(path), "/ \n") {
			t.Errorf("path %q is encoded as %q", path, encodedPath(path))
		}
		if len(loginSign(account, user, app, secret, stamp)) != 64 {
			t.Error("login signature has not 64 characters")
		}
	})
}
