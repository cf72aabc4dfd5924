package sandbox

import (
	"slices"
	"strconv"
)

type docsIn struct {
	WID     commas `json:"wid"`
	Field   text   `json:"search_field_time"`
	Start   text   `json:"start_date"`
	End     text   `json:"end_date"`
	Numbers commas `json:"order_sn"`
	InCode  commas `json:"inbound_idempotent_code"`
	OutCode commas `json:"idempotent_code"`
	Status  commas `json:"status"`
	Type    commas `json:"type"`
	slicing
}

type docRow struct {
	Number     string       `json:"order_sn"`
	Status     int          `json:"status"`
	StatusText string       `json:"status_text"`
	Type       int          `json:"type"`
	TypeText   string       `json:"type_text"`
	WID        int          `json:"wid"`
	Warehouse  string       `json:"ware_house_name"`
	Created    string       `json:"create_time"`
	Committed  string       `json:"commit_time"`
	Opt        string       `json:"opt_time"`
	InTime     *string      `json:"inbound_time,omitempty"`
	OutTime    *string      `json:"outbound_time,omitempty"`
	Increment  string       `json:"increment_time"`
	Source     string       `json:"source_sn"`
	Purchase   string       `json:"purchase_order_sn"`
	SupplierID string       `json:"supplier_id"`
	Supplier   string       `json:"supplier_name"`
	Amount     cents        `json:"order_amount"`
	Remark     string       `json:"remark"`
	InCode     *string      `json:"inbound_idempotent_code,omitempty"`
	OutCode    *string      `json:"idempotent_code,omitempty"`
	Items      []docItemRow `json:"item_list"`
}

type docItemRow struct {
	SKU       string `json:"sku"`
	Name      string `json:"product_name"`
	FNSKU     string `json:"fnsku"`
	Seller    string `json:"seller_id"`
	Total     int    `json:"product_total"`
	Good      int    `json:"product_good_num"`
	Bad       int    `json:"product_bad_num"`
	QC        int    `json:"product_qc_num"`
	Price     string `json:"price"`
	Amount    cents  `json:"amount"`
	FeeCost   cents  `json:"fee_cost"`
	Amounts   cents  `json:"product_amounts"`
	SingleFee string `json:"single_fee"`
	StockCost string `json:"single_stock_cost"`
	Remark    string `json:"product_remark"`
}

// isInbound tells the two kinds of documents apart by their type.
func (d *document) isInbound() bool {
	return d.kind != 11 && d.kind != 12 && d.kind != 14 && d.kind != 18
}

// inbounds answers POST /erp/sc/routing/storage/inbound/getOrders.
func (b *Box) inbounds(in docsIn) (reply, error) { return b.docList(in, true) }

// outbounds answers POST /erp/sc/routing/storage/outbound/getOrders.
func (b *Box) outbounds(in docsIn) (reply, error) { return b.docList(in, false) }

func (b *Box) docList(in docsIn, inbound bool) (reply, error) {
	lo, hi, err := days(in.Start, in.End)
	if err != nil {
		return reply{}, err
	}
	codes := newSet(in.OutCode)
	if inbound {
		codes = newSet(in.InCode)
	}
	wids, numbers, states, kinds := newSet(in.WID), newSet(in.Numbers), newSet(in.Status), newSet(in.Type)
	var rows []docRow
	for _, d := range b.documents {
		at := d.created
		if in.Field == "opt_time" || in.Field == "increment_time" {
			at = d.lastChange()
		}
		if d.isInbound() == inbound && at >= lo && at < hi && wids.has(strconv.Itoa(d.warehouse.id)) && numbers.has(d.number) &&
			states.has(strconv.Itoa(d.status)) && kinds.has(strconv.Itoa(d.kind)) && codes.has(d.code) {
			rows = append(rows, d.row())
		}
	}
	from, to, err := in.span(len(rows), 20, 200)
	return list(slices.Clone(rows[from:to]), len(rows)), err
}

func (d *document) lastChange() int64 { return max(d.created, d.committed) }

func (d *document) row() docRow {
	r := docRow{
		Number: d.number, Status: d.status, StatusText: docStates[d.status], Type: d.kind, TypeText: docTypes[d.kind].text,
		WID: d.warehouse.id, Warehouse: d.warehouse.name, Created: beijing(d.created), Committed: beijing(d.committed),
		Opt: beijing(d.lastChange()), Increment: beijing(d.lastChange()), SupplierID: d.supplier, Remark: d.remark, Items: []docItemRow{},
	}
	sign := -1
	r.OutTime, r.OutCode = &d.day, &d.code
	if d.isInbound() {
		sign = 1
		r.InTime, r.InCode, r.OutTime, r.OutCode = &d.day, &d.code, nil, nil
	}
	for _, l := range d.lines {
		good, bad := sign*l.good, sign*l.bad
		price := l.price.String() + "00"
		amount := l.price * cents(good+bad)
		r.Amount += amount
		r.Items = append(r.Items, docItemRow{
			SKU: l.row.product.sku, Name: l.row.product.name, FNSKU: l.row.fnsku, Seller: l.row.seller, Total: good + bad, Good: good, Bad: bad,
			Price: price, Amount: amount, Amounts: amount, SingleFee: "0.0000", StockCost: price,
		})
	}
	return r
}

