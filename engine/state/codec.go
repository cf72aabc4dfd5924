package state

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"

	"github.com/pipectl/pipectl/engine/problem"
)

// Every value ends in a checksum over its key and content: a page of the file that was written
// over, or a row that stands under another's key, is noticed before it is believed.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumSize = 4

func seal(key, value []byte) []byte {
	return binary.BigEndian.AppendUint32(value, checksum(key, value))
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

func unseal(b Bucket, key, value []byte) ([]byte, error) {
	if n := len(value) - sumSize; n >= 0 && binary.BigEndian.Uint32(value[n:]) == checksum(key, value[:n]) {
		return value[:n:n], nil
	}
	return nil, damaged(b, key)
}

func damaged(b Bucket, key []byte) error {
	return &problem.Error{
		Class: problem.Fatal, ID: "PC503",
		Reason: fmt.Sprintf("state row %q in %s is damaged: its checksum does not fit", key, b),
		Hint:   "the disk or another program has changed the file: restore the newest backup of the state",
	}
}

// Rows that are few are JSON, so that a person can read them in an emergency.

func putJSON(tx Tx, b Bucket, key []byte, row any) error {
	text, err := json.Marshal(row)
	if err != nil {
		return err
	}
	return tx.Put(b, key, seal(key, text))
}

func getJSON(tx Tx, b Bucket, key []byte, row any) (bool, error) {
	value, err := tx.Get(b, key)
	if value == nil || err != nil {
		return false, err
	}
	return true, readJSON(b, key, value, row)
}

func readJSON(b Bucket, key, value []byte, row any) error {
	text, err := unseal(b, key, value)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, row); err != nil {
		return damaged(b, key)
	}
	return nil
}

// Rows that are many are packed: numbers as varints, texts with their length before them. The
// first byte is the row's own version, so that rows of two versions can stand in one file.

type packer []byte

func (p *packer) byte(b byte)    { *p = append(*p, b) }
func (p *packer) uint(n uint64)  { *p = binary.AppendUvarint(*p, n) }
func (p *packer) fixed(n uint64) { *p = binary.BigEndian.AppendUint64(*p, n) }
func (p *packer) bytes(b []byte) { *p = append(*p, b...) }
func (p *packer) text(s string)  { p.uint(uint64(len(s))); *p = append(*p, s...) }
func (p *packer) texts(s ...string) {
	for _, x := range s {
		p.text(x)
	}
}

// unpacker reads what a packer wrote; after a mistake it gives zeros and bad is true.
type unpacker struct {
	rest []byte
	bad  bool
}

func (u *unpacker) take(n uint64) []byte {
	if n > uint64(len(u.rest)) {
		u.bad, u.rest = true, nil
		return nil
	}
	b := u.rest[:n]
	u.rest = u.rest[n:]
	return b
}

func (u *unpacker) byte() byte {
	if b := u.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (u *unpacker) uint() uint64 {
	n, size := binary.Uvarint(u.rest)
	if size <= 0 {
		u.bad, u.rest = true, nil
		return 0
	}
	u.rest = u.rest[size:]
	return n
}

func (u *unpacker) fixed() uint64 {
	if b := u.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (u *unpacker) text() string { return string(u.take(u.uint())) }

// count reads the number of things that follow, each of at least size bytes: a damaged number
// must not make room for more than is there.
func (u *unpacker) count(size int) int {
	n := u.uint()
	if n > uint64(len(u.rest)/size) {
		u.bad, u.rest = true, nil
		return 0
	}
	return int(n)
}

// PutRaw writes a value with its checksum: for tools that repair a file, and for their tests.
func PutRaw(tx Tx, b Bucket, key, value []byte) error {
	return tx.Put(b, key, seal(key, append([]byte(nil), value...)))
}
