package sandbox

// kind is the type of a field.
type kind uint8

const (
	kindText kind = iota
	kindLang      // text in several languages
	kindNumber
	kindInt
	kindDate // a day
	kindTime // a day with its time
	kindBool
	kindRef   // base data of one form
	kindOwner // base data of the form that another field of the row names
	kindLot   // a lot number, made by its first use
	kindFlex  // a flex field: values by dimension
)

// field is one field of a form.
type field struct {
	key, name string
	kind      kind
	ent       *entity
	object    string // the 1:1 sub-object of the Model that it lives in, "" for the head itself
	pos       int    // where its value stands in the row
	to        string // form referred to, or the field that names it (kindOwner)
	target    *form  // the form referred to (kindRef)
	org       string // the field that says in which organisation a reference is looked up
	def       string // default value
	same      string // default: the value of another field
	from      string // default unit: that of the material in this field
	currency  string // setting this customer overwrites the currency in this field
	sum       string // a total over the rows
	required  bool
	read      bool                 // computed or kept by the server: never taken from a Model
	hidden    bool                 // not reachable by a query
	blank     bool                 // an empty text is stored as one blank
	system    func(*doc, *row) any // kept beside the values
}

// entity is the head of a form, one of its entry collections, or a collection inside an entry.
type entity struct {
	key, name string
	form      *form
	parent    *entity // nil for the head
	index     int     // place in form.ents
	fields    []*field
	byKey     map[string]*field // by exact key
	optional  bool
	gifts     bool // a price of zero needs FIsFree
	price     *pricing
	stock     *movement
	link      string // quantity field, when this is a link collection
}

// pricing names the fields that an entry's amounts are computed from and put into.
type pricing struct{ qty, net, gross, rate, amount, tax, all string }

// movement says what auditing a row does to the stock.
type movement struct {
	kind                               string // in, out, move
	org, stock, status, qty            string
	targetOrg, targetStock, targetStat string
}

// form is one business object.
type form struct {
	id, name   string
	pk, number string
	org        string // the field with the organisation that the document belongs to
	prefix     string // of numbers given by the rule
	tableName  string // of its entry in the database, as links name it
	approved   string // name of the field with the time of the audit
	base       bool
	perOrg     bool
	readOnly   bool
	textKey    bool
	ents       []*entity          // [0] is the head
	objects    []string           // its 1:1 sub-objects, in order
	kept       []*field           // what the server keeps beside the values: status, people, times
	objectName map[string]string  // their names
	names      map[string]*column // what a query can ask for, by lower-case key
	codes      [][]string         // rows of a list of codes
}

func (f *form) head() *entity { return f.ents[0] }

// entry finds an entry collection by its exact key.
func (f *form) entry(key string) *entity {
	for _, e := range f.ents[1:] {
		if e.key == key {
			return e
		}
	}
	return nil
}
