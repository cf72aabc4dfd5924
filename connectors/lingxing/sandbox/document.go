package sandbox

import (
	"fmt"
	"strconv"
	"time"
)

// States of a stock document.
const (
	docDraft    = 10 // 待提交
	docInReady  = 20 // 待入库
	docOutReady = 30 // 待出库
	docDone     = 40 // 已完成
	docRevoked  = 50 // 已撤销
)

var docStates = map[int]string{docDraft: "待提交", docInReady: "待入库", docOutReady: "待出库", docDone: "已完成", docRevoked: "已撤销"}

// docTypes are the kinds of documents, with the kind of move that each writes to the flow log.
var docTypes = map[int]struct {
	text string
	move int
}{
	1: {"其他入库", 19}, 2: {"采购入库", 22}, 26: {"退货入库", 26}, 27: {"移除入库", 27},
	11: {"其他出库", 42}, 12: {"FBA出库", 43}, 14: {"退货出库", 44}, 18: {"销毁出库", 45},
	adjustType: {"数量调整", 31},
}

const adjustType = -31

// document is an inbound, an outbound or an adjustment. Its lines carry signs: what they add.
type document struct {
	number             string
	kind, status       int
	warehouse          *warehouse
	code, remark       string
	created, committed int64
	day                string // inbound_time or outbound_time
	supplier           string
	lines              []docLine
}

type docLine struct {
	row       *stockRow
	good, bad int
	price     cents
}

// move is one row of the flow log.
type move struct {
	id        int64
	document  *document
	row       *stockRow
	good, bad int
	goodAfter int
	badAfter  int
	kind      int
	at        int64
	remark    string
}

// docProduct is a line of any document as it is sent.
type docProduct struct {
	SKU       text   `json:"sku"`
	ProductID number `json:"product_id"`
	Good      number `json:"good_num"`
	Bad       number `json:"bad_num"`
	Price     text   `json:"price"`
	Seller    text   `json:"seller_id"`
	FNSKU     text   `json:"fnsku"`
	AdjGood   number `json:"adjustment_valid_num"`
	AdjBad    number `json:"adjustment_bad_num"`
	SignGood  text   `json:"adjustment_valid_sgn"`
	SignBad   text   `json:"adjustment_bad_sgn"`
}

// line finds the stock that a sent line means. A row that is not there yet is made only when its
// document moves something.
func (b *Box) line(w *warehouse, in docProduct) (docLine, error) {
	p := b.bySKU[string(in.SKU)]
	switch {
	case in.SKU == "":
		return docLine{}, inner("sku不能为空")
	case p == nil:
		return docLine{}, inner("sku:" + string(in.SKU) + " 不存在")
	case in.Good.n < 0 || in.Bad.n < 0 || in.Good.n > 1e9 || in.Bad.n > 1e9:
		return docLine{}, inner("sku:" + string(in.SKU) + " 数量错误")
	}
	price, ok := cents(0), true
	if in.Price != "" {
		price, ok = parseCents(string(in.Price))
	}
	if !ok {
		return docLine{}, inner("sku:" + string(in.SKU) + " price格式错误")
	}
	seller, fnsku := or(string(in.Seller), "0"), string(in.FNSKU)
	row := b.row(w, p, seller, fnsku)
	if row == nil {
		row = &stockRow{wid: w.id, product: p, seller: seller, fnsku: fnsku, third: w.subKind == 2}
	}
	return docLine{row: row, good: int(in.Good.n), bad: int(in.Bad.n), price: price}, nil
}

func (k *stockroom) row(w *warehouse, p *product, seller, fnsku string) *stockRow {
	for _, s := range k.stock {
		if s.wid == w.id && s.product == p && s.seller == seller && s.fnsku == fnsku {
			return s
		}
	}
	return nil
}

// commit lets a document move stock: all of its lines, or none when one would go below zero.
func (b *Box) commit(d *document) error {
	type amount struct{ good, bad int }
	need := map[*stockRow]amount{}
	for _, l := range d.lines {
		n := need[l.row]
		need[l.row] = amount{n.good + l.good, n.bad + l.bad}
	}
	for _, l := range d.lines {
		if n := need[l.row]; l.row.good+n.good < 0 || l.row.bad+n.bad < 0 {
			return inner(fmt.Sprintf("sku:%s 可用库存不足，可用量:%d 次品量:%d", l.row.product.sku, l.row.good, l.row.bad))
		}
	}
	d.status, d.committed = docDone, b.kit.Clock.Now().Unix()
	for _, l := range d.lines {
		b.apply(d, l, docTypes[d.kind].move, d.remark)
	}
	return nil
}

// apply moves one line and writes it down.
func (b *Box) apply(d *document, l docLine, kind int, remark string) {
	if b.row(b.warehouse(l.row.wid), l.row.product, l.row.seller, l.row.fnsku) == nil {
		b.stock = append(b.stock, l.row)
	}
	l.row.good += l.good
	l.row.bad += l.bad
	b.moves = append(b.moves, move{
		id: 900_000_000_000_000_000 + int64(len(b.moves)), document: d, row: l.row, good: l.good, bad: l.bad,
		goodAfter: l.row.good, badAfter: l.row.bad, kind: kind, at: b.kit.Clock.Now().Unix(), remark: remark,
	})
}

// revoke takes a document back: what it moved moves the other way.
func (b *Box) revoke(d *document) error {
	if d.status == docDone {
		back := *d
		back.lines = nil
		for _, l := range d.lines {
			back.lines = append(back.lines, docLine{l.row, -l.good, -l.bad, l.price})
		}
		back.remark = "撤销"
		if err := b.commit(&back); err != nil {
			return err
		}
	}
	d.status = docRevoked
	return nil
}

// documentNumber is the next number: kind, day, and a count.
func (b *Box) documentNumber(prefix string) string {
	day := b.kit.Clock.Now().In(beijingZone).Format("060102")
	return fmt.Sprintf("%s%s%03d", prefix, day, len(b.documents)+len(b.adjusts)+1)
}

// day checks a date of a document; none means today.
func (b *Box) day(s text) (string, error) {
	if s == "" {
		return b.kit.Clock.Now().In(beijingZone).Format(time.DateOnly), nil
	}
	if _, err := time.Parse(time.DateOnly, string(s)); err != nil {
		return "", inner("日期格式错误：" + strconv.Quote(string(s)))
	}
	return string(s), nil
}
