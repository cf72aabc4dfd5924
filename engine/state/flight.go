package state

import "encoding/binary"

// Flight is a batch on its way: written in the transaction of its intents, removed in that of its
// outcomes. What a process leaves behind when it dies is found here.
type Flight struct {
	Scope   ID
	Mark    string // where an append-only target ended before the batch
	Records []Flying
	Docs    []string // target keys
}

// Flying is one record of a Flight.
type Flying struct {
	Key      string
	Version  Version
	Attempts int
	Payload  string // the record as read
}

const flightFormat = 1

// PutFlight writes a flight under a number that is the run's own.
func PutFlight(tx Tx, pipeline ID, number uint64, f Flight) error {
	p := packer(make([]byte, 0, f.size()))
	p.byte(flightFormat)
	p.uint(uint64(f.Scope))
	p.text(f.Mark)
	p.uint(uint64(len(f.Records)))
	for _, r := range f.Records {
		p.texts(r.Key, r.Payload)
		p.fixed(uint64(r.Version.Changed))
		p.fixed(uint64(r.Version.Asked))
		p.uint(uint64(r.Attempts))
	}
	p.uint(uint64(len(f.Docs)))
	p.texts(f.Docs...)
	k := flightKey(pipeline, number)
	return tx.Put(Flights, k, seal(k, p))
}

// size is how long the row becomes at most.
func (f Flight) size() int {
	size := 64 + len(f.Mark)
	for _, r := range f.Records {
		size += len(r.Key) + len(r.Payload) + 32
	}
	for _, d := range f.Docs {
		size += len(d) + 5
	}
	return size
}

// DeleteFlight removes a flight that has landed.
func DeleteFlight(tx Tx, pipeline ID, number uint64) error {
	return tx.Delete(Flights, flightKey(pipeline, number))
}

// GetFlight reads one flight; false when there is none of that number.
func GetFlight(tx Tx, pipeline ID, number uint64) (Flight, bool, error) {
	k := flightKey(pipeline, number)
	v, err := tx.Get(Flights, k)
	if err != nil || v == nil {
		return Flight{}, false, err
	}
	f, err := decodeFlight(k, v)
	return f, err == nil, err
}

// EachFlight walks over the flights of a pipeline, the oldest first.
func EachFlight(tx Tx, pipeline ID, fn func(number uint64, f Flight) error) error {
	return tx.Scan(Flights, pipeline.key(nil), nil, func(k, v []byte) (bool, error) {
		f, err := decodeFlight(k, v)
		if err != nil {
			return false, err
		}
		return true, fn(binary.BigEndian.Uint64(k[4:]), f)
	})
}

func flightKey(pipeline ID, number uint64) []byte {
	return binary.BigEndian.AppendUint64(pipeline.key(nil), number)
}

func decodeFlight(key, value []byte) (Flight, error) {
	body, err := unseal(Flights, key, value)
	if err != nil {
		return Flight{}, err
	}
	u := unpacker{rest: body}
	if u.byte() != flightFormat || len(key) != 12 {
		return Flight{}, damaged(Flights, key)
	}
	f := Flight{Scope: ID(u.uint()), Mark: u.text()}
	f.Records = make([]Flying, u.count(19))
	for i := range f.Records {
		f.Records[i] = Flying{
			Key: u.text(), Payload: u.text(),
			Version:  Version{int64(u.fixed()), int64(u.fixed())},
			Attempts: int(u.uint()),
		}
	}
	f.Docs = make([]string, u.count(1))
	for i := range f.Docs {
		f.Docs[i] = u.text()
	}
	if u.bad {
		return Flight{}, damaged(Flights, key)
	}
	return f, nil
}