type adjustsIn struct {
	Type number `json:"search_date_type"`
	Page number `json:"page"`
	Size number `json:"page_size"`
}

// adjustList answers POST …/StorageAdjustment/getStorageAdjustOrderList, the newest first: a remark is
// found there before an adjustment is repeated.
func (b *Box) adjustList(in adjustsIn) (reply, error) {
	type item struct {
		SKU  string `json:"sku"`
		ID   int    `json:"product_id"`
		Good int    `json:"adjustment_valid_num"`
		Bad  int    `json:"adjustment_bad_num"`
	}
	type row struct {
		Number    string `json:"order_sn"`
		WID       int    `json:"wid"`
		Warehouse string `json:"ware_house_name"`
		Status    int    `json:"status"`
		Type      int    `json:"type"`
		Created   string `json:"create_time"`
		Remark    string `json:"remark"`
		Items     []item `json:"item_list"`
	}
	var rows []row
	for _, d := range slices.Backward(b.adjusts) {
		r := row{d.number, d.warehouse.id, d.warehouse.name, 30, 0, beijing(d.created), d.remark, []item{}}
		for _, l := range d.lines {
			r.Items = append(r.Items, item{l.row.product.sku, l.row.product.id, l.good, l.bad})
		}
		rows = append(rows, r)
	}
	lo, hi, err := paging{in.Page, in.Size}.span(len(rows), 20, 0)
	return list(slices.Clone(rows[lo:hi]), len(rows)), err
}

type movesIn struct {
	WIDs  either `json:"wids"`
	Types either `json:"types"`
	Start text   `json:"start_date"`
	End   text   `json:"end_date"`
	slicing
}

type moveRow struct {
	ID          string `json:"statement_id"`
	Number      string `json:"order_sn"`
	Ref         string `json:"ref_order_sn"`
	WID         int    `json:"wid"`
	Warehouse   string `json:"ware_house_name"`
	SKU         string `json:"sku"`
	ProductID   int    `json:"product_id"`
	Seller      string `json:"seller_id"`
	FNSKU       string `json:"fnsku"`
	Good        int    `json:"product_good_num"`
	Bad         int    `json:"product_bad_num"`
	QC          int    `json:"product_qc_num"`
	Lock        int    `json:"product_lock_good_num"`
	Transit     int    `json:"product_transit_num"`
	GoodBalance int    `json:"good_balance_num"`
	BadBalance  int    `json:"bad_balance_num"`
	Type        int    `json:"type"`
	SubType     int    `json:"sub_type"`
	At          string `json:"opt_time"` // without seconds
	Remark      string `json:"remark"`
}

// statement answers POST /erp/sc/routing/inventoryLog/WareHouseInventory/wareHouseCenterStatement, the
// flow log; its days are [start, end).
func (b *Box) statement(in movesIn) (reply, error) {
	if !in.Offset.set || !in.Length.set {
		return reply{}, invalid("offset和length不能为空")
	}
	lo, hi, err := days(in.Start, "")
	if err != nil {
		return reply{}, err
	}
	if in.End != "" {
		end, _, ok := parseStamp(string(in.End), beijingZone)
		if !ok {
			return reply{}, invalid("end_date 格式不正确")
		}
		hi = end
	}
	wids, kinds := newSet(in.WIDs), newSet(in.Types)
	var rows []moveRow
	for _, m := range b.moves {
		if m.at < lo || m.at >= hi || !wids.has(strconv.Itoa(m.row.wid)) || !kinds.has(strconv.Itoa(m.kind)) {
			continue
		}
		rows = append(rows, b.moveRow(m))
	}
	from, to, err := in.span(len(rows), 20, 0)
	return list(slices.Clone(rows[from:to]), len(rows)), err
}

func (b *Box) moveRow(m move) moveRow {
	return moveRow{
		ID: digits(m.id), Number: m.document.number, WID: m.row.wid, Warehouse: b.warehouseName(m.row.wid),
		SKU: m.row.product.sku, ProductID: m.row.product.id, Seller: m.row.seller, FNSKU: m.row.fnsku,
		Good: m.good, Bad: m.bad, GoodBalance: m.goodAfter, BadBalance: m.badAfter, Type: m.kind,
		At: beijing(m.at)[:len("2006-01-02 15:04")], Remark: m.remark,
	}
}
