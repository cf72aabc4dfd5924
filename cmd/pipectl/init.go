package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pipectl/pipectl"
)

func initCommand(std stdio) *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "start a new project",
		ArgsUsage: "[DIR]",
		Action: func(c *cli.Context) error {
			v, err := viewOf(c, std)
			if err != nil {
				return err
			}
			if err := arguments(c, 0, 1, "[DIR]"); err != nil {
				return err
			}
			dir := c.Args().First()
			if dir == "" {
				dir = "."
			}
			if _, err := os.Stat(filepath.Join(dir, "pipectl.yaml")); err == nil {
				return usage("%s: there is a project already\n  → give another folder, or edit its pipectl.yaml", dir)
			}
			files, err := writeProject(dir, "examples/first")
			if err != nil {
				return err
			}
			if v.json {
				return v.JSON(map[string]any{"dir": dir, "files": files})
			}
			v.Line("A project in %s: a connection, a pipeline of 15 lines, and three orders to try it on.", dir)
			for _, f := range files {
				v.Line("  %s", v.dim(f))
			}
			v.Line("Next: %spipectl validate, pipectl run first --dry-run, pipectl run first", cd(dir))
			return nil
		},
	}
}

func cd(dir string) string {
	if dir == "." {
		return ""
	}
	return "cd " + dir + ", "
}

var schemaLine = regexp.MustCompile(`(\$schema=)[./]*schemas/`)

const ignored = "# what pipectl keeps here is not for git: state, and secrets\n.pipectl/\n.env\n"

// writeProject copies a shipped project ("." is the one at the root) into dir, together with the
// schemas that editors check its files against. Files that exist are never overwritten.
func writeProject(dir, from string) ([]string, error) {
	shipped := []string{path.Join(from, "pipectl.yaml"), path.Join(from, "pipelines"), "schemas"}
	if from != "." {
		shipped = append(shipped, path.Join(from, "data"))
	}
	var written []string
	for _, root := range shipped {
		err := fs.WalkDir(pipectl.Project, root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(pipectl.Project, name)
			if err != nil {
				return err
			}
			to := strings.TrimPrefix(name, from+"/")
			up := strings.Repeat("../", strings.Count(to, "/"))
			if path.Ext(name) == ".yaml" {
				data = schemaLine.ReplaceAll(data, []byte("${1}"+up+"schemas/"))
			}
			written = append(written, to)
			return writeNew(filepath.Join(dir, filepath.FromSlash(to)), data)
		})
		if err != nil {
			return nil, err
		}
	}
	err := writeNew(filepath.Join(dir, ".gitignore"), []byte(ignored))
	if errors.Is(err, fs.ErrExist) {
		err = nil // theirs stays as it is
	}
	return written, err
}

func writeNew(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("%w\n  → pipectl overwrites nothing; move the file away or choose an empty folder", err)
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
