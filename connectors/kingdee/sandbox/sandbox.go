// Package sandbox is a simulator of the WebAPI of Kingdee Cloud Galaxy (金蝶云·星空): what a
// client can observe of logins, queries, saves, the state machine and the stock is as the server
// does it, so that pipelines, tests and strangers' clients can be pointed at it without an ERP.
//
// It is written from the protocol and shares nothing with the connector: a signature that both
// sides compute with the same code would only agree with itself.
//
// The account set is Account, the user User with Password, the third-party application AppID
// with Secret; a second user, Person, is who works in the ERP by hand (see Actions). Base data
// at the start, plainly invented and the same for every seed: organisations 100 and 101;
// currencies PRE001 CNY, PRE002 HKD, PRE003 EUR, PRE004 GBP, PRE005 JPY, PRE006 AUD, PRE007 USD;
// units Pcs and kg; warehouses CK001 (negative stock refused) and CK002 (allowed); customers,
// materials and the rest in seed.go.
package sandbox

import (
	"math/rand/v2"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/pipectl/pipectl/engine/sandbox"
)

// What a client is given.
const (
	Account  = "65a1b2c3d4e5f6"
	User     = "apiuser"
	Password = "sandbox-password"
	AppID    = "300001_cGlwZWN0bC1zYW5kYm94LWtleS0wMDAx"
	Secret   = "5a4d3c2b1a09f8e7d6c5b4a392817060"
	Person   = "keyuser" // works in the ERP by hand
)

const (
	basePath    = "/k3cloud/"
	gatewayPath = "/galaxyapi/"
)

// Box is the simulated server.
type Box struct {
	kit *sandbox.Kit

	mu        sync.Mutex // guards everything below; a call holds it while it works
	forms     map[string]*form
	tables    map[string]*table
	ids       *rand.Rand // of rows of the stock: drawn by writes only, so that a replay draws alike
	lastID    int64
	lastEntry int64
	sessions  sessions
	options   options
	places    map[stockKey]*doc // rows of STK_Inventory
	tasks     map[string]*task
	repeats   map[string]int64 // when a JSON text was saved with ValidateRepeatJson, in Unix seconds
	calls     map[string]*tally
	newest    []time.Time // calls of the last second, where they are limited
}

// tally counts the calls of one service.
type tally struct {
	Calls  int `json:"calls"`
	Failed int `json:"failed"`
}

var _ sandbox.System = (*Box)(nil)

// New returns a server with its seed.
func New(kit *sandbox.Kit) *Box {
	b := &Box{
		kit: kit, ids: rand.New(rand.NewPCG(uint64(kit.Seed), 0x6b696e67)), forms: loadForms(), tables: map[string]*table{}, lastID: 100000, lastEntry: 500000,
		places: map[stockKey]*doc{}, sessions: newSessions(), options: newOptions(), tasks: map[string]*task{}, repeats: map[string]int64{}, calls: map[string]*tally{},
	}
	for _, f := range b.forms {
		b.tables[f.id] = newTable(f)
	}
	b.seed()
	return b
}

// Name is the connector's name.
func (b *Box) Name() string { return "kingdee" }

// BasePath is that of a private server; /galaxyapi/ is served too.
func (b *Box) BasePath() string { return basePath }

// Credentials are the settings of a connection. A client that logs in with a password finds
// Password here as well.
func (b *Box) Credentials() map[string]string {
	return map[string]string{"acct_id": Account, "user": User, "app_id": AppID, "secret": Secret, "password": Password}
}

// form finds a form by its id; the database does not tell cases apart.
func (b *Box) form(id string) *form { return b.forms[strings.ToLower(strings.TrimSpace(id))] }

func (b *Box) table(id string) *table { return b.tables[id] }

// formIDs are all forms, in order.
func (b *Box) formIDs() []string {
	var out []string
	for _, f := range b.forms {
		out = append(out, f.id)
	}
	sort.Strings(out)
	return out
}

