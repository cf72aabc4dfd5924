package state

import (
	"fmt"
	"strings"
	"time"
)

// What a person may do with a ledger whose pipeline has another identity now. Rows stand under the
// pipeline's number: nothing of that is written anew, only who has which number.

// Former is a number under which a pipeline's ledger stood before its key was changed. Its rows stay
// there until their records are met again, and go over to the new key then.
type Former struct {
	ID  ID        `json:"id"`
	Key []string  `json:"key"` // as written then; none: nothing goes over, its documents are free
	At  time.Time `json:"at"`
}

// Rename gives the ledger of a pipeline to another name, which must not have one.
func Rename(tx Tx, from, to string) error {
	id, err := PipelineID(tx, from, false)
	if err != nil {
		return err
	}
	p, _, err := GetPipeline(tx, id)
	if err != nil {
		return err
	}
	if err := name(tx, id, "pipeline "+from, "pipeline "+to); err != nil {
		return err
	}
	p.Name = to
	if err := PutPipeline(tx, id, p); err != nil {
		return err
	}
	for _, b := range []Bucket{Open, Resolved} {
		var all []Exception
		if err := eachException(tx, b, id, "", func(e Exception) (bool, error) { all = append(all, e); return true, nil }); err != nil {
			return err
		}
		for _, e := range all {
			e.Pipeline = to
			if err := putJSON(tx, b, id.keyText(e.Key), e); err != nil {
				return err
			}
		}
	}
	return nil
}

// name gives a number to another name.
func name(tx Tx, id ID, was, is string) error {
	if err := tx.Delete(Names, []byte("\xff"+was)); err != nil {
		return err
	}
	key := []byte("\xff" + is)
	if err := tx.Put(Names, key, seal(key, id.key(nil))); err != nil {
		return err
	}
	return tx.Put(Names, id.key(nil), seal(id.key(nil), []byte(is)))
}

// Succeed gives a pipeline a new number, and leaves its rows under the former one: with the key that
// they have, to go over one by one; without, to be forgotten. It answers both numbers.
func Succeed(tx Tx, pipeline string, is Identity, keepKey bool, at time.Time) (was, now ID, err error) {
	if was, err = PipelineID(tx, pipeline, false); err != nil {
		return 0, 0, err
	}
	p, _, err := GetPipeline(tx, was)
	if err != nil {
		return 0, 0, err
	}
	if err := name(tx, was, "pipeline "+pipeline, fmt.Sprintf("pipeline %s (before %s, %d)", pipeline, at.UTC().Format("2006-01-02 15:04"), was)); err != nil {
		return 0, 0, err
	}
	if now, err = PipelineID(tx, pipeline, true); err != nil {
		return 0, 0, err
	}
	former := Former{ID: was, At: at}
	if keepKey {
		former.Key = p.Identity.Key
	} else {
		p = Pipeline{Name: p.Name, Asked: p.Asked, Ahead: p.Ahead, Restored: p.Restored, Former: p.Former}
		for i := range p.Former {
			p.Former[i].Key = nil
		}
	}
	is.Proven = p.Identity.Proven && is.TargetKey == p.Identity.TargetKey && is.Object == p.Identity.Object
	p.Identity, p.Former = is, append(p.Former, former)
	if err := PutPipeline(tx, now, p); err != nil {
		return 0, 0, err
	}
	return was, now, tx.Delete(Pipelines, was.key(nil))
}

// TakeOver brings what is known of a record under its former key over to its new one. It answers
// false when nothing is.
func TakeOver(tx Tx, from ID, old string, to ID, key string) (bool, error) {
	rec, ok, err := GetRecord(tx, from, old)
	if err != nil {
		return false, err
	}
	if ok {
		if err := takeDocuments(tx, rec, Owner{from, old}, Owner{to, key}); err != nil {
			return false, err
		}
		if err := PutRecord(tx, to, key, rec); err != nil {
			return false, err
		}
		if err := DeleteRecord(tx, from, old); err != nil {
			return false, err
		}
	}
	e, open, err := GetException(tx, from, old)
	if err != nil {
		return false, err
	}
	if open {
		text, err := Payload(tx, from, old)
		if err != nil {
			return false, err
		}
		e.Key = key
		if err := PutException(tx, to, e, text); err != nil {
			return false, err
		}
		for _, b := range []Bucket{Open, Payloads} {
			if err := tx.Delete(b, from.keyText(old)); err != nil {
				return false, err
			}
		}
	}
	return ok || open, takeKept(tx, from, old, to, key)
}

func takeDocuments(tx Tx, rec Record, from, to Owner) error {
	for _, ref := range rec.Docs {
		d, ok, err := GetDocument(tx, ref)
		if err != nil {
			return err
		}
		if ok && d.Owner == from {
			d.Owner = to
			if err := PutDocument(tx, ref, d); err != nil {
				return err
			}
		}
	}
	return nil
}

func takeKept(tx Tx, from ID, old string, to ID, key string) error {
	k := from.keyText(old)
	if v, err := tx.Get(KeptRows, k); v == nil || err != nil {
		return err
	}
	row, err := keptRow(tx, from, old)
	if err != nil {
		return err
	}
	if err := unindex(tx, from, old, row); err != nil {
		return err
	}
	if err := tx.Delete(KeptRows, k); err != nil {
		return err
	}
	return PutKept(tx, to, key, row)
}

// MoveAccount gives all documents of an account to another one, which must have none: the same
// system under another name. It answers the pipelines that write there.
func MoveAccount(tx Tx, from, to string) ([]string, error) {
	var scopes []string
	prefix := []byte("\xffscope " + from + "\x00")
	if err := tx.Scan(Names, prefix, nil, func(k, _ []byte) (bool, error) {
		scopes = append(scopes, string(k[1:]))
		return true, nil
	}); err != nil {
		return nil, err
	}
	for _, was := range scopes {
		id, err := intern(tx, was, false)
		if err != nil {
			return nil, err
		}
		if err := name(tx, id, was, "scope "+to+strings.TrimPrefix(was, "scope "+from)); err != nil {
			return nil, err
		}
	}
	var names []string
	var moved []Pipeline
	var ids []ID
	err := EachPipeline(tx, func(id ID, p Pipeline) (bool, error) {
		if p.Identity.Account == from {
			p.Identity.Account = to
			names, moved, ids = append(names, p.Name), append(moved, p), append(ids, id)
		}
		return true, nil
	})
	for i, p := range moved {
		if err == nil {
			err = PutPipeline(tx, ids[i], p)
		}
	}
	return names, err
}

// AnyDocument says whether a document of an account is known.
func AnyDocument(tx Tx, account string) (bool, error) {
	found := false
	err := tx.Scan(Names, []byte("\xffscope "+account+"\x00"), nil, func(k, _ []byte) (bool, error) {
		id, err := intern(tx, string(k[1:]), false)
		if err == nil {
			err = tx.Scan(Documents, id.key(nil), nil, func(_, _ []byte) (bool, error) { found = true; return false, nil })
		}
		return !found, err
	})
	return found, err
}
