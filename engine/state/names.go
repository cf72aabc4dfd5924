package state

import (
	"encoding/binary"
	"fmt"
)

// ID is the short number of a pipeline's name or of a scope: it stands in front of every key of
// the ledger, so that one pipeline's rows lie together, and a name is written once.
type ID uint32

// PipelineID is the number of a pipeline; create gives it one when it has none. 0: it has none.
func PipelineID(tx Tx, name string, create bool) (ID, error) {
	return intern(tx, "pipeline "+name, create)
}

// ScopeID is the number of the place in which a target key is unique: an account's object, and the
// field that is the key.
func ScopeID(tx Tx, account, object, keyField string, create bool) (ID, error) {
	return intern(tx, fmt.Sprintf("scope %s\x00%s\x00%s", account, object, keyField), create)
}

// PipelineName is the name behind a pipeline's number.
func PipelineName(tx Tx, id ID) (string, error) {
	name, err := tx.Get(Names, id.key(nil))
	if name == nil || err != nil {
		return "", err
	}
	text, err := unseal(Names, id.key(nil), name)
	if err != nil {
		return "", err
	}
	return string(text[len("pipeline "):]), nil
}

// key is the number in front of what it numbers.
func (id ID) key(rest []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(rest)), uint32(id)), rest...)
}

func (id ID) keyText(rest string) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(rest)), uint32(id)), rest...)
}

func intern(tx Tx, name string, create bool) (ID, error) {
	key := []byte("\xff" + name) // numbers never begin so: they would have to pass 4 billion
	value, err := tx.Get(Names, key)
	if err != nil {
		return 0, err
	}
	if value != nil {
		value, err = unseal(Names, key, value)
		if err != nil || len(value) != 4 {
			return 0, damaged(Names, key)
		}
		return ID(binary.BigEndian.Uint32(value)), nil
	}
	if !create {
		return 0, nil
	}
	id, err := nextID(tx)
	if err != nil {
		return 0, err
	}
	if err := tx.Put(Names, key, seal(key, id.key(nil))); err != nil {
		return 0, err
	}
	return id, tx.Put(Names, id.key(nil), seal(id.key(nil), []byte(name)))
}

// nextID counts up in a row of its own: numbers are never used twice.
func nextID(tx Tx) (ID, error) {
	key := ID(0).key(nil)
	value, err := tx.Get(Names, key)
	if err != nil {
		return 0, err
	}
	last := ID(0)
	if value != nil {
		value, err = unseal(Names, key, value)
		if err != nil || len(value) != 4 {
			return 0, damaged(Names, key)
		}
		last = ID(binary.BigEndian.Uint32(value))
	}
	next := last + 1
	return next, tx.Put(Names, key, seal(key, next.key(nil)))
}

func idOf(key []byte) ID { return ID(binary.BigEndian.Uint32(key)) }
