package workload

import (
	"bufio"
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Project is the project that the workload runs as; its data and its table are written by Write.
//
//go:embed w1
var Project embed.FS

// Write makes the project with n orders in dir: as they are first, and as they are later.
func Write(dir string, seed uint64, n int) error {
	sub, err := fs.Sub(Project, "w1")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(dir, sub); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return errors.Join(
		WriteCustomers(dir),
		lines(filepath.Join(dir, "data", "orders.jsonl"), "", n, func(b []byte, i int) []byte { return AppendOrder(b, seed, i) }),
		lines(filepath.Join(dir, "later", "orders.jsonl"), "", n, func(b []byte, i int) []byte { return AppendLater(b, seed, i) }),
		os.MkdirAll(filepath.Join(dir, "out"), 0o755),
	)
}

// WriteCustomers writes the table of a project that the orders' buyers are looked up in.
func WriteCustomers(dir string) error {
	return lines(filepath.Join(dir, "pipelines", "tables", "customers.csv"), CustomerHeader, Customers, AppendCustomer)
}

// lines writes a file of n lines.
func lines(path, head string, n int, appendLine func([]byte, int) []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	_, err = w.WriteString(head)
	var line []byte
	for i := 0; i < n && err == nil; i++ {
		line = appendLine(line[:0], i)
		_, err = w.Write(line)
	}
	return errors.Join(err, w.Flush(), f.Close())
}
