package sandbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The kinds of orders, as the action "add-order" names them.
const (
	kindPlain       = "plain"
	kindGift        = "gift"
	kindNoLines     = "no-lines"
	kindCancelled   = "cancelled"
	kindPending     = "pending"
	kindUnknownSKU  = "unknown-sku"
	kindUnknownShop = "unknown-shop"
	kindTwin        = "twin"
)

// special says which orders of every thirty are not plain.
var special = map[int]string{
	3: kindGift, 7: kindNoLines, 11: kindCancelled, 13: kindPending,
	17: kindUnknownSKU, 19: kindUnknownShop, 23: kindTwin,
}

// buyers are invented. They hold what breaks careless quoting and careless encodings.
var buyers = []string{
	"Siobhán O'Connor", "José Muñoz", "王小明", "Zoë Müller-Lütz", "田中 花子", "Ann Example", "D'Arcy Élan", "李 四",
	"Łukasz Żak", "Bob & Sons <Ltd>", "Renée \"Ren\" Dubois", "佐藤 健", "Mary Sample", "Åsa Ödman", "张伟", "Tom Test",
}

// city is where a buyer lives; the streets are of nowhere.
type city struct{ name, state, postcode, country, countryName, street string }

var cities = map[string]*city{
	"US":  {"Springfield", "CA", "90001", "US", "美国", "12 Example Road"},
	"UK":  {"Sampleton", "", "ZZ1 1ZZ", "GB", "英国", "3 Test Lane"},
	"DE":  {"Musterstadt", "", "01234", "DE", "德国", "Beispielstraße 5"},
	"JP":  {"見本市", "見本県", "100-0000", "JP", "日本", "例町1-2-3"},
	"any": {"Springfield", "NY", "10001", "US", "美国", "7 Sample Street"},
}

// seed fills the account with n orders of the last twenty days.
func (b *Box) seed(n int) {
	now := b.kit.Clock.Now().Unix()
	orders := make([]*order, 0, n+n/20)
	const first, last = 20 * 24 * time.Hour, 45 * time.Minute
	span := int64((first - last) / time.Second)
	for i := range n {
		at := now - int64(first/time.Second) + span*int64(i+1)/int64(n)
		o := b.draw(b.kit.Rand, i, special[i%30], at)
		b.age(o, now)
		orders = append(orders, o)
		if special[i%30] == kindTwin {
			twin(o, orders)
		}
	}
	b.load(orders)
	b.seedStock()
	b.seedOutbound(orders)
}

// draw invents one order bought at a time, changed shortly after.
func (b *Box) draw(rnd *rand.Rand, seq int, kind string, at int64) *order {
	s := b.shops[rnd.IntN(3)]
	if rnd.IntN(8) == 0 {
		s = b.shops[4] // the web shop
	}
	switch kind {
	case kindUnknownShop:
		s = b.shopBySID(fmt.Sprint(unmappedSID))
	case "":
	default:
		s = b.shops[rnd.IntN(3)] // what is special must be visible in Amazon's list
	}
	o := &order{seq: seq, shop: s, status: unshipped, purchased: at, wid: 1300}
	o.updated = at + 60 + int64(rnd.IntN(900))
	o.modified = o.updated + 60 + int64(rnd.IntN(600))
	o.identify(rnd, kind)
	b.drawLines(rnd, o, kind)
	switch kind {
	case kindCancelled:
		o.status = canceled
	case kindPending:
		o.status = pending
	}
	return o
}

// identify gives numbers, a buyer and a place to live.
func (o *order) identify(rnd *rand.Rand, kind string) {
	shuffled := (int64(o.seq)*7919 + 1234567) % 10_000_000 // one number for each seq
	buyer, afn := buyers[rnd.IntN(len(buyers))], rnd.IntN(4) == 0
	o.city = cities[o.shop.market.Code]
	if o.amazon() {
		o.id = fmt.Sprintf("%03d-%07d-%07d", o.shop.numberStart[rnd.IntN(len(o.shop.numberStart))], shuffled, rnd.IntN(10_000_000))
		o.afn = afn && (kind == "" || kind == kindPlain)
	} else {
		o.id = fmt.Sprintf("55%011d", shuffled*1000+int64(rnd.IntN(1000)))
		o.name = fmt.Sprintf("#%d", 1001+o.seq)
		o.city = cities["any"]
	}
	if o.afn {
		return
	}
	o.number = firstNumber + int64(o.seq)*1_000 + int64(rnd.IntN(1_000))
	if rnd.IntN(10) > 0 {
		o.buyer = buyer
	}
}

func (b *Box) drawLines(rnd *rand.Rand, o *order, kind string) {
	if kind == kindNoLines {
		return
	}
	n := 1 + rnd.IntN(3)
	at := rnd.IntN(12)
	for i := range n {
		o.lines = append(o.lines, drawLine(rnd, o, b.products[(at+i*5)%b.sold()]))
	}
	switch kind {
	case kindGift:
		gift := orderLine{product: b.products[(at+1)%b.sold()], itemID: itemID(o, n), qty: 1}
		o.lines = append(o.lines, gift)
	case kindUnknownSKU:
		o.lines[0] = drawLine(rnd, o, b.bySKU[newSKU])
	}
}

func drawLine(rnd *rand.Rand, o *order, p *product) orderLine {
	qty := 1 + rnd.IntN(3)
	unit := p.price[o.shop.currency]
	round := func(c cents) cents {
		if o.shop.currency == "JPY" {
			return c / 100 * 100
		}
		return c
	}
	l := orderLine{product: p, itemID: itemID(o, len(o.lines)), qty: qty, price: unit * cents(qty)}
	l.tax = round(l.price * cents(rnd.IntN(11)) / 100)
	if rnd.IntN(3) == 0 {
		l.ship = round(p.price[o.shop.currency] / 4)
		l.shipTax = round(l.ship / 10)
	}
	if rnd.IntN(8) == 0 {
		l.wrap = round(p.price[o.shop.currency] / 6)
		l.wrapTax = round(l.wrap / 20)
	}
	if rnd.IntN(6) == 0 {
		l.promoOff = round(l.price * cents(5+rnd.IntN(15)) / 100)
	}
	if l.ship > 0 && rnd.IntN(4) == 0 {
		l.shipOff = l.ship
	}
	return l
}

func itemID(o *order, line int) int64 { return 4_022_900_000_000 + int64(o.seq)*100 + int64(line) }

// age brings an order to where it is after its time: what is older than two days has been sent.
func (b *Box) age(o *order, now int64) {
	if o.status != unshipped || now-o.purchased < 2*24*3600 {
		return
	}
	o.status, o.shipped = shipped, o.purchased+20*3600
	o.updated = o.shipped + 300
	o.modified = o.updated + 240
	switch o.seq % 30 {
	case 5:
		if len(o.lines) > 1 {
			o.status = partly
		}
	case 9:
		o.refunded, o.refundAt, o.received = o.total(), o.updated, o.updated+24*3600
	}
}

// twin gives an order the number of the latest one before it that another of the mapped shops has.
func twin(o *order, before []*order) bool {
	for _, other := range slices.Backward(before) {
		if other != o && other.amazon() && other.shop != o.shop && other.shop.sid != unmappedSID {
			o.id = other.id
			return true
		}
	}
	return false
}
