package state

import (
	"encoding/binary"

	"github.com/pipectl/pipectl/engine/value"
)

// Version orders what was read of one record: by the source's own change time, then by the instant
// its page was asked for. Both count nanoseconds since 1970; 0 is unknown.
type Version struct {
	Changed int64 `json:"changed"`
	Asked   int64 `json:"asked"`
}

// Before says that v is older than w.
func (v Version) Before(w Version) bool {
	if v.Changed != w.Changed {
		return v.Changed < w.Changed
	}
	return v.Asked < w.Asked
}

// Standing is where a record stands.
type Standing uint8

// Where a record may stand. Sending is a record whose first document was on its way: what became
// of it is told by its documents.
const (
	Unseen Standing = iota
	Sending
	Delivered
	Waiting
	Invalid
	Held
	Failed
	Withdrawn
	Skipped // a person closed its exception; stands until the content changes
)

var standingNames = [...]string{"unseen", "sending", "delivered", "waiting", "invalid", "held", "failed", "withdrawn", "skipped"}

func (s Standing) String() string { return standingNames[s] }

// Record is the ledger's row of one record.
type Record struct {
	Standing Standing
	Version  Version
	Text     uint64     // fingerprint of the newest content as it was written: the quick look
	Hash     value.Hash // of the newest content that was judged
	Done     value.Hash // of the content that was delivered last; zero: none
	Attempts int        // durable retries used up for Hash
	Docs     []Ref
}

// Ref names a document row.
type Ref struct {
	Scope ID
	Key   string
}

const recordFormat = 1

// GetRecord reads a record's row; false when there is none.
func GetRecord(tx Tx, pipeline ID, key string) (Record, bool, error) {
	k := pipeline.keyText(key)
	v, err := tx.Get(Records, k)
	if v == nil || err != nil {
		return Record{}, false, err
	}
	r, err := decodeRecord(k, v)
	return r, true, err
}

// PutRecord writes a record's row.
func PutRecord(tx Tx, pipeline ID, key string, r Record) error {
	k := pipeline.keyText(key)
	return tx.Put(Records, k, seal(k, r.append(make([]byte, 0, 96))))
}

// DeleteRecord forgets a record that never got a document.
func DeleteRecord(tx Tx, pipeline ID, key string) error {
	return tx.Delete(Records, pipeline.keyText(key))
}

// EachRecord walks over a pipeline's records in the order of their keys.
func EachRecord(tx Tx, pipeline ID, from string, fn func(key string, r Record) (bool, error)) error {
	prefix := pipeline.key(nil)
	return tx.Scan(Records, prefix, pipeline.keyText(from), func(k, v []byte) (bool, error) {
		r, err := decodeRecord(k, v)
		if err != nil {
			return false, err
		}
		return fn(string(k[len(prefix):]), r)
	})
}

func (r Record) append(dst []byte) []byte {
	p := packer(dst)
	p.byte(recordFormat)
	p.byte(byte(r.Standing))
	done := byte(0) // none
	switch {
	case r.Done == r.Hash && r.Hash != (value.Hash{}):
		done = 1 // the same as Hash
	case r.Done != value.Hash{}:
		done = 2
	}
	p.byte(done)
	p.fixed(uint64(r.Version.Changed))
	p.fixed(uint64(r.Version.Asked))
	p.fixed(r.Text)
	p.bytes(r.Hash[:])
	if done == 2 {
		p.bytes(r.Done[:])
	}
	p.uint(uint64(r.Attempts))
	p.uint(uint64(len(r.Docs)))
	for _, d := range r.Docs {
		p.uint(uint64(d.Scope))
		p.text(d.Key)
	}
	return p
}

func decodeRecord(key, value []byte) (Record, error) {
	body, err := unseal(Records, key, value)
	if err != nil {
		return Record{}, err
	}
	u := unpacker{rest: body}
	if u.byte() != recordFormat {
		return Record{}, damaged(Records, key)
	}
	r := Record{Standing: Standing(u.byte())}
	done := u.byte()
	r.Version.Changed = int64(u.fixed())
	r.Version.Asked = int64(u.fixed())
	r.Text = u.fixed()
	copy(r.Hash[:], u.take(16))
	switch done {
	case 1:
		r.Done = r.Hash
	case 2:
		copy(r.Done[:], u.take(16))
	}
	r.Attempts = int(u.uint())
	if n := u.count(2); n > 0 {
		r.Docs = make([]Ref, n)
		for i := range r.Docs {
			r.Docs[i] = Ref{ID(u.uint()), u.text()}
		}
	}
	if u.bad || int(r.Standing) >= len(standingNames) {
		return Record{}, damaged(Records, key)
	}
	return r, nil
}

// Glance is the part of a record's row that tells an unchanged record, read without unpacking the
// rest: where it stands, its version and the fingerprint of its text.
type Glance struct {
	Standing Standing
	Version  Version
	Text     uint64
}

// EachGlance walks over a pipeline's records in the order of their keys, from a key on. The key is
// valid until fn returns.
func EachGlance(tx Tx, pipeline ID, from string, fn func(key []byte, g Glance) (bool, error)) error {
	prefix := pipeline.key(nil)
	return tx.Scan(Records, prefix, pipeline.keyText(from), func(k, v []byte) (bool, error) {
		g, err := glance(k, v)
		if err != nil {
			return false, err
		}
		return fn(k[len(prefix):], g)
	})
}

// LookAt reads a record's Glance. scratch is a buffer for the key, which may be used again.
func LookAt(tx Tx, pipeline ID, key string, scratch []byte) (Glance, []byte, bool, error) {
	k := append(binary.BigEndian.AppendUint32(scratch[:0], uint32(pipeline)), key...)
	v, err := tx.Get(Records, k)
	if v == nil || err != nil {
		return Glance{}, k, false, err
	}
	g, err := glance(k, v)
	return g, k, err == nil, err
}

func glance(key, value []byte) (Glance, error) {
	body, err := unseal(Records, key, value)
	if err != nil || len(body) < 27 || body[0] != recordFormat {
		return Glance{}, damaged(Records, key)
	}
	return Glance{
		Standing: Standing(body[1]),
		Version:  Version{int64(binary.BigEndian.Uint64(body[3:])), int64(binary.BigEndian.Uint64(body[11:]))},
		Text:     binary.BigEndian.Uint64(body[19:]),
	}, nil
}
