package connectortest_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// files are the made-up vendor's two further objects: a log that is appended to and a sheet that
// is replaced, one document a line.
type files struct{ bug, dir string }

func (f files) path(object string) string { return filepath.Join(f.dir, object) }

func (f files) traits(t connector.Target) connector.Traits {
	appends := strings.HasSuffix(t.Object, "log.txt")
	return connector.Traits{Batch: 50, InFlight: 1, Appends: appends, Replaces: !appends}
}

func (f files) lines(object string) []string {
	b, err := os.ReadFile(f.path(object))
	if err != nil {
		return nil
	}
	return strings.SplitAfter(strings.TrimSuffix(string(b), "\n"), "\n")
}

func (f files) read(q connector.Query) iter.Seq2[connector.Page, error] {
	return func(yield func(connector.Page, error) bool) {
		page := connector.Page{Asked: time.Unix(1, 0), Complete: true}
		for _, l := range f.lines(q.Object) {
			if l != "" {
				page.Records = append(page.Records, connector.Record{Data: value.Known(l)})
			}
		}
		yield(page, nil)
	}
}

func (f files) write(t connector.Target, docs []connector.Doc) ([]connector.Outcome, error) {
	name, flag := f.path(t.Object), os.O_APPEND
	if f.traits(t).Replaces && f.bug != "a replacement is visible at once" {
		name += ".new"
	}
	if f.bug == "appending overwrites" {
		flag = os.O_TRUNC
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|flag, 0o644)
	if err != nil {
		return nil, problem.As(err)
	}
	defer func() { _ = file.Close() }()
	outs := make([]connector.Outcome, len(docs))
	for i, d := range docs {
		if _, err := fmt.Fprintln(file, d.Content.JSON()); err != nil {
			return nil, problem.As(err)
		}
		outs[i] = connector.Outcome{State: connector.Written, ID: d.Key, Number: d.Key, Stage: connector.Saved}
	}
	return outs, nil
}

func (f files) Mark(_ context.Context, t connector.Target) (string, error) {
	info, err := os.Stat(f.path(t.Object))
	if errors.Is(err, fs.ErrNotExist) && f.bug != "an empty target has no mark" {
		return "0", nil
	}
	if err != nil {
		return "", &problem.Error{Class: problem.Fatal, Reason: "file is gone", Err: err}
	}
	return fmt.Sprint(info.Size()), nil
}

func (f files) Rewind(_ context.Context, t connector.Target, mark string) error {
	var size int64
	if _, err := fmt.Sscan(mark, &size); err != nil {
		return problem.As(err)
	}
	info, err := os.Stat(f.path(t.Object))
	switch {
	case f.bug == "rewinding does nothing":
		return nil
	case err != nil && f.bug == "rewinding cuts anything":
		return nil
	case err != nil || info.Size() < size:
		return &problem.Error{Class: problem.Held, Reason: "file is another one", Err: err}
	}
	return os.Truncate(f.path(t.Object), size)
}

func (f files) Begin(_ context.Context, t connector.Target) error {
	if f.bug == "what a killed run left stays" {
		return nil
	}
	return os.WriteFile(f.path(t.Object)+".new", nil, 0o644)
}

func (f files) Commit(_ context.Context, t connector.Target) error {
	temp := f.path(t.Object) + ".new"
	if info, err := os.Stat(temp); f.bug == "an empty replacement is none" && err == nil && info.Size() == 0 {
		return os.Remove(temp)
	}
	return os.Rename(temp, f.path(t.Object))
}

func (f files) Abort(ctx context.Context, t connector.Target) error {
	if _, err := os.Stat(f.path(t.Object) + ".new"); err == nil && f.bug == "an aborted replacement counts" {
		return f.Commit(ctx, t)
	}
	if err := os.Remove(f.path(t.Object) + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return problem.As(err)
	}
	return nil
}
