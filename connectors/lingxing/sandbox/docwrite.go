package sandbox

type docIn struct {
	System    number       `json:"sys_wid"`
	Own       text         `json:"wid"`
	Type      number       `json:"type"`
	Status    number       `json:"status"`
	InCode    text         `json:"inbound_idempotent_code"`
	OutCode   text         `json:"idempotent_code"`
	InTime    text         `json:"inbound_time"`
	OutTime   text         `json:"outbound_time"`
	Remark    text         `json:"remark"`
	SysSupply text         `json:"sys_supplier_id"`
	Supply    text         `json:"supplier_id"`
	Products  []docProduct `json:"product_list"`
}

type docNumber struct {
	Number  string   `json:"order_sn"`
	Numbers []string `json:"order_sn_arr,omitempty"`
}

// inbound answers POST /erp/sc/routing/storage/storage/orderAdd: a finished document, which adds stock.
func (b *Box) inbound(in docIn) (reply, error) {
	switch in.Type.n {
	case 1, 26, 27:
	case 2:
		if in.SysSupply == "" && in.Supply == "" {
			return reply{}, inner("sys_supplier_id和supplier_id不能同时为空")
		}
	default:
		return reply{}, inner("type参数错误")
	}
	d, err := b.newDocument(in, "IB", string(in.InCode), in.InTime, 1)
	if err != nil {
		return reply{}, err
	}
	if err := b.commit(d); err != nil {
		return reply{}, err
	}
	b.keep(d, "in|")
	return one(docNumber{d.number, []string{d.number}}), nil
}

// outbound answers POST /erp/sc/routing/storage/storage/orderAddOut. Without a status it is finished,
// and the stock leaves at once.
func (b *Box) outbound(in docIn) (reply, error) {
	switch in.Type.n {
	case 11, 12, 14, 18:
	default:
		return reply{}, inner("type参数错误")
	}
	d, err := b.newDocument(in, "OB", string(in.OutCode), in.OutTime, -1)
	if err != nil {
		return reply{}, err
	}
	switch in.Status.or(docDone) {
	case docDone:
		if err := b.commit(d); err != nil {
			return reply{}, err
		}
	case docDraft, docOutReady:
		d.status = int(in.Status.n)
	default:
		return reply{}, inner("status参数错误")
	}
	b.keep(d, "out|")
	return one(docNumber{Number: d.number}), nil
}

// newDocument checks what inbound and outbound have in common. Nothing is stored yet.
func (b *Box) newDocument(in docIn, prefix, code string, day text, sign int) (*document, error) {
	kind := "in|"
	if sign < 0 {
		kind = "out|"
	}
	if old := b.byCode[kind+code]; code != "" && old != nil {
		return nil, inner("客户参考号已存在：" + code) // and not the document that has it
	}
	w, err := b.place(in.Own, in.System)
	if err != nil {
		return nil, err
	}
	if len(in.Products) == 0 {
		return nil, inner("product_list不能为空")
	}
	date, err := b.day(day)
	if err != nil {
		return nil, err
	}
	d := &document{
		number: b.documentNumber(prefix), kind: int(in.Type.n), warehouse: w, code: code, remark: string(in.Remark),
		created: b.kit.Clock.Now().Unix(), day: date, supplier: or(string(in.SysSupply), string(in.Supply)),
	}
	for _, p := range in.Products {
		l, err := b.line(w, p)
		if err != nil {
			return nil, err
		}
		if l.good+l.bad == 0 {
			return nil, inner("sku:" + string(p.SKU) + " 良品数和次品数不能同时为0")
		}
		l.good, l.bad = sign*l.good, sign*l.bad
		d.lines = append(d.lines, l)
	}
	return d, nil
}

func (b *Box) keep(d *document, kind string) {
	b.documents = append(b.documents, d)
	if d.code != "" {
		b.byCode[kind+d.code] = d
	}
}

type adjustIn struct {
	WID      number       `json:"wid"`
	Remark   text         `json:"remark"`
	Products []docProduct `json:"product_list"`
}

// adjust answers POST /erp/sc/routing/inventoryReceipt/StorageAdjustment/addAdjustmentOrder. It has no
// idempotency key: sent twice, it adjusts twice.
func (b *Box) adjust(in adjustIn) (reply, error) {
	w := b.warehouse(int(in.WID.n))
	if w == nil || w.deleted {
		return reply{}, inner("仓库不存在")
	}
	if len(in.Products) == 0 {
		return reply{}, inner("product_list不能为空")
	}
	now := b.kit.Clock.Now()
	d := &document{number: b.documentNumber("AD"), kind: adjustType, warehouse: w, remark: string(in.Remark), created: now.Unix()}
	for _, p := range in.Products {
		l, err := b.adjustLine(w, p)
		if err != nil {
			return reply{}, err
		}
		d.lines = append(d.lines, l)
	}
	if err := b.commit(d); err != nil {
		return reply{}, err
	}
	b.adjusts = append(b.adjusts, d)
	return one(docNumber{Number: d.number}), nil
}

func (b *Box) adjustLine(w *warehouse, p docProduct) (docLine, error) {
	if !p.ProductID.set {
		return docLine{}, inner("product_id不能为空")
	}
	l, err := b.line(w, p)
	if err != nil {
		return l, err
	}
	if int64(l.row.product.id) != p.ProductID.n {
		return l, inner("sku和product_id不匹配")
	}
	good, ok1 := signedNumber(p.AdjGood, p.SignGood)
	bad, ok2 := signedNumber(p.AdjBad, p.SignBad)
	if !ok1 || !ok2 || good == 0 && bad == 0 {
		return l, inner("sku:" + string(p.SKU) + " 调整数量错误")
	}
	l.good, l.bad = good, bad
	return l, nil
}

// signedNumber puts a sign of its own before an absolute number.
func signedNumber(n number, sign text) (int, bool) {
	switch {
	case n.n < 0 || n.n > 1e9 || n.n > 0 && sign != "+" && sign != "-":
		return 0, false
	case sign == "-":
		return -int(n.n), true
	}
	return int(n.n), true
}
