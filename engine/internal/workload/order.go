// Package workload makes the data that pipectl is measured with: orders like those of an
// e-commerce ERP, one JSON object a line, and the table that their buyers are looked up in.
//
// An order is a function of seed and index alone, so a longer file begins with a shorter one and
// every machine measures the same bytes.
package workload

import (
	"strconv"
	"time"
)

// Sizes of the data around the orders.
const (
	Buyers    = 10050 // buyers that orders name
	Customers = 10000 // buyers that the table knows: about 0.5 % of the look-ups find nothing
)

// source is a stream of random numbers that depends on its start alone (splitmix64).
type source uint64

func newSource(seed uint64, index int) source {
	s := source(seed*0x9e3779b97f4a7c15 + uint64(index)*0xd1342543de82ef95)
	s.next()
	return s
}

func (s *source) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (s *source) below(n int) int { return int(s.next() >> 33 % uint64(n)) }

func pick(s *source, from []string) string { return from[s.below(len(from))] }

var (
	platforms  = []string{"amazon", "shopify", "tiktok", "temu", "walmart"}
	statuses   = []string{"PAID", "SHIPPED", "FINISHED", "REFUNDING"}
	currencies = []string{"CNY", "CNY", "CNY", "CNY", "CNY", "CNY", "USD", "EUR", "HKD", "JPY"}
	names      = []string{"王小明", "李静", "陈嘉豪", "欧阳若兰", "José Núñez", "Zoë Müller", "Siobhán O'Neill", "D'Angelo Rossi", "Anna Kowalska", "张伟"}
	remarks    = []string{"", "", "", "请尽快发货", `leave at \"back door\"`, "送礼用，请勿放价格单", "call before delivery", `box says \"fragile\"`}
	provinces  = [][4]string{
		{"广东省", "深圳市", "南山区", "科技园南路"},
		{"浙江省", "杭州市", "余杭区", "文一西路"},
		{"江苏省", "苏州市", "工业园区", "星湖街"},
		{"四川省", "成都市", "高新区", "天府大道"},
		{"湖北省", "武汉市", "洪山区", "珞喻路"},
		{"福建省", "厦门市", "思明区", "环岛东路"},
	}
	goods = []string{"Mug 350 ml", "Bag, large", `Lamp \"Lumi\"`, "Bottle", "Notebook", "Tee black"}
)

// bad says what is wrong with an order, if anything is: one in a hundred has a fault.
type bad int

const (
	sound bad = iota
	unknownCurrency
	negativeAmount
	noQuantity
)

// year is what the orders' times are counted from.
var year = time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600))

// AppendOrder appends the order of an index as one line.
func AppendOrder(dst []byte, seed uint64, index int) []byte {
	return appendOrder(dst, seed, index, false)
}

// AppendLater appends the order as it is at a later reading: one in a thousand has changed its
// amount and its time of change.
func AppendLater(dst []byte, seed uint64, index int) []byte {
	return appendOrder(dst, seed, index, Changes(seed, index))
}

// Changes says whether an order is another one at the later reading.
func Changes(seed uint64, index int) bool {
	s := newSource(seed^0xc4a9e5, index)
	return s.below(1000) == 0
}

// Bad says whether an order breaks one of the rules.
func Bad(seed uint64, index int) bool { return faultOf(seed, index) != sound }

func faultOf(seed uint64, index int) bad {
	s := newSource(seed^0xbad, index)
	if s.below(100) != 0 {
		return sound
	}
	return unknownCurrency + bad(s.below(3))
}

func appendOrder(dst []byte, seed uint64, index int, changed bool) []byte {
	s := newSource(seed, index)
	fault := faultOf(seed, index)
	dst = append(dst, `{"order_id":"SO2026`...)
	dst = padded(dst, index, 9)
	dst = append(dst, `","shop":"shop-`...)
	dst = padded(dst, s.below(40), 3)
	dst = text(dst, "platform", pick(&s, platforms))
	dst = append(dst, `","buyer_id":"B`...)
	dst = padded(dst, s.below(Buyers), 7)
	dst = text(dst, "buyer_name", pick(&s, names))
	currency := pick(&s, currencies)
	if fault == unknownCurrency {
		currency = "XXX"
	}
	dst = text(dst, "currency", currency)
	dst = text(dst, "status", pick(&s, statuses))
	created := year.Add(time.Duration(index)*13*time.Second + time.Duration(s.below(13))*time.Second)
	updated := created.Add(time.Duration(1+s.below(86400)) * time.Second)
	if changed {
		updated = updated.Add(72 * time.Hour)
	}
	dst = text(dst, "created", created.Format(time.RFC3339))
	dst = text(dst, "updated", updated.Format(time.RFC3339))
	return appendRest(dst, &s, fault, changed)
}

