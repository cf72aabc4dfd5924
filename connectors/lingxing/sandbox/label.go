package sandbox

import (
	"encoding/base64"
	"path"
	"strconv"
	"strings"
)

// surface is the file of a label; all is empty where there is none.
type surface struct {
	URI  string `json:"uri"`
	Ext  string `json:"ext"`
	Size string `json:"size"`
}

type labelIn struct {
	ID       number `json:"woId"`
	Name     text   `json:"fileName"`
	File     text   `json:"base64File"`
	Tracking text   `json:"trackingNo"`
	Waybill  text   `json:"waybillNo"`
}

// importLabel answers POST /basicOpen/selfShipmentOrder/importLabel: the label (面单) of an outbound order that
// waits for one, with its numbers. Like a tracking number, it is taken once.
func (b *Box) importLabel(in labelIn) (reply, error) {
	for _, x := range []struct {
		name    string
		missing bool
	}{{"woId", !in.ID.set}, {"fileName", in.Name == ""}, {"base64File", in.File == ""}, {"waybillNo", in.Waybill == ""}} {
		if x.missing {
			return reply{}, invalid(x.name + " => " + x.name + "不能为空")
		}
	}
	raw, err := base64.StdEncoding.DecodeString(string(in.File))
	if err != nil {
		return reply{}, invalid("base64File => base64File格式不正确")
	}
	at := in.ID.n - firstParcel
	if at < 0 || at >= int64(len(b.parcels)) || b.parcels[at].label != labelImport {
		return reply{}, innerProgram("当前订单不存在或物流状态不是待导入")
	}
	p := b.parcels[at]
	b.changeParcel(p, func() {
		p.waybill, p.tracking = string(in.Waybill), string(in.Tracking)
		p.label, p.status, p.updated = labelDone, parcelWaiting, b.kit.Clock.Now().Unix()
		p.file = surface{"https://label.example.com/" + p.number + "/" + string(in.Name), strings.TrimPrefix(path.Ext(string(in.Name)), "."), strconv.Itoa(len(raw))}
	})
	return reply{newer: true}, nil
}

type orderRemarkIn struct {
	SID    number `json:"sid"`
	Order  text   `json:"amazonOrderId"`
	Remark *text  `json:"remark"`
}

// setOrderRemark answers POST /basicOpen/platformOrder/scOrder/setRemark: the remark of an Amazon order, which
// its returns and the multi-channel list show. It replaces the one before, also by an empty one.
func (b *Box) setOrderRemark(in orderRemarkIn) (reply, error) {
	switch {
	case !in.SID.set:
		return reply{}, invalid("sid => sid不能为空")
	case in.Order == "":
		return reply{}, invalid("amazonOrderId => amazonOrderId不能为空")
	case in.Remark == nil:
		return reply{}, invalid("remark => remark不能为空")
	}
	done := reply{newer: true, total: noTotal}
	now := b.kit.Clock.Now().Unix()
	for _, o := range b.mcf {
		if o.id == string(in.Order) && int64(o.shop.sid) == in.SID.n {
			o.scRemark, o.modified = string(*in.Remark), now
			return done, nil
		}
	}
	for _, o := range b.find(string(in.Order), int(in.SID.n)) {
		if o.amazon() {
			b.change(o, func() { o.scRemark, o.modified = string(*in.Remark), now })
			return done, nil
		}
	}
	return reply{}, innerProgram("订单不存在")
}
