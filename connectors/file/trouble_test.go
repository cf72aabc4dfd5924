package file

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/pipectl/pipectl/engine/problem"
)

// TestTrouble: what the operating system says, in the words of the product.
func TestTrouble(t *testing.T) {
	c := &conn{account: "data"}
	for _, tt := range []struct {
		err      error
		id, says string
		class    problem.Class
	}{
		{syscall.ENOENT, "PC330", "does not exist", problem.Fatal},
		{syscall.EACCES, "PC332", "permission denied", problem.Fatal},
		{syscall.EROFS, "PC332", "read-only", problem.Fatal},
		{syscall.ENOSPC, "PC333", "is full", problem.Transient},
		{syscall.EDQUOT, "PC333", "is full", problem.Transient},
		{syscall.EIO, "PC332", "input/output error", problem.Transient},
	} {
		err := c.trouble("o.csv", &fs.PathError{Op: "open", Path: "/somewhere/o.csv", Err: tt.err})
		p := problem.As(err)
		if p.ID != tt.id || p.Class != tt.class || !strings.Contains(p.Reason, tt.says) || strings.Contains(p.Reason, "/somewhere") {
			t.Errorf("%v: %v", tt.err, err)
		}
	}
}