// appendRest appends what depends on the lines.
func appendRest(dst []byte, s *source, fault bad, changed bool) []byte {
	freight := 5 * s.below(3)
	remark := pick(s, remarks)
	var lines []byte
	total := 0
	n := 1 + s.below(4)
	for i := 1; i <= n; i++ {
		qty, price := 1+s.below(9), 100+s.below(50000)
		if s.below(50) == 0 {
			price = 0
		}
		if fault == noQuantity && i == n {
			qty = 0
		}
		total += qty * price
		lines = appendLine(lines, s, i, qty, price)
	}
	if changed {
		total += 100
	}
	if fault == negativeAmount {
		total = -total - 1
	}
	if fault == sound && total == 0 { // only free lines: the rule wants an amount
		total = 1
	}
	dst = append(dst, `","amount":`...)
	dst = cents(dst, total)
	dst = append(dst, `,"freight":`...)
	dst = strconv.AppendInt(dst, int64(freight), 10)
	dst = append(dst, `,"remark":"`...)
	dst = append(dst, remark...)
	dst = appendAddress(dst, s)
	dst = append(dst, `,"items":[`...)
	dst = append(dst, lines...)
	return append(dst, "]}\n"...)
}

func appendAddress(dst []byte, s *source) []byte {
	p := provinces[s.below(len(provinces))]
	dst = append(dst, `","address":{"province":"`...)
	dst = append(dst, p[0]...)
	dst = text(dst, "city", p[1])
	dst = text(dst, "district", p[2])
	dst = text(dst, "street", p[3])
	dst = strconv.AppendInt(dst, int64(1+s.below(999)), 10)
	dst = append(dst, "号"...)
	dst = append(dst, `","zip":"`...)
	dst = padded(dst, 100000+s.below(800000), 6)
	dst = append(dst, `","phone":"1`...)
	dst = padded(dst, 3000000000+s.below(1000000000), 10)
	return append(dst, `"}`...)
}

func appendLine(dst []byte, s *source, line, qty, price int) []byte {
	if line > 1 {
		dst = append(dst, ',')
	}
	dst = append(dst, `{"line":`...)
	dst = strconv.AppendInt(dst, int64(line), 10)
	dst = append(dst, `,"sku_code":"sku-`...)
	dst = padded(dst, s.below(20000), 6)
	dst = append(dst, `","name":"`...)
	dst = append(dst, pick(s, goods)...)
	dst = append(dst, `","qty":`...)
	dst = strconv.AppendInt(dst, int64(qty), 10)
	dst = append(dst, `,"price":`...)
	dst = cents(dst, price)
	return append(dst, '}')
}

// text appends a member that is a text, behind one that is a text and still open.
func text(dst []byte, name, value string) []byte {
	dst = append(dst, `","`...)
	dst = append(dst, name...)
	dst = append(dst, `":"`...)
	return append(dst, value...)
}

func cents(dst []byte, n int) []byte {
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendInt(dst, int64(n/100), 10)
	dst = append(dst, '.')
	return padded(dst, n%100, 2)
}

func padded(dst []byte, n, width int) []byte {
	s := strconv.Itoa(n)
	for i := len(s); i < width; i++ {
		dst = append(dst, '0')
	}
	return append(dst, s...)
}

// AppendCustomer appends a row of the table that buyers are looked up in; its header is
// CustomerHeader.
func AppendCustomer(dst []byte, index int) []byte {
	dst = padded(append(dst, 'B'), index, 7)
	dst = padded(append(dst, ",CUST."...), index*7%100000, 5)
	return append(dst, '\n')
}

// CustomerHeader is the table's first line.
const CustomerHeader = "buyer_id,customer_code\n"
