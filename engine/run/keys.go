package run

import "hash/maphash"

// keySet remembers many keys in little room, by their hashes: two keys in a billion billion look
// like one, and only what is counted depends on it.
type keySet struct {
	seed maphash.Seed
	set  map[uint64]struct{}
}

func newKeySet() keySet { return keySet{maphash.MakeSeed(), map[uint64]struct{}{}} }

func (s keySet) add(key string) { s.set[maphash.String(s.seed, key)] = struct{}{} }

func (s keySet) has(key string) bool {
	if len(s.set) == 0 {
		return false
	}
	_, ok := s.set[maphash.String(s.seed, key)]
	return ok
}
