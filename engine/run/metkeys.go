package run

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
	"os"
	"slices"
)

// metKeys is a set of keys that may be larger than memory. It knows keys by a hash of 8 bytes: the
// first quarter of a million stays in memory (2 MiB), more goes to a file beside the state, and is
// looked at in parts of that size. Two keys with one hash, one in 10^13 pairs of a million keys,
// make a missing one look present, never the other way round.
type metKeys struct {
	seed   maphash.Seed
	dir    string   // of the file; "": the system's own
	recent []uint64 // not in the file
	file   *os.File
	out    *bufio.Writer
	n      int
	err    error // the first one; a set with an error is of no use
}

// inMemory is how many hashes are held at a time. Tests make it small.
const inMemory = 1 << 18

func newMetKeys(dir string) *metKeys { return &metKeys{seed: maphash.MakeSeed(), dir: dir} }

func (s *metKeys) add(key string) {
	s.n++
	s.recent = append(s.recent, maphash.String(s.seed, key))
	if len(s.recent) == inMemory {
		s.spill()
	}
}

// spill moves what is in memory to the file. The file has no name, where the system allows that:
// a process that is killed leaves nothing behind.
func (s *metKeys) spill() {
	if s.err == nil && s.file == nil {
		if s.file, s.err = os.CreateTemp(s.dir, "pipectl-keys-*"); s.err == nil {
			_ = os.Remove(s.file.Name()) // refused where open files keep their names; close removes it there
			s.out = bufio.NewWriterSize(s.file, 1<<16)
		}
	}
	if s.err == nil {
		s.err = binary.Write(s.out, binary.LittleEndian, s.recent)
	}
	s.recent = s.recent[:0]
}

// parts is in how many parts the set has to be looked at.
func (s *metKeys) parts() int { return max(1, (s.n+inMemory-1)/inMemory) }

// part is one of them: the hashes that leave the rest i.
func (s *metKeys) part(i int) (metPart, error) {
	of := uint64(s.parts())
	p := metPart{s.seed, uint64(i), of, nil}
	if s.file == nil && s.err == nil {
		slices.Sort(s.recent)
		p.hashes = s.recent
		return p, nil
	}
	if len(s.recent) > 0 {
		s.spill()
		s.recent = nil
	}
	if s.err == nil {
		s.err = s.out.Flush()
	}
	if s.err == nil {
		_, s.err = s.file.Seek(0, io.SeekStart)
	}
	if s.err != nil {
		return p, s.err
	}
	p.hashes = make([]uint64, 0, inMemory+inMemory/8)
	in := bufio.NewReaderSize(s.file, 1<<16)
	var b [8]byte
	for range s.n {
		if _, s.err = io.ReadFull(in, b[:]); s.err != nil {
			return p, s.err
		}
		if h := binary.LittleEndian.Uint64(b[:]); h%of == uint64(i) {
			p.hashes = append(p.hashes, h)
		}
	}
	slices.Sort(p.hashes)
	return p, nil
}

func (s *metKeys) close() {
	if s.file == nil {
		return
	}
	name := s.file.Name()
	err := s.file.Close()
	if err = errors.Join(err, os.Remove(name)); err != nil {
		return // it had no name any more
	}
}

// metPart is a part of a set: it knows of each key whether it is the one to ask.
type metPart struct {
	seed   maphash.Seed
	i, of  uint64
	hashes []uint64 // sorted
}

// lacks says that the key belongs to this part, and whether the set is without it.
func (p metPart) lacks(key []byte) (ours, missing bool) {
	h := maphash.Bytes(p.seed, key)
	if h%p.of != p.i {
		return false, false
	}
	_, found := slices.BinarySearch(p.hashes, h)
	return true, !found
}
