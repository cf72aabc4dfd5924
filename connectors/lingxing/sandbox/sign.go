package sandbox

import (
	"crypto/aes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// reading is one way to take the values on which clients disagree.
type reading struct {
	keepEmpty bool   // k= takes part; the vendor's text leaves it out
	null      string // the text of null; "-" leaves it out
	trim      bool   // outer spaces of texts do not count (the vendor's Java SDK)
	whole     bool   // 3.0 is 3
}

// vendorReading is what the vendor's documentation says; the others are sent by clients that work
// in production. True, None and \u escapes, which the vendor's FAQ warns about, are none of them.
var (
	vendorReading = reading{null: "null"}
	readings      = allReadings()
)

func allReadings() []reading {
	var out []reading
	for _, trim := range []bool{false, true} {
		for _, whole := range []bool{false, true} {
			out = append(out,
				reading{false, "null", trim, whole},
				reading{false, "-", trim, whole},
				reading{true, "null", trim, whole},
				reading{true, "", trim, whole})
		}
	}
	return out
}

// canonical is the text that is signed: k=v sorted by name, byte by byte.
func (y reading) canonical(params []pair) string {
	sorted := slices.Clone(params)
	slices.SortStableFunc(sorted, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	var out strings.Builder
	for _, p := range sorted {
		text, kept := y.value(p)
		if !kept || p.name == "sign" {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('&')
		}
		out.WriteString(p.name + "=" + text)
	}
	return out.String()
}

func (y reading) value(p pair) (string, bool) {
	text := p.text
	switch p.kind {
	case '0':
		return y.null, y.null != "-"
	case 's':
		if y.trim {
			text = strings.TrimSpace(text)
		}
	case 'n':
		if y.whole {
			text = shortest(text)
		}
	}
	return text, text != "" || y.keepEmpty
}

// shortest takes the zeros off a fraction, as languages do that know one kind of number.
func shortest(n string) string {
	if !strings.Contains(n, ".") || strings.ContainsAny(n, "eE") {
		return n
	}
	return strings.TrimSuffix(strings.TrimRight(n, "0"), ".")
}

// seal makes the signature of a canonical text: MD5 as upper-case hex, AES-ECB under the app id with
// PKCS#7 padding, Base64.
func seal(canonical, appID string) (string, error) {
	sum := md5.Sum([]byte(canonical))
	plain := []byte(strings.ToUpper(hex.EncodeToString(sum[:])))
	block, err := aes.NewCipher([]byte(appID))
	if err != nil {
		return "", err
	}
	pad := block.BlockSize() - len(plain)%block.BlockSize()
	for range pad {
		plain = append(plain, byte(pad))
	}
	for at := 0; at < len(plain); at += block.BlockSize() {
		part := plain[at : at+block.BlockSize()]
		block.Encrypt(part, part)
	}
	return base64.StdEncoding.EncodeToString(plain), nil
}

// signed says whether sign is right for params under one of the readings.
func signed(sign, appID string, params []pair, strict bool) bool {
	sign = plainSign(sign)
	for _, y := range readings {
		if strict && y != vendorReading {
			continue
		}
		if want, err := seal(y.canonical(params), appID); err == nil && want == sign {
			return true
		}
	}
	return false
}

// plainSign undoes what clients do to a sign on its way into a query: encoding it twice, or not at
// all. The query itself is decoded already.
func plainSign(sign string) string {
	if strings.Contains(sign, "%") {
		if once, err := url.QueryUnescape(sign); err == nil {
			sign = once
		}
	}
	return strings.ReplaceAll(sign, " ", "+")
}

func hexMD5(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
