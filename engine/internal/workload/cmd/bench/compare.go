package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// same compares what both sides wrote: bill by bill the first time, and afterwards our file with
// the one that was compared.
func (b *bench) same(whole bool) error {
	ours, err := digest(b.in("out", "w1.jsonl"))
	if err != nil {
		return err
	}
	if !whole {
		if ours != b.first {
			return fmt.Errorf("the output differs from that of the first round")
		}
		return nil
	}
	b.first = ours
	hand, err := fingerprint(b.in("out", "typed.jsonl"))
	if err != nil {
		return err
	}
	mine, err := fingerprint(b.in("out", "w1.jsonl"))
	if err != nil {
		return err
	}
	if mine != hand {
		return fmt.Errorf("pipectl wrote %v, the typed program %v", mine, hand)
	}
	fmt.Printf("both wrote %v\n", mine)
	return nil
}

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// print is the content of a file of JSON lines, whatever their order.
type print struct {
	lines int
	sum   uint64
}

func (p print) String() string { return fmt.Sprintf("%d documents (%016x)", p.lines, p.sum) }

// fingerprint adds up the hashes of all lines in canonical form: members sorted, and numbers as
// far as binary floating point holds them, because the typed program calculates in it.
func fingerprint(path string) (print, error) {
	f, err := os.Open(path)
	if err != nil {
		return print{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	var p print
	r := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := r.ReadSlice('\n')
		if err == io.EOF && len(line) == 0 {
			return p, nil
		}
		if err != nil {
			return p, fmt.Errorf("%s, line %d: %w", path, p.lines+1, err)
		}
		var doc any
		if err := json.Unmarshal(line, &doc); err != nil {
			return p, fmt.Errorf("%s, line %d: %w", path, p.lines+1, err)
		}
		var text strings.Builder
		canonical(&text, doc)
		sum := sha256.Sum256([]byte(text.String()))
		p.lines++
		p.sum += binary.BigEndian.Uint64(sum[:8])
	}
}

func canonical(w *strings.Builder, v any) {
	switch x := v.(type) {
	case map[string]any:
		names := make([]string, 0, len(x))
		for n := range x {
			names = append(names, n)
		}
		slices.Sort(names)
		for _, n := range names {
			w.WriteString("{" + strconv.Quote(n))
			canonical(w, x[n])
		}
	case []any:
		for _, item := range x {
			w.WriteByte('[')
			canonical(w, item)
		}
	case float64:
		w.WriteString(strconv.FormatFloat(x, 'g', 12, 64))
	case string:
		w.WriteString(strconv.Quote(x))
	default:
		fmt.Fprint(w, x)
	}
	w.WriteByte(';')
}

// samples are the names of what is measured, as the closing line has them.
var samples = []string{
	"w1_typed", "w1_ledger", "w3", "w2_cpu", "w2_wall", "w2_wide_cpu", "w2_wide_wall", "w2_fast_cpu", "w2_fast_wall", "w2_paced",
	"w4", "w4_random", "rss_mib", "rss_large_mib", "rss_ledger_mib", "rss_ledger_large_mib",
}

// report prints the medians, and the least and the most of each.
func (b *bench) report() {
	var line strings.Builder
	line.WriteString("bench:")
	for _, name := range samples {
		s := slices.Sorted(slices.Values(b.samples[name]))
		if len(s) == 0 {
			continue
		}
		digits := 2
		if strings.HasPrefix(name, "rss") {
			digits = 0
		}
		show := func(x float64) string { return strconv.FormatFloat(x, 'f', digits, 64) }
		fmt.Printf("%-20s median %s, least %s, most %s of %d\n", name, show(s[len(s)/2]), show(s[0]), show(s[len(s)-1]), len(s))
		line.WriteString(" " + name + "=" + show(s[len(s)/2]))
	}
	fmt.Println(line.String())
}
