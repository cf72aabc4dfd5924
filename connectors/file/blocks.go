package file

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
)

const (
	blockSize = 256 << 10
	// maxLine bounds what one broken line can cost: a file without line ends, a quote that
	// nobody closes.
	maxLine = 16 << 20
)

// blocks cuts a stream into pieces of whole lines. The pieces are the limit of memory: what is
// read from a file of any size is one block and what the caller keeps.
type blocks struct {
	r    io.Reader
	dec  *decoder
	buf  []byte
	end  bool
	fail error // shown after the whole lines before it
}

// block is a piece of whole lines, in UTF-8; only the last may lack its line end.
type block struct {
	text      string
	long      bool // the beginning of a line beyond maxLine, the rest of which was skipped
	last      bool
	converted bool // from another encoding: U+FFFD stands for what could not be
}

// lossy says that a line holds what could not be converted.
func (b block) lossy(line string) bool { return b.converted && strings.Contains(line, "\ufffd") }

func newBlocks(r io.Reader, f format) (*blocks, error) {
	if f.gz {
		z, err := gzip.NewReader(r)
		if errors.Is(err, io.EOF) {
			return &blocks{end: true}, nil // an empty file
		}
		if err != nil {
			return nil, broken(err)
		}
		r = z
	}
	r, dec, err := newDecoder(r, f)
	if err != nil {
		return nil, broken(err)
	}
	return &blocks{r: r, dec: dec, buf: make([]byte, 0, blockSize)}, nil
}

// next is the next block; io.EOF after the last.
func (b *blocks) next() (block, error) {
	for {
		if !b.end {
			b.fill()
		}
		if i := bytes.LastIndexByte(b.buf, '\n'); i >= 0 && (!b.end || b.fail != nil) {
			text := b.dec.text(b.buf[:i+1])
			b.buf = append(b.buf[:0], b.buf[i+1:]...)
			return block{text: text, converted: b.dec.converts()}, nil //nolint:nilerr // b.fail comes out after the lines before it
		}
		if b.end {
			return b.rest()
		}
		if len(b.buf) < cap(b.buf) {
			continue
		}
		if len(b.buf) >= maxLine {
			return b.skip(), nil
		}
		b.buf = append(make([]byte, 0, 2*cap(b.buf)), b.buf...)
	}
}

// rest is what stands before the end of the file.
func (b *blocks) rest() (block, error) {
	if b.fail != nil {
		return block{}, b.fail
	}
	if len(b.buf) == 0 {
		return block{}, io.EOF
	}
	text := b.dec.text(b.buf)
	b.buf = b.buf[:0]
	return block{text: text, last: true, converted: b.dec.converts()}, nil
}

func (b *blocks) fill() {
	for len(b.buf) < cap(b.buf) && !b.end {
		n, err := b.r.Read(b.buf[len(b.buf):cap(b.buf)])
		b.buf = b.buf[:len(b.buf)+n]
		if err != nil {
			b.end = true
			if !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				b.fail = broken(err)
			}
		}
	}
}

// skip passes over a line that is too long.
func (b *blocks) skip() block {
	head := strings.ToValidUTF8(string(b.buf[:1024]), "�")
	b.buf = b.buf[:0]
	for {
		if b.fill(); b.end && len(b.buf) == 0 {
			return block{text: head, long: true}
		}
		if i := bytes.IndexByte(b.buf, '\n'); i >= 0 {
			b.buf = append(make([]byte, 0, blockSize), b.buf[i+1:]...)
			return block{text: head, long: true}
		}
		b.buf = b.buf[:0]
	}
}

// broken says what is wrong with a stream; who reads adds the file's name.
func broken(err error) error {
	p := &problem.Error{ID: "PC340", Err: err}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		p.Class, p.Reason = problem.Transient, "the gzip stream ends in the middle"
		p.Hint = "the file may still be on its way: let its sender write under another name and rename it when done"
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		p.Class, p.Reason = problem.Fatal, "the file is no sound gzip stream"
		p.Hint = "send it again; `gzip -t FILE` shows the same"
	default:
		return err
	}
	return p
}
