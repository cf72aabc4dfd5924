package state

// Whole reads every row and holds it against its checksum.
func Whole(tx Tx) error {
	for _, b := range Buckets() {
		if b == KeptValues { // an index: its rows hold nothing
			continue
		}
		err := tx.Scan(b, nil, nil, func(k, v []byte) (bool, error) {
			_, err := unseal(b, k, v)
			return true, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
