package file

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/value"
)

// header is the layout of the objects that a CSV file's rows become: pieces of JSON text, and
// between them the cells in the order in which their columns appear in the object.
type header struct {
	width   int
	pieces  []string // one more than cells
	cells   []int
	unnamed []int // columns without a name: their cells must be empty
}

// newHeader makes the layout of column names; what is wrong with them is told in words.
func newHeader(names []string) (*header, string) {
	h := &header{width: len(names)}
	top := &branch{}
	for i, raw := range names {
		name := strings.TrimSpace(raw)
		if name == "" {
			h.unnamed = append(h.unnamed, i)
			continue
		}
		path := strings.Split(name, ".")
		if slices.Contains(path, "") { // "No.", ".x"
			path = []string{name}
		}
		if !top.put(path, i) {
			return nil, fmt.Sprintf("column %q is there twice, or is both a column and a part of another one's name", name)
		}
	}
	if len(top.kids) == 0 {
		return nil, "no column has a name"
	}
	h.lay(top, "")
	return h, ""
}

// branch is a member of the objects to be.
type branch struct {
	name string
	cell int
	leaf bool
	kids []*branch
}

func (b *branch) put(path []string, cell int) bool {
	for _, k := range b.kids {
		if k.name == path[0] {
			return len(path) > 1 && !k.leaf && k.put(path[1:], cell)
		}
	}
	k := &branch{name: path[0], leaf: len(path) == 1, cell: cell}
	b.kids = append(b.kids, k)
	return k.leaf || k.put(path[1:], cell)
}

// lay writes a branch behind the text that is open, and returns the text that is open then.
func (h *header) lay(b *branch, open string) string {
	open += "{"
	for i, k := range b.kids {
		if i > 0 {
			open += ","
		}
		open += string(value.AppendText(nil, k.name)) + ":"
		if k.leaf {
			h.pieces, h.cells, open = append(h.pieces, open), append(h.cells, k.cell), ""
			continue
		}
		open = h.lay(k, open)
	}
	open += "}"
	if b.name == "" {
		h.pieces = append(h.pieces, open)
	}
	return open
}

// appendObject appends a row's cells as an object of texts.
func (h *header) appendObject(dst []byte, cells []string) []byte {
	for i, n := range h.cells {
		dst = append(dst, h.pieces[i]...)
		dst = value.AppendText(dst, cells[n])
	}
	return append(dst, h.pieces[len(h.cells)]...)
}

// refuses says in words why a row doesn't fit the header.
func (h *header) refuses(cells []string) string {
	if len(cells) != h.width {
		return fmt.Sprintf("it has %d cells, the header has %d", len(cells), h.width)
	}
	for _, i := range h.unnamed {
		if strings.TrimSpace(cells[i]) != "" {
			return fmt.Sprintf("cell %d is filled, and its column has no name in the header", i+1)
		}
	}
	return ""
}
