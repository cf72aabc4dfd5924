package sandbox

import (
	"errors"
	"slices"
	"strconv"
)

type docNumbersIn struct {
	Numbers texts `json:"orderSn"`
}

type docNumberIn struct {
	Number text `json:"order_sn"`
}

// docResult is the outcome of a batch: failures hide inside code 0.
type docResult struct {
	Success int       `json:"success"`
	Fail    int       `json:"fail"`
	Total   int       `json:"total"`
	List    []docFail `json:"failList"`
}

type docFail struct {
	Number string `json:"orderSn"`
	Detail string `json:"detail"`
}

// setInbound answers POST /basicOpen/inboundOrder/inbound/setInbound.
func (b *Box) setInbound(in docNumbersIn) (reply, error) { return b.finish(in, true, docInReady) }

// setOutbound answers POST /basicOpen/outboundOrder/outbound/setOutbound.
func (b *Box) setOutbound(in docNumbersIn) (reply, error) { return b.finish(in, false, docOutReady) }

func (b *Box) finish(in docNumbersIn, inbound bool, ready int) (reply, error) {
	return b.eachDocument(in, func(d *document) string {
		if d.isInbound() != inbound || d.status != ready && d.status != docDraft {
			return "单据状态不正确"
		}
		if err := b.commit(d); err != nil {
			return reasonOf(err)
		}
		return ""
	})
}

// deleteOutbound answers POST /basicOpen/outboundOrder/outbound/delete.
func (b *Box) deleteOutbound(in docNumbersIn) (reply, error) {
	return b.eachDocument(in, func(d *document) string {
		if d.isInbound() || d.status == docDone {
			return "单据状态不正确"
		}
		b.documents = slices.DeleteFunc(b.documents, func(x *document) bool { return x == d })
		return ""
	})
}

// eachDocument runs f over the named documents; f answers why it failed, or "".
func (b *Box) eachDocument(in docNumbersIn, f func(*document) string) (reply, error) {
	if len(in.Numbers) == 0 {
		return reply{}, invalid("orderSn => orderSn不能为空")
	}
	out := docResult{Total: len(in.Numbers), List: []docFail{}}
	failing := b.failing()
	for i, n := range in.Numbers {
		why := "单据不存在"
		if failing(i, n) {
			why = "系统繁忙"
		} else if d := b.document(n); d != nil {
			why = f(d)
		}
		if why == "" {
			out.Success++
			continue
		}
		out.Fail++
		out.List = append(out.List, docFail{n, why})
	}
	return reply{data: out, newer: true}, nil
}

func (k *stockroom) document(number string) *document {
	for _, d := range k.documents {
		if d.number == number {
			return d
		}
	}
	return nil
}

// revokeInbound answers POST /basicOpen/inboundOrder/inbound/setOrderRevoke.
func (b *Box) revokeInbound(in docNumberIn) (reply, error) { return b.revokeOne(in, true) }

// revokeOutbound answers POST /basicOpen/outboundOrder/outbound/setOrderRevoke.
func (b *Box) revokeOutbound(in docNumberIn) (reply, error) { return b.revokeOne(in, false) }

func (b *Box) revokeOne(in docNumberIn, inbound bool) (reply, error) {
	d := b.document(string(in.Number))
	if d == nil || d.isInbound() != inbound || d.status == docRevoked {
		return reply{}, innerProgram("单据不存在或状态不正确")
	}
	if err := b.revoke(d); err != nil {
		return reply{}, err
	}
	return reply{newer: true}, nil
}

// setAdjust answers POST /basicOpen/adjustOrder/adjust/setAdjust. Adjustments made over this API are
// finished already, so its task ends in a failure for each.
func (b *Box) setAdjust(in docNumbersIn) (reply, error) {
	if len(in.Numbers) == 0 {
		return reply{}, invalid("orderSn => orderSn不能为空")
	}
	type task struct {
		No     string `json:"taskNo"`
		Type   int    `json:"type"`
		Action int    `json:"actionType"`
	}
	no := "T" + strconv.Itoa(len(b.adjustTasks)+1)
	b.adjustTasks[no] = in.Numbers
	return reply{data: task{no, 1, 1}, newer: true}, nil
}

