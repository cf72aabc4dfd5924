// Package sandbox simulates the OpenAPI of Lingxing ERP (领星), as far as a client can observe it, so
// that pipelines are learnt, tested and tried without an account.
//
// It was written from the protocol alone and shares no line with the connector: a signer used by both
// sides would agree with itself. What a client meets here:
//
//   - the token calls in their three encodings, refresh tokens that work once, one live access token
//     an app, expiry by the sandbox's clock
//   - signatures checked against the parsed body in the order received, with the variants that
//     clients in production are known to send; the gateway's refusals in their two shapes
//   - limits on requests in flight by app and path: a second parallel call on most paths answers 3001008
//   - the envelopes of the classic, the multi-platform and the older services, with their types
//   - shops, orders and their lines, returns, Amazon's reports, products, warehouses, stock here and at
//     Amazon (FBA), stock documents, outbound orders: filters, zones, half-open windows, sorting,
//     paging and clamps as documented
//   - stock documents that move stock, refuse a used idempotency code and write the flow log;
//     shipments that are accepted first and done later
//
// Where the vendor's behaviour is not known, the tolerant reading was taken; the switches of the action
// "switch" make the strict one. Timestamps of signatures may be two minutes off the sandbox's clock
// or off the machine's, so that a test which moves the clock does not lock out its client;
// "clock-skew" makes a difference that a client does notice.
//
// The data is invented and depends on the seed alone. Order i of every thirty is special: a gift, an
// order without lines, a cancelled one, a pending one, a product and a shop that nobody mapped, and
// a number that two shops share. Actions (GET /_sandbox/actions) change it while a client reads.
package sandbox

import (
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// defaultOrders are there at the start when the kit does not say how many.
const defaultOrders = 60

// Box is one simulated Lingxing account.
type Box struct {
	kit *sandbox.Kit

	mu       sync.Mutex // guards all below; never held while a request waits
	ids      *rand.Rand // request ids and tokens, apart from the data: asking must not change what is there
	apps     map[string]*app
	firstApp string
	banned   map[string]bool // client addresses off the allow-list
	switches switches
	skew     clockSkew
	flights  map[flight]*bucket
	requests map[string]int // by path
	tasks    map[string]*fastTask

	catalogue
	book
	stockroom
	shipping
	amazonStock
	mcf []*order // Amazon ships them for other shops: in a list of their own

	adjustTasks map[string]texts
	feeds       map[string]*feed

	call *call    // the one being served
	page []*order // what the last list answered, for the fault "moving-page"
}

var _ sandbox.System = (*Box)(nil)

// switches choose between readings of what the vendor does not say.
type switches struct {
	ManyTokens  bool `json:"many_tokens"`   // older access tokens live on until they expire
	HoldOnAbort bool `json:"hold_on_abort"` // a client that goes away keeps its place for two minutes
	StrictSign  bool `json:"strict_sign"`   // only the vendor's own reading of a signature
	NoBuyers    bool `json:"no_buyers"`     // the account has no grant for buyers and addresses
	TokenEvery  int  `json:"token_every"`   // seconds between two token calls of an app; sooner is throttled
}

// New builds an account on a kit and fills it.
func New(kit *sandbox.Kit) *Box {
	kit.PausesInside = true
	b := &Box{
		kit:      kit,
		ids:      rand.New(rand.NewPCG(uint64(kit.Seed), 0x6c696e6778696e67)),
		firstApp: "ak_pipectl00demo",
		banned:   map[string]bool{},
		flights:  map[flight]*bucket{},
		requests: map[string]int{},
		tasks:    map[string]*fastTask{},

		adjustTasks: map[string]texts{},
		feeds:       map[string]*feed{},
	}
	b.apps = map[string]*app{b.firstApp: newApp(b.firstApp, "cGlwZWN0bC1k+W1vL3NlYw==")}
	b.catalogue = newCatalogue()
	b.book = newBook()
	b.stockroom = newStockroom()
	b.shipping = newShipping()
	n := kit.Orders
	if n == 0 {
		n = defaultOrders
	}
	b.seed(n)
	b.seedFBA()
	b.seedMCF(n)
	return b
}

// Name is the connector's name.
func (b *Box) Name() string { return "lingxing" }

// BasePath is empty: the vendor has neither prefix nor version.
func (b *Box) BasePath() string { return "" }

// Credentials are those of the first app.
func (b *Box) Credentials() map[string]string {
	return map[string]string{"app_id": b.firstApp, "secret": b.apps[b.firstApp].secret}
}

// FaultKinds are the vendor's own ways to fail.
func (b *Box) FaultKinds() map[string]string {
	return map[string]string{
		faultThrottled:  "answers 3001008 (no place left); nothing was processed",
		faultBusy:       "answers 103 (service throttle); nothing was processed",
		faultBusyAfter:  "processes, then answers 103",
		faultExpired:    "the access token used is expired: 2001003 from now on",
		faultLost:       "another program took the token: 2001005 for the one used",
		faultError:      "answers code 500 without details; arg gives details",
		faultTooMany:    "answers HTTP 429 with Retry-After: arg (seconds, 1 without)",
		faultNullData:   "processes, then answers code 0 with data null and the message arg",
		faultMovingPage: "answers a page of orders, then the first arg (1 without) of its orders change",
		faultPartial:    "in a batch write, the item whose key is arg (without: the first) fails inside code 0",
	}
}

const (
	faultThrottled  = "throttled"
	faultBusy       = "busy"
	faultBusyAfter  = "busy-after"
	faultExpired    = "expired-token"
	faultLost       = "lost-token"
	faultError      = "error-500"
	faultTooMany    = "too-many"
	faultNullData   = "null-data"
	faultMovingPage = "moving-page"
	faultPartial    = "partial"
)

func digits(n int64) string { return strconv.FormatInt(n, 10) }
