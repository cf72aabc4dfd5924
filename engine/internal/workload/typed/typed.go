// Package typed is the workload W1 as a programmer writes it by hand for one customer: typed
// structs, encoding/json, two workers. It is what pipectl's speed is compared with.
package typed

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

const (
	block   = 256 << 10
	workers = 2
)

type order struct {
	OrderID   string  `json:"order_id"`
	Shop      string  `json:"shop"`
	Platform  string  `json:"platform"`
	BuyerID   string  `json:"buyer_id"`
	BuyerName string  `json:"buyer_name"`
	Currency  string  `json:"currency"`
	Status    string  `json:"status"`
	Created   string  `json:"created"`
	Amount    float64 `json:"amount"`
	Freight   float64 `json:"freight"`
	Remark    string  `json:"remark"`
	Address   struct {
		Province string `json:"province"`
		City     string `json:"city"`
		District string `json:"district"`
		Street   string `json:"street"`
		Phone    string `json:"phone"`
	} `json:"address"`
	Items []struct {
		SKU   string  `json:"sku_code"`
		Qty   float64 `json:"qty"`
		Price float64 `json:"price"`
	} `json:"items"`
}

type number struct {
	FNumber string
}

type bill struct {
	FBillNo         string
	FDate           string
	FCustId         number
	FSaleOrgId      number
	FSettleCurrId   number
	FBusinessType   string
	FReceiveContact string
	FReceiveAddress string
	FReceivePhone   string
	FNote           string
	FBillAmount     float64
	FSaleOrderEntry []entry
}

type entry struct {
	FMaterialId number
	FQty        float64
	FTaxPrice   float64
	FAllAmount  float64
	FIsFree     bool
}

// Counts is what a run did.
type Counts struct{ Read, Written, Bad int }

// Run reads orders, writes bills, and puts what breaks a rule into the file dead.
func Run(orders, customers, bills, dead string) (Counts, error) {
	table, err := load(customers)
	if err != nil {
		return Counts{}, err
	}
	in, err := os.Open(orders)
	if err != nil {
		return Counts{}, err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.Create(bills)
	if err != nil {
		return Counts{}, err
	}
	left, err := os.Create(dead)
	if err != nil {
		return Counts{}, errors.Join(err, out.Close())
	}
	n, err := transform(in, table, out, left)
	return n, errors.Join(err, out.Sync(), out.Close(), left.Close())
}

func load(customers string) (map[string]string, error) {
	f, err := os.Open(customers)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	table := make(map[string]string, len(rows))
	for _, r := range rows {
		table[r[0]] = r[1]
	}
	return table, nil
}

// job is a block of whole lines on its way through a worker; the writer takes them in order.
type job struct {
	text []byte
	done chan result
}

type result struct {
	bills, dead []byte
	counts      Counts
	err         error
}

func transform(in io.Reader, table map[string]string, out, left io.Writer) (Counts, error) {
	jobs, order := make(chan job), make(chan job, 2*workers)
	for range workers {
		go func() {
			for j := range jobs {
				j.done <- convert(j.text, table)
			}
		}()
	}
	var readErr error
	go func() {
		readErr = cut(in, func(text []byte) {
			j := job{text, make(chan result, 1)}
			order <- j
			jobs <- j
		})
		close(order)
		close(jobs)
	}()
	w, d := bufio.NewWriterSize(out, block), bufio.NewWriterSize(left, block)
	var n Counts
	var err error
	for j := range order {
		r := <-j.done
		_, e1 := w.Write(r.bills)
		_, e2 := d.Write(r.dead)
		err = errors.Join(err, r.err, e1, e2)
		n = Counts{n.Read + r.counts.Read, n.Written + r.counts.Written, n.Bad + r.counts.Bad}
	}
	return n, errors.Join(err, readErr, w.Flush(), d.Flush())
}

// cut gives out blocks of whole lines.
func cut(in io.Reader, each func([]byte)) error {
	var rest []byte
	for {
		buf := make([]byte, len(rest)+block)
		n := copy(buf, rest)
		m, err := io.ReadFull(in, buf[n:])
		buf = buf[:n+m]
		if err != nil {
			if len(buf) > 0 {
				each(buf)
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil
			}
			return err
		}
		end := bytes.LastIndexByte(buf, '\n') + 1
		rest = slices.Clone(buf[end:])
		each(buf[:end])
	}
}

func convert(text []byte, table map[string]string) result {
	var r result
	var out, dead bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	for line := range bytes.Lines(text) {
		r.counts.Read++
		var o order
		if err := json.Unmarshal(line, &o); err != nil {
			r.err = err
			return r
		}
		if rule := broken(&o); rule != "" {
			r.counts.Bad++
			fmt.Fprintf(&dead, `{"rule":%q,"record":%s}`+"\n", rule, bytes.TrimSuffix(line, []byte("\n")))
			continue
		}
		r.counts.Written++
		if err := enc.Encode(mapped(&o, table)); err != nil {
			r.err = err
			return r
		}
	}
	r.bills, r.dead = out.Bytes(), dead.Bytes()
	return r
}

// broken is the first rule that an order breaks.
func broken(o *order) string {
	switch o.Currency {
	case "CNY", "USD", "EUR", "HKD", "JPY":
	default:
		return "currency_known"
	}
	if o.Amount <= 0 {
		return "amount_positive"
	}
	for _, it := range o.Items {
		if it.Qty <= 0 {
			return "qty_positive"
		}
	}
	if len(o.Items) == 0 {
		return "qty_positive"
	}
	return ""
}

func mapped(o *order, table map[string]string) *bill {
	b := &bill{
		FBillNo: "EC-" + o.OrderID, FDate: o.Created[:10], FCustId: number{"CUST.DEFAULT"},
		FSaleOrgId: number{"200"}, FSettleCurrId: number{"PRE009"}, FBusinessType: "NORMAL",
		FReceiveContact: o.BuyerName, FReceivePhone: o.Address.Phone,
		FReceiveAddress: o.Address.Province + o.Address.City + o.Address.District + o.Address.Street,
		FNote:           o.Shop + "/" + o.Platform, FBillAmount: cents(o.Amount + o.Freight),
		FSaleOrderEntry: make([]entry, len(o.Items)),
	}
	if code, ok := table[o.BuyerID]; ok {
		b.FCustId.FNumber = code
	}
	switch o.Currency {
	case "CNY":
		b.FSaleOrgId.FNumber, b.FSettleCurrId.FNumber = "100", "PRE001"
	case "USD":
		b.FSettleCurrId.FNumber = "PRE007"
	}
	if o.Status == "REFUNDING" {
		b.FBusinessType = "RETURN"
	}
	if o.Remark != "" {
		b.FNote += ": " + o.Remark
	}
	for i, it := range o.Items {
		b.FSaleOrderEntry[i] = entry{number{strings.ToUpper(it.SKU)}, it.Qty, it.Price, cents(it.Qty * it.Price), it.Price == 0}
	}
	return b
}

func cents(x float64) float64 { return math.Round(x*100) / 100 }
