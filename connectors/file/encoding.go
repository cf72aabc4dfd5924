package file

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

const bom = "\xef\xbb\xbf"

// checkEncoding refuses an encoding that nobody knows, and one that can't be cut into lines.
func (f *format) checkEncoding(object string, target bool) error {
	if f.utf8() {
		return nil
	}
	if _, err := htmlindex.Get(f.Encoding); err != nil {
		return wrongParam(object, fmt.Sprintf("has the encoding %q", f.Encoding), "usual are utf-8, utf-8-bom (what Excel wants), gbk, gb18030, big5, utf-16le")
	}
	if target && strings.HasPrefix(strings.ToLower(f.Encoding), "utf-16") {
		return wrongParam(object, "can't be written in UTF-16", "write utf-8-bom, which Excel opens as well")
	}
	return nil
}

// utf8 says that nothing needs to be converted, as far as the params tell.
func (f *format) utf8() bool {
	switch strings.ToLower(f.Encoding) {
	case "", "utf-8", "utf8", "utf-8-bom":
		return true
	}
	return false
}

// codec is the encoding that the params name; nil for UTF-8.
func (f *format) codec() encoding.Encoding {
	if f.utf8() {
		return nil
	}
	enc, err := htmlindex.Get(f.Encoding)
	if err != nil {
		return nil // checkEncoding refused it
	}
	if name, _ := htmlindex.Name(enc); name == "gbk" {
		return simplifiedchinese.GB18030 // a superset of GBK: what is rare is read as well
	}
	return enc
}

// decoder turns the blocks of one file into UTF-8.
type decoder struct {
	codec   encoding.Encoding
	utf16   bool // the stream is converted before it is cut into blocks
	decided bool
}

// converts says that U+FFFD in the text stands for bytes that could not be converted.
func (d *decoder) converts() bool { return d.codec != nil || d.utf16 }

// newDecoder begins a file: it takes off a byte-order mark, and finds UTF-16 by its own.
func newDecoder(r io.Reader, f format) (io.Reader, *decoder, error) {
	head := make([]byte, 3)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, nil, err
	}
	d := &decoder{codec: f.codec(), decided: f.Encoding != ""}
	whole := io.MultiReader(bytes.NewReader(head), r)
	name := strings.ToLower(f.Encoding)
	switch {
	case string(head) == bom:
		return r, &decoder{decided: true}, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")), strings.HasPrefix(name, "utf-16"):
		end := unicode.LittleEndian
		if name == "utf-16be" {
			end = unicode.BigEndian
		}
		return unicode.UTF16(end, unicode.UseBOM).NewDecoder().Reader(whole), &decoder{utf16: true, decided: true}, nil
	}
	return whole, d, nil
}

// text is a block of whole lines in UTF-8. Where the params name no encoding, the first block
// with anything beyond ASCII decides for the file.
func (d *decoder) text(block []byte) string {
	if !d.decided && !ascii(block) {
		d.decided = true
		if looksLikeGBK(block) {
			d.codec = simplifiedchinese.GB18030
		}
	}
	if d.codec == nil {
		return string(block)
	}
	out, err := d.codec.NewDecoder().Bytes(block)
	if err != nil {
		return string(block) // it shows as lines that are no UTF-8
	}
	return string(out)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// looksLikeGBK lets the lines vote: one rotten line in a UTF-8 file must not turn the others into
// nonsense, nor must a short GBK text that happens to be valid UTF-8 ("联通").
func looksLikeGBK(block []byte) bool {
	unicode, other := 0, 0
	for line := range bytes.SplitSeq(block, []byte("\n")) {
		switch {
		case ascii(line):
		case utf8.Valid(line):
			unicode++
		default:
			other++
		}
	}
	if other <= unicode {
		return false
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(block)
	return err == nil && !bytes.ContainsRune(text, utf8.RuneError)
}