// newID is the next internal number; they only grow.
func (b *Box) newID() int64 { b.lastID++; return b.lastID }

func (b *Box) newEntryID() int64 { b.lastEntry++; return b.lastEntry }

// service is one thing that a client can call.
type service struct {
	short  string // how it is counted: "Save"
	public bool   // needs no session
	query  bool   // wraps its errors twice
	write  bool
	do     func(*Box, *call) any
}

const (
	forms   = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
	logins  = "Kingdee.BOS.WebApi.ServicesStub.AuthService."
	centers = "Kingdee.BOS.ServiceFacade.ServicesStub.Account.AccountService.GetDataCenterList"
	stock   = "Kingdee.K3.SCM.WebApi.ServicesStub.InventoryQueryService.GetInventoryData"
)

// services are found by their names in lower case: clients write Save, save and batchSave.
func (b *Box) service(path string) (service, bool) {
	name, ok := strings.CutSuffix(strings.ToLower(path), ".common.kdsvc")
	if !ok {
		return service{}, false
	}
	switch name {
	case strings.ToLower(centers):
		return service{short: "GetDataCenterList", public: true, do: (*Box).dataCenters}, true
	case strings.ToLower(stock):
		return service{short: "GetInventoryData", do: (*Box).inventoryData}, true
	}
	if method, ok := strings.CutPrefix(name, strings.ToLower(logins)); ok {
		s, ok := loginServices[method]
		return s, ok
	}
	method, ok := strings.CutPrefix(name, strings.ToLower(forms))
	if !ok {
		return service{}, false
	}
	s, ok := formServices[method]
	return s, ok
}

var loginServices = map[string]service{
	"validateuser":     {short: "ValidateUser", public: true, do: (*Box).validateUser},
	"loginbyappsecret": {short: "LoginByAppSecret", public: true, do: (*Box).loginByAppSecret},
	"loginbysign":      {short: "LoginBySign", public: true, do: (*Box).loginBySign},
	"logout":           {short: "Logout", do: (*Box).logout},
}

var formServices = map[string]service{
	"executebillquery":  {short: "ExecuteBillQuery", query: true, do: (*Box).executeBillQuery},
	"billquery":         {short: "BillQuery", query: true, do: (*Box).billQuery},
	"view":              {short: "View", do: (*Box).view},
	"save":              {short: "Save", write: true, do: (*Box).save},
	"batchsave":         {short: "BatchSave", write: true, do: (*Box).batchSave},
	"draft":             {short: "Draft", write: true, do: (*Box).draft},
	"queryasyncresult":  {short: "QueryAsyncResult", do: (*Box).asyncResult},
	"submit":            {short: "Submit", write: true, do: (*Box).submit},
	"audit":             {short: "Audit", write: true, do: (*Box).audit},
	"unaudit":           {short: "UnAudit", write: true, do: (*Box).unAudit},
	"cancelassign":      {short: "CancelAssign", write: true, do: (*Box).cancelAssign},
	"delete":            {short: "Delete", write: true, do: (*Box).remove},
	"executeoperation":  {short: "ExecuteOperation", write: true, do: (*Box).operate},
	"excuteoperation":   {short: "ExcuteOperation", write: true, do: (*Box).operate},
	"push":              {short: "Push", write: true, do: (*Box).push},
	"allocate":          {short: "Allocate", write: true, do: (*Box).allocate},
	"querybusinessinfo": {short: "QueryBusinessInfo", do: (*Box).businessInfo},
}

// ServeHTTP speaks the vendor's protocol.
func (b *Box) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor > 1 {
		plainText(w, http.StatusBadGateway, "502 Bad Gateway") // the vendor's front end speaks HTTP/1.1 only
		return
	}
	c, problem := b.receive(r)
	if problem != nil {
		problem.write(w)
		return
	}
	a := b.answer(c)
	c.cookies(w)
	a.write(w)
}
