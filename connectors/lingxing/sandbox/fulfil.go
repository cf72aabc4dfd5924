package sandbox

import (
	"strconv"
	"strings"
	"time"
)

// feed is one call that tells Amazon what was shipped.
type feed struct {
	seller  string
	size    int
	polled  bool
	sent    time.Time
	results []feedResult // of what failed
}

type feedResult struct {
	ID          string `json:"message_id"`
	Code        string `json:"result_code"`
	MessageCode string `json:"result_message_code"`
	Description string `json:"result_description"`
}

type fulfilIn struct {
	Region string `json:"region"`
	Seller string `json:"seller_id"`
	Market string `json:"marketplace_id"`
	List   []struct {
		ID       text `json:"id"`
		Order    text `json:"platform_order_no"`
		Tracking text `json:"tracking_no"`
		Carrier  text `json:"carrier_code"`
		Name     text `json:"carrier_name"`
		Service  text `json:"shipping_service"`
		Items    []struct {
			ItemNo   text   `json:"order_item_no"`
			Quantity number `json:"quantity"`
		} `json:"order_item"`
	} `json:"order_list"`
}

// missing names the first field that is not there.
func (in fulfilIn) missing() string {
	switch {
	case in.Region == "" || !strings.Contains("NA EU FE", strings.ToUpper(in.Region)):
		return "region"
	case in.Seller == "":
		return "seller_id"
	case in.Market == "":
		return "marketplace_id"
	case len(in.List) == 0:
		return "order_list"
	}
	for _, o := range in.List {
		if n, err := strconv.ParseUint(string(o.ID), 10, 64); err != nil || n == 0 {
			return "id"
		}
		if o.Order == "" {
			return "platform_order_no"
		}
		if o.Carrier == "" {
			return "carrier_code"
		}
	}
	return ""
}

// submitFulfilment answers POST /pb/mp/order/submitFulfillment (标发).
func (b *Box) submitFulfilment(in fulfilIn) (reply, error) {
	if name := in.missing(); name != "" {
		return reply{}, invalid(name + "不能为空")
	}
	f := &feed{seller: in.Seller, size: len(in.List), sent: b.kit.Clock.Now(), results: []feedResult{}}
	for _, x := range in.List {
		r := feedResult{ID: string(x.ID)}
		found := false
		for _, o := range b.byID[string(x.Order)] {
			if found = o.listed() && o.shop.market.ID == in.Market; found {
				b.markShipped(o)
				break
			}
		}
		if !found {
			r.Code, r.MessageCode, r.Description = "Error", "18028", "The order id was not found: "+string(x.Order)
			f.results = append(f.results, r)
		}
	}
	id := digits(700_000_000 + int64(len(b.feeds)))
	b.feeds[id] = f
	type task struct {
		ID     string `json:"task_id"`
		Status string `json:"task_status"`
		Why    string `json:"failure_reason"`
	}
	return one(task{id, "pending", ""}), nil
}

// markShipped is what the platform then shows.
func (b *Box) markShipped(o *order) {
	now := b.kit.Clock.Now().Unix()
	b.change(o, func() {
		if o.status == unshipped || o.status == partly {
			o.status, o.shipped, o.updated, o.modified = shipped, now, now, now
		}
	})
}

type feedIn struct {
	Seller text  `json:"seller_id"`
	Tasks  texts `json:"task_id"`
}

// fulfilmentResult answers POST /pb/mp/order/getFulfillmentResult: in process first, then done.
func (b *Box) fulfilmentResult(in feedIn) (reply, error) {
	if n := len(in.Tasks); n == 0 || n > 10 {
		return reply{}, invalid("taskId任务id数组不能为空")
	}
	type summary struct {
		Processed string `json:"messages_processed"`
		Success   string `json:"messages_successful"`
		Errors    string `json:"messages_with_error"`
		Warnings  string `json:"messages_with_warning"`
	}
	type row struct {
		ID      string       `json:"task_id"`
		Status  string       `json:"status_code"`
		Time    string       `json:"ship_time"`
		Summary *summary     `json:"processing_summary"`
		Result  []feedResult `json:"result"`
		Failure string       `json:"failure"`
	}
	rows := []row{}
	for _, id := range in.Tasks {
		f := b.feeds[id]
		if f == nil || f.seller != string(in.Seller) {
			continue
		}
		r := row{ID: id, Status: "in_process", Time: beijing(f.sent.Unix()), Result: []feedResult{}}
		if f.polled {
			n, bad := f.size, len(f.results)
			r.Status, r.Result = "done", f.results
			r.Summary = &summary{strconv.Itoa(n), strconv.Itoa(n - bad), strconv.Itoa(bad), "0"}
		}
		f.polled = true
		rows = append(rows, r)
	}
	return one(rows), nil
}
