package bolt

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// socketLimit is how long the path of a socket may be on every system that we run on, in bytes.
const socketLimit = 100

// SocketPath is where the process that holds a state file answers others: beside it; or, where that
// path is too long for a socket, in a folder of this user's among the temporary files.
func SocketPath(path string) string {
	full, err := filepath.Abs(path)
	if err != nil {
		full = path
	}
	if beside := full + ".sock"; len(beside) <= socketLimit {
		return beside
	}
	sum := sha256.Sum256([]byte(full))
	return filepath.Join(os.TempDir(), fmt.Sprintf("pipectl-%d", os.Getuid()), hex.EncodeToString(sum[:8])+".sock")
}

// ClearSocket makes the folder of a socket, for this user only, and removes what a dead process has
// left there. Only the holder of the file may call it.
func ClearSocket(socket string) error {
	dir := filepath.Dir(socket)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || filepath.Dir(dir) == filepath.Clean(os.TempDir()) && info.Mode().Perm()&0o077 != 0 {
		return errors.New(dir + " is not a folder of this user alone")
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
