package state

import "github.com/pipectl/pipectl/engine/value"

// Document is the ledger's row of one document. See the package's documentation for its life.
type Document struct {
	Owner     Owner
	Confirmed *Confirmed
	Pending   *Pending
}

// Owner is the record that a document belongs to. The zero Owner is nobody's: a master that was
// created because a record needed it.
type Owner struct {
	Pipeline ID
	Key      string
}

// Confirmed is what the target surely holds.
type Confirmed struct {
	Hash      value.Hash // of the content that was saved
	Unsure    bool       // the document is there, but its content may be another one of ours
	Cancelled bool       // it was cancelled, and keeps its number
	ID        string     // the target's own id
	Number    string     // the number that the target gave
	Stage     uint8      // how far it has come, as connector.Stage
	Restore   uint8      // the stage it had before we took it back to change it; 0: we did not
	Echo      bool       // its create went out more than once: an earlier one may still land where the number is free
	At        int64      // when the target last answered, in nanoseconds: by its own clock where it tells, else by ours
}

// Action is what was sent.
type Action uint8

// The actions.
const (
	Create Action = iota + 1
	Update
	Step // one of the target's operations, in Pending.Op
)

// Pending is what was sent without an answer yet.
type Pending struct {
	Action  Action
	Op      uint8      // of a Step, as connector.Op
	Hash    value.Hash // of the content that was sent, or that the steps lead up to
	Sent    int64      // when it left, by our clock, in nanoseconds
	AskAt   int64      // not to be asked before; 0: at once; Absent: surely not there
	Sends   int        // sends of this kind that nobody answered
	Mixed   bool       // they were of different content
	Alone   bool       // it was alone in its batch
	Crashes int        // processes that ended while it was alone on its way
	Mark    string     // what the document carries in the target's field for marks; "": none
}

// Absent in Pending.AskAt says that the target was asked when nothing could land any more, and does
// not have the document. The row stays for its count of crashes.
const Absent = -1

// Rows that carry a mark are of format 2, so that a version that knows none refuses them.
const (
	documentFormat = 1
	documentMarked = 2
)

const (
	hasOwner byte = 1 << iota
	hasConfirmed
	hasPending
	isUnsure
	isCancelled
	isAlone
	sameNumber // Number is the target key
	isMixed
)

// isEcho stands in the byte of Restore, whose stages are small numbers.
const isEcho byte = 1 << 7

// GetDocument reads a document's row; false when there is none.
func GetDocument(tx Tx, ref Ref) (Document, bool, error) {
	k := ref.Scope.keyText(ref.Key)
	v, err := tx.Get(Documents, k)
	if v == nil || err != nil {
		return Document{}, false, err
	}
	d, err := decodeDocument(k, v, ref.Key)
	return d, true, err
}

// PutDocument writes a document's row.
func PutDocument(tx Tx, ref Ref, d Document) error {
	k := ref.Scope.keyText(ref.Key)
	return tx.Put(Documents, k, seal(k, d.append(make([]byte, 0, 128), ref.Key)))
}

// DeleteDocument gives a target key free.
func DeleteDocument(tx Tx, ref Ref) error { return tx.Delete(Documents, ref.Scope.keyText(ref.Key)) }

// EachDocument walks over the documents of a scope in the order of their keys.
func EachDocument(tx Tx, scope ID, from string, fn func(key string, d Document) (bool, error)) error {
	prefix := scope.key(nil)
	return tx.Scan(Documents, prefix, scope.keyText(from), func(k, v []byte) (bool, error) {
		key := string(k[len(prefix):])
		d, err := decodeDocument(k, v, key)
		if err != nil {
			return false, err
		}
		return fn(key, d)
	})
}

func (d Document) flags(key string) byte {
	var f byte
	if d.Owner != (Owner{}) {
		f |= hasOwner
	}
	if c := d.Confirmed; c != nil {
		f |= hasConfirmed
		if c.Unsure {
			f |= isUnsure
		}
		if c.Cancelled {
			f |= isCancelled
		}
		if c.Number == key {
			f |= sameNumber
		}
	}
	if d.Pending != nil {
		f |= hasPending
		if d.Pending.Alone {
			f |= isAlone
		}
		if d.Pending.Mixed {
			f |= isMixed
		}
	}
	return f
}

func (d Document) append(dst []byte, key string) []byte {
	p := packer(dst)
	flags := d.flags(key)
	p.byte(d.format())
	p.byte(flags)
	if flags&hasOwner != 0 {
		p.uint(uint64(d.Owner.Pipeline))
		p.text(d.Owner.Key)
	}
	if c := d.Confirmed; c != nil {
		p.bytes(c.Hash[:])
		p.text(c.ID)
		if flags&sameNumber == 0 {
			p.text(c.Number)
		}
		p.byte(c.Stage)
		restore := c.Restore
		if c.Echo {
			restore |= isEcho
		}
		p.byte(restore)
		p.fixed(uint64(c.At))
	}
	if x := d.Pending; x != nil {
		p.byte(byte(x.Action))
		p.byte(x.Op)
		p.bytes(x.Hash[:])
		p.fixed(uint64(x.Sent))
		p.fixed(uint64(x.AskAt))
		p.uint(uint64(x.Sends))
		p.uint(uint64(x.Crashes))
		if x.Mark != "" {
			p.text(x.Mark)
		}
	}
	return p
}

func (d Document) format() byte {
	if d.Pending != nil && d.Pending.Mark != "" {
		return documentMarked
	}
	return documentFormat
}

func decodeDocument(key, value []byte, number string) (Document, error) {
	body, err := unseal(Documents, key, value)
	if err != nil {
		return Document{}, err
	}
	u := unpacker{rest: body}
	format := u.byte()
	if format != documentFormat && format != documentMarked {
		return Document{}, damaged(Documents, key)
	}
	var d Document
	flags := u.byte()
	if flags&hasOwner != 0 {
		d.Owner = Owner{ID(u.uint()), u.text()}
	}
	if flags&hasConfirmed != 0 {
		c := &Confirmed{Unsure: flags&isUnsure != 0, Cancelled: flags&isCancelled != 0, Number: number}
		copy(c.Hash[:], u.take(16))
		c.ID = u.text()
		if flags&sameNumber == 0 {
			c.Number = u.text()
		}
		c.Stage, c.Restore, c.At = u.byte(), u.byte(), int64(u.fixed())
		c.Restore, c.Echo = c.Restore&^isEcho, c.Restore&isEcho != 0
		d.Confirmed = c
	}
	if flags&hasPending != 0 {
		x := &Pending{Action: Action(u.byte()), Op: u.byte(), Alone: flags&isAlone != 0, Mixed: flags&isMixed != 0}
		copy(x.Hash[:], u.take(16))
		x.Sent, x.AskAt = int64(u.fixed()), int64(u.fixed())
		x.Sends, x.Crashes = int(u.uint()), int(u.uint())
		if format == documentMarked {
			x.Mark = u.text()
		}
		d.Pending = x
	}
	if u.bad {
		return Document{}, damaged(Documents, key)
	}
	return d, nil
}