type taskIn struct {
	No text `json:"taskNo"`
}

// adjustStatus answers POST /basicOpen/adjustOrder/adjust/getAdjustStatus; reasons stand in msg here.
func (b *Box) adjustStatus(in taskIn) (reply, error) {
	type fail struct {
		Number string `json:"orderSn"`
		Msg    string `json:"msg"`
	}
	type result struct {
		Success int    `json:"success"`
		Fail    int    `json:"fail"`
		Total   int    `json:"total"`
		List    []fail `json:"failList"`
	}
	numbers, ok := b.adjustTasks[string(in.No)]
	if !ok {
		return reply{}, innerProgram("任务不存在")
	}
	out := result{Fail: len(numbers), Total: len(numbers), List: []fail{}}
	for _, n := range numbers {
		out.List = append(out.List, fail{n, "单据不存在或已完成"})
	}
	return reply{data: out, newer: true}, nil
}

type fbmStockIn struct {
	List []struct {
		Store number `json:"storeId"`
		MSKU  text   `json:"msku"`
		Stock number `json:"fbmInventory"`
		Days  text   `json:"shipDays"`
	} `json:"fbmInventoryList"`
}

// fbmStock answers POST /basicOpen/FbmManagement/modifyFbmInventory: what buyers see, an absolute value.
func (b *Box) fbmStock(in fbmStockIn) (reply, error) {
	type fail struct {
		Store int64  `json:"storeId"`
		ASIN  string `json:"asin"`
		MSKU  string `json:"msku"`
		Msg   string `json:"msg"`
	}
	type result struct {
		Success int    `json:"successNum"`
		Failure int    `json:"failureNum"`
		Detail  []fail `json:"failureDetail"`
	}
	if n := len(in.List); n == 0 || n > 200 {
		return reply{}, invalid("fbmInventoryList 数量必须在1-200之间")
	}
	out := result{Detail: []fail{}}
	failing := b.failing()
	for i, x := range in.List {
		s, p := b.shopBySID(digits(x.Store.n)), b.listing(string(x.MSKU))
		why := ""
		switch {
		case failing(i, string(x.MSKU)):
			why = "平台繁忙"
		case s == nil:
			why = "店铺不存在"
		case p == nil:
			why = "msku不存在"
		case !x.Stock.set || x.Stock.n < 0:
			why = "库存必须为非负整数"
		}
		if why != "" {
			out.Failure++
			out.Detail = append(out.Detail, fail{x.Store.n, "", string(x.MSKU), why})
			continue
		}
		out.Success++
		b.fbm[digits(x.Store.n)+"|"+string(x.MSKU)] = int(x.Stock.n)
	}
	return reply{data: out, newer: true}, nil
}

// listing finds the product behind a seller's SKU of any shop.
func (b *Box) listing(msku string) *product {
	for _, s := range b.shops {
		for _, p := range b.products {
			o := order{shop: s}
			if o.sellerSKU(&orderLine{product: p}) == msku {
				return p
			}
		}
	}
	return nil
}

// failing answers which item of a batch the fault "partial" lets fail.
func (b *Box) failing() func(i int, key string) bool {
	c := b.call
	if f, hit := b.kit.Faults.Take(c.path, c.body, faultPartial); hit {
		c.fails = &f.Arg
	}
	return func(i int, key string) bool {
		return c.fails != nil && (*c.fails == "" && i == 0 || *c.fails != "" && *c.fails == key)
	}
}

// reasonOf is the text of a refusal as a batch shows it.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*refusal](err); ok {
		if s, ok := e.details.(string); ok {
			return s
		}
	}
	return err.Error()
}
