package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Whoever sleeps by a clock that stands in a file wakes when somebody has moved it, and not before.
func TestClockInAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clock")
	write := func(off string) {
		t.Helper()
		if err := os.WriteFile(file+".new", []byte(off), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write("0s")
	clock := &movedClock{file: file}
	begun := clock.Now()
	woke := make(chan error, 1)
	go func() { woke <- clock.Sleep(t.Context(), 2*time.Hour) }()
	write("1h")
	select {
	case err := <-woke:
		t.Fatalf("an hour was enough: %v", err)
	case <-time.After(20 * often):
	}
	write("2h")
	if err := <-woke; err != nil {
		t.Fatal(err)
	}
	if d := clock.Now().Sub(begun); d < 2*time.Hour || d > 3*time.Hour {
		t.Errorf("the clock moved by %s", d)
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := clock.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
