package sandbox

// Order states of Amazon.
const (
	pending   = "Pending"
	unshipped = "Unshipped"
	partly    = "PartiallyShipped"
	shipped   = "Shipped"
	canceled  = "Canceled"
)

// order is a customer's order in one shop. All times are Unix seconds; 0 has not happened.
type order struct {
	seq       int // in the order of arrival; never reused
	id        string
	shop      *shop
	status    string
	afn       bool // the platform ships it; all others have a system number
	lines     []orderLine
	buyer     string
	city      *city
	purchased int64
	shipped   int64 // on the platform
	delivered int64 // from the ERP's warehouse, where it was not seeded
	updated   int64 // by the platform: last_update_date
	modified  int64 // by Lingxing: gmt_modified
	refunded  cents
	refundAt  int64  // when the buyer sent it back
	received  int64  // when the goods were back in the warehouse
	number    int64  // 系统单号, 0 without
	name      string // the number that people use on Shopify: #1064
	state     int    // of the multi-platform order, where it is not the platform's
	deleted   bool
	wid       int    // the warehouse that ships it
	channel   string // logistics type "6-265"
	remark    string
	erp       *erpView // what people and calls made of it in the ERP; nil: nothing
	tag       string   // a buyer's wish to cancel, say
	scRemark  string   // 备注 of the Amazon order
}

// orderLine is one line; amounts are for the whole line.
type orderLine struct {
	product  *product
	itemID   int64
	qty      int
	price    cents
	tax      cents
	ship     cents
	shipTax  cents
	wrap     cents
	wrapTax  cents
	shipOff  cents // shipping discount
	promoOff cents // promotion discount
	own      bool  // the ERP's own: its listing is msku, which may be none
	msku     string
	from     *order // the platform's order that it came with, where two were merged
	remark   string
}

func (l *orderLine) sum() cents {
	return l.price + l.tax + l.ship + l.shipTax + l.wrap + l.wrapTax - l.shipOff - l.promoOff
}

// total is what the buyer pays, to the cent the sum of the lines. Amazon tells no amount of an order
// that is still pending.
func (o *order) total() cents {
	var sum cents
	if o.status != pending {
		for i := range o.lines {
			sum += o.lines[i].sum()
		}
	}
	return sum
}

func (o *order) currency() string {
	if o.status == pending {
		return ""
	}
	return o.shop.currency
}

func (o *order) amazon() bool { return o.shop.platform == platformAmazon }

// book holds the orders, with an index for each time that clients ask by: a page of a window costs
// what the window costs, whatever else is stored.
type book struct {
	orders   []*order
	byID     map[string][]*order // two shops may share a number
	byNumber map[int64]*order
	byName   map[string]*order

	modified, updated, bought, sent *index[*order] // Amazon's list
	mpModified, mpBought, mpSent    *index[*order] // the multi-platform list
	returns                         *index[*order] // what was refunded, on any platform
}

func newBook() book {
	tie := func(o *order) int { return o.seq }
	amazon := func(key func(*order) int64) *index[*order] {
		return &index[*order]{key: key, tie: tie, fits: (*order).listed}
	}
	self := func(key func(*order) int64) *index[*order] {
		return &index[*order]{key: key, tie: tie, fits: func(o *order) bool { return o.number != 0 }}
	}
	modified := func(o *order) int64 { return o.modified }
	purchased := func(o *order) int64 { return o.purchased }
	return book{
		byID:       map[string][]*order{},
		byNumber:   map[int64]*order{},
		byName:     map[string]*order{},
		modified:   amazon(modified),
		updated:    amazon(func(o *order) int64 { return o.updated }),
		bought:     amazon(func(o *order) int64 { return wall(o.purchased, o.shop.zone) }),
		sent:       amazon(func(o *order) int64 { return wallOrNever(o.shipped, o.shop) }),
		mpModified: self(modified),
		mpBought:   self(purchased),
		mpSent:     self((*order).sentAt),
		returns: &index[*order]{
			key: func(o *order) int64 { return o.refundAt }, tie: tie, fits: func(o *order) bool { return o.refunded != 0 },
		},
	}
}

// wallOrNever keeps what has not happened before every window.
func wallOrNever(sec int64, s *shop) int64 {
	if sec == 0 {
		return 0
	}
	return wall(sec, s.zone)
}

// sentAt is when the order left, as far as the ERP knows.
func (o *order) sentAt() int64 {
	if o.delivered != 0 {
		return o.delivered
	}
	return o.shipped
}

func (k *book) indexes() []*index[*order] {
	return []*index[*order]{k.modified, k.updated, k.bought, k.sent, k.mpModified, k.mpBought, k.mpSent, k.returns}
}

// load takes many orders at once.
func (k *book) load(orders []*order) {
	for _, o := range orders {
		k.register(o)
	}
	for _, x := range k.indexes() {
		x.load(orders)
	}
}

func (k *book) register(o *order) {
	k.orders = append(k.orders, o)
	k.byID[o.id] = append(k.byID[o.id], o)
	if o.number != 0 {
		k.byNumber[o.number] = o
	}
	if o.name != "" && o.erp.onPlatform() {
		k.byName[o.name] = o
	}
}

func (k *book) insert(o *order) {
	k.register(o)
	for _, x := range k.indexes() {
		x.add(o)
	}
}

// change lets f change an order, and keeps the indexes right.
func (k *book) change(o *order, f func()) {
	for _, x := range k.indexes() {
		x.remove(o)
	}
	f()
	for _, x := range k.indexes() {
		x.add(o)
	}
}
