package transport

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Hidden is what stands where a secret was.
const Hidden = "***"

// shortest is the length below which a text is no secret worth hiding: replacing "a" everywhere
// would leave nothing to read.
const shortest = 4

// remembered is how many added secrets are kept: tokens change every hour or two.
const remembered = 64

// Redactor takes secrets out of everything that is shown. It may be used from many goroutines.
type Redactor struct {
	fixed    []string
	mu       sync.Mutex
	added    []string
	replacer atomic.Pointer[strings.Replacer]
}

// NewRedactor hides these secrets.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{fixed: secrets}
	r.build()
	return r
}

// Add hides one more, a token for instance; the oldest added ones are forgotten after a while.
func (r *Redactor) Add(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.added, secret) {
		return
	}
	r.added = append(r.added, secret)
	if len(r.added) > remembered {
		r.added = slices.Clone(r.added[1:])
	}
	r.build()
}

func (r *Redactor) build() {
	var forms []string
	for _, s := range slices.Concat(r.fixed, r.added) {
		if len(s) >= shortest {
			forms = append(forms, spellings(s)...)
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // the longest first: one may hold another
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range forms {
		pairs = append(pairs, f, Hidden)
	}
	r.replacer.Store(strings.NewReplacer(pairs...))
}

// spellings are the ways in which a secret can stand in a URL, a form or JSON.
func spellings(s string) []string {
	quoted, _ := json.Marshal(s) // a string: no error
	once := url.QueryEscape(s)
	forms := []string{s, once, url.PathEscape(s), url.QueryEscape(once), strings.Trim(string(quoted), `"`)}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// Text is s with every secret hidden.
func (r *Redactor) Text(s string) string { return r.replacer.Load().Replace(s) }

// private are parts of names of query parameters whose values are nobody's business.
var private = []string{"token", "secret", "sign", "password", "passwd", "appkey", "api_key"}

// URL is an address with every secret hidden, and with the values of parameters whose name
// speaks of one.
func (r *Redactor) URL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return r.Text(address)
	}
	if u.User != nil {
		u.User = url.User(Hidden)
	}
	parts := strings.Split(u.RawQuery, "&")
	for i, p := range parts {
		name, _, has := strings.Cut(p, "=")
		if has && slices.ContainsFunc(private, func(w string) bool { return strings.Contains(strings.ToLower(name), w) }) {
			parts[i] = name + "=" + Hidden
		}
	}
	u.RawQuery = strings.Join(parts, "&")
	return r.Text(u.String())
}
