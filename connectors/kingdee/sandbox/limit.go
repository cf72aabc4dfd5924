package sandbox

import "time"

// tooMany counts a call against the account's limit of calls in a second, and answers whether it goes
// beyond. The second slides, which is the strictest way to count; calls that were refused don't count.
func (b *Box) tooMany(now time.Time) bool {
	if b.options.CallsPerSecond == 0 {
		return false
	}
	from := now.Add(-time.Second)
	kept := b.newest[:0]
	for _, t := range b.newest {
		if t.After(from) && !t.After(now) {
			kept = append(kept, t)
		}
	}
	b.newest = kept
	if len(kept) >= b.options.CallsPerSecond {
		return true
	}
	b.newest = append(b.newest, now)
	return false
}
