package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A simulator inside a project (`url: sandbox`) has to be there again in the next process with
// everything that was written into it, or the ledger would speak of documents that nobody has.
// So what changes it is kept in a journal: the seed, then every change in its order, with its
// time. Opening the journal again seeds the simulator alike and lets everything happen again.

// Replayer is a System that can let a change which it recorded with Kit.Record happen again. The
// kit's clock stands at the time of the change meanwhile.
type Replayer interface {
	Replay(kind string, data json.RawMessage) error
}

// entry is one line of a journal. The first one has Kind "start" and Options as its data; one of
// Kind "do" is an action.
type entry struct {
	At   time.Time       `json:"at"`
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
}

type start struct {
	Seed   int64 `json:"seed"`
	Orders int   `json:"orders"`
}

type journal struct {
	mu   sync.Mutex
	file *os.File // nil: nothing is recorded
}

// Record keeps a change for the next process, before it is answered. It does nothing where the
// simulator has no journal, or while one is replayed.
func (k *Kit) Record(kind string, v any) error {
	k.journal.mu.Lock()
	defer k.journal.mu.Unlock()
	if k.journal.file == nil {
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	line, err := json.Marshal(entry{At: k.Clock.Now(), Kind: kind, Data: data})
	if err != nil {
		return err
	}
	_, err = k.journal.file.Write(append(line, '\n'))
	return err
}

// Restore makes a simulator that goes on where the journal at path ends; without one it starts a
// journal with o. It belongs to one process at a time.
func Restore(path string, o Options, create func(*Kit) System) (System, *Kit, error) {
	entries, size, err := readJournal(path)
	if err != nil {
		return nil, nil, err
	}
	if len(entries) > 0 {
		var s start
		if err := json.Unmarshal(entries[0].Data, &s); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		o.Seed, o.Orders = s.Seed, s.Orders
	}
	kit := New(o)
	if len(entries) > 0 {
		kit.Clock.Set(entries[0].At)
	}
	sys := create(kit)
	for i, e := range entries {
		kit.Clock.Set(e.At)
		if err := again(sys, e); err != nil {
			return nil, nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
	}
	kit.Clock.Set(kit.Now())
	f, err := openJournal(path, size)
	if err != nil {
		return nil, nil, err
	}
	kit.journal.file = f
	if len(entries) == 0 {
		return sys, kit, kit.Record("start", start{o.Seed, o.Orders})
	}
	return sys, kit, nil
}

func again(sys System, e entry) error {
	switch e.Kind {
	case "start":
		return nil
	case "do":
		var call struct {
			Action string          `json:"action"`
			Args   json.RawMessage `json:"args"`
		}
		if err := json.Unmarshal(e.Data, &call); err != nil {
			return err
		}
		_, err := do(sys, call.Action, call.Args)
		return err
	}
	r, ok := sys.(Replayer)
	if !ok {
		return fmt.Errorf("the sandbox of %s can't repeat a change of kind %q", sys.Name(), e.Kind)
	}
	return r.Replay(e.Kind, e.Data)
}

// Do makes an action of the simulator happen.
func Do(sys System, kit *Kit, action string, args json.RawMessage) (any, error) {
	if len(bytes.TrimSpace(args)) == 0 {
		args = json.RawMessage("{}")
	}
	v, err := do(sys, action, args)
	if err != nil {
		return nil, err
	}
	return v, kit.Record("do", map[string]any{"action": action, "args": args})
}

// noAction is the name of an action that a simulator does not have.
type noAction string

func (n noAction) Error() string { return fmt.Sprintf("no action %q", string(n)) }

func do(sys System, action string, args json.RawMessage) (any, error) {
	for _, a := range sys.Actions() {
		if a.Name == action {
			return a.Do(args)
		}
	}
	return nil, noAction(action)
}

// readJournal gives the whole lines of a journal and how many bytes they are: a line that was
// being written when the process died is cut.
func readJournal(path string) ([]entry, int64, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	var out []entry
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(nil, len(data)+1)
	for sc.Scan() {
		var e entry
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			return nil, 0, fmt.Errorf("%s:%d: %w", path, len(out)+1, err)
		}
		out = append(out, e)
	}
	return out, int64(len(data)), sc.Err()
}

func openJournal(path string, size int64) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if err = f.Truncate(size); err == nil {
		_, err = f.Seek(size, 0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
