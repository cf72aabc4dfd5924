package sandbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/pipectl/pipectl/engine/sandbox"
)

type mcfIn struct {
	SIDs     texts  `json:"sids"`
	Start    text   `json:"start_date"`
	End      text   `json:"end_date"`
	DateType number `json:"date_type"`
	Status   texts  `json:"order_status"`
	slicing
}

type mcfRow struct {
	Remark   string    `json:"remark"`
	SID      int       `json:"sid"`
	Store    string    `json:"store_name"`
	Country  string    `json:"country"`
	ID       string    `json:"amazon_order_id"`
	SellerNo string    `json:"seller_fulfillment_order_id"`
	Updated  string    `json:"last_update_time"`
	Modified string    `json:"gmt_modified"`
	Status   string    `json:"order_status"`
	Bought   string    `json:"purchase_date_local"`
	Buyer    string    `json:"buyer_name"`
	Shipped  string    `json:"ship_date"`
	UTC      string    `json:"ship_date_utc"`
	Items    []mcfItem `json:"listing_info"`
}

type mcfItem struct {
	MSKU     string `json:"msku"`
	Quantity int    `json:"quantity"`
	FNSKU    string `json:"fnsku"`
	SKU      string `json:"local_sku"`
	Title    string `json:"item_name"`
	Name     string `json:"local_name"`
	Picture  string `json:"small_image_url"`
	ASIN     string `json:"asin"`
}

// mcfStates are the texts of the rows and the upper-case words of the filter.
var mcfStates = map[string]struct{ text, filter string }{
	unshipped: {"Processing", "PROCESSING"}, shipped: {"Complete", "COMPLETE"}, canceled: {"Cancelled", "CANCELLED"},
}

// seedMCF draws the orders that Amazon ships for other shops, with dice of their own: the orders of
// the other lists stay what they are.
func (b *Box) seedMCF(n int) {
	rnd := rand.New(rand.NewPCG(uint64(b.kit.Seed), 0x6d6366))
	now := b.kit.Clock.Now().Unix()
	for i := range max(3, n/30) {
		o := b.drawMCF(rnd, b.shops[rnd.IntN(3)], now-int64(i+1)*30*3600)
		if i%3 > 0 {
			o.status, o.shipped = shipped, o.purchased+20*3600
			o.updated = o.shipped
			o.modified = o.updated + 300
		}
	}
}

func (b *Box) drawMCF(rnd *rand.Rand, s *shop, at int64) *order {
	seq := len(b.mcf)
	o := &order{
		seq: seq, shop: s, status: unshipped, afn: true, purchased: at, updated: at + 60, modified: at + 300, buyer: buyers[rnd.IntN(len(buyers))],
		id: fmt.Sprintf("S%02d-%07d-%07d", 1+s.market.MID%9, (seq*7919+1234567)%10_000_000, rnd.IntN(10_000_000)), city: cities[s.market.Code],
	}
	b.drawLines(rnd, o, kindPlain)
	b.mcf = append(b.mcf, o)
	return o
}

// mcfOrders answers POST /order/amzod/api/orderList: multi-channel orders (多渠道), which are in no other
// list. Without a window it is the last six months; both days count.
func (b *Box) mcfOrders(in mcfIn) (reply, error) {
	key := func(o *order) int64 { return wall(o.purchased, o.shop.zone) }
	zone := wallZone
	switch in.DateType.or(1) {
	case 1:
	case 2:
		key, zone = func(o *order) int64 { return o.modified }, beijingZone
	default:
		return reply{}, invalid("date_type 参数不合法")
	}
	lo, hi := b.kit.Clock.Now().AddDate(0, -6, 0).Unix(), int64(1)<<62
	if in.Start != "" || in.End != "" {
		var day1, day2, ok1, ok2 bool
		lo, day1, ok1 = parseStamp(string(in.Start), zone)
		hi, day2, ok2 = parseStamp(string(in.End), zone)
		if !ok1 || !ok2 || !day1 || !day2 {
			return reply{}, invalid("start_date,end_date 格式必须为Y-m-d")
		}
		hi += 24 * 3600
	}
	sids, states := newSet(in.SIDs), newSet(in.Status)
	rows := pick(b.mcf, func(o *order) bool {
		return key(o) >= lo && key(o) < hi && sids.has(strconv.Itoa(o.shop.sid)) && states.has(mcfStates[o.status].filter)
	})
	slices.SortFunc(rows, func(x, y *order) int { return int(y.purchased - x.purchased) })
	from, to, err := in.span(len(rows), 10, 1000)
	if err != nil {
		return reply{}, err
	}
	out := []mcfRow{}
	for _, o := range rows[from:to] {
		out = append(out, o.mcfRow())
	}
	return list(out, len(rows)), nil
}

func (o *order) mcfRow() mcfRow {
	z := o.shop.zone
	r := mcfRow{
		Remark: o.scRemark, SID: o.shop.sid, Store: o.shop.name, Country: o.shop.market.Country, ID: o.id, SellerNo: "MCF-" + strconv.Itoa(1000+o.seq),
		Updated: stamp(o.updated, z), Modified: beijing(o.modified), Status: mcfStates[o.status].text, Bought: stamp(o.purchased, z), Buyer: o.buyer,
		Shipped: stamp(o.shipped, z), UTC: iso(o.shipped), Items: []mcfItem{},
	}
	for i := range o.lines {
		l := &o.lines[i]
		r.Items = append(r.Items, mcfItem{
			MSKU: o.sellerSKU(l), Quantity: l.qty, FNSKU: fnsku(o.shop, l.product), SKU: l.product.sku, Title: l.product.title, Name: l.product.name, ASIN: l.product.asin,
		})
	}
	return r
}

func (b *Box) mcfActions() []sandbox.Action {
	return []sandbox.Action{
		act(b, "add-mcf-order", "Another shop's order is given to Amazon to ship (多渠道订单), now.", `{"sid":113,"sku":"MUG-RED","qty":1}`, b.addMCF),
	}
}

func (b *Box) addMCF(in struct {
	SID int    `json:"sid"`
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
},
) (any, error) {
	s, p := b.shopBySID(fmt.Sprint(in.SID)), b.bySKU[in.SKU]
	if s == nil || p == nil || in.Qty < 1 {
		return nil, fmt.Errorf("add-mcf-order: shop %d and product %q must be there, and qty is 1 or more", in.SID, in.SKU)
	}
	o := b.drawMCF(b.randOf(len(b.mcf)), s, b.kit.Clock.Now().Unix())
	o.updated, o.modified = o.purchased, o.purchased
	o.lines = []orderLine{{product: p, itemID: itemID(o, 0), qty: in.Qty, price: p.price[s.currency] * cents(in.Qty)}}
	return nameOf(o), nil
}
