package spec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"time"
)

// Folders of a project.
const (
	PipelineDir = "pipelines"
	TableDir    = "pipelines/tables"
)

func (l *loader) loadTables() {
	files, _ := filepath.Glob(filepath.Join(l.project.Dir, TableDir, "*.csv")) // a good pattern: no error
	for _, file := range files {
		t, problems := ReadTable(file, l.shown(file))
		l.problems.Add(problems)
		if t != nil {
			l.project.Tables[t.Name] = t
		}
	}
}

// loadPipelines reads the pipelines of the project, and the one that path names if it lies elsewhere.
func (l *loader) loadPipelines(path string) {
	files, _ := filepath.Glob(filepath.Join(l.project.Dir, PipelineDir, "*.yaml"))
	more, _ := filepath.Glob(filepath.Join(l.project.Dir, PipelineDir, "*.yml"))
	files = append(files, more...)
	if abs, err := filepath.Abs(path); err == nil && isYAML(abs) && abs != filepath.Join(l.project.Dir, ProjectFile) && !slices.Contains(files, abs) {
		files = append(files, abs)
	}
	slices.Sort(files)
	for _, file := range files {
		if p := l.pipeline(file); p != nil {
			l.project.Pipelines = append(l.project.Pipelines, p)
		}
	}
}

func isYAML(file string) bool {
	ext := filepath.Ext(file)
	return ext == ".yaml" || ext == ".yml"
}

// defaultRetry is three durable retries, five minutes apart.
var defaultRetry = [...]time.Duration{5 * time.Minute, 5 * time.Minute, 5 * time.Minute}

func (l *loader) pipeline(file string) *Pipeline {
	root, raw := l.parse(file)
	if root == nil {
		return nil
	}
	p := &Pipeline{File: l.shown(file), At: root.At, raw: raw, Retry: slices.Clone(defaultRetry[:])}
	l.problems.Add(Decode(root, p))
	if root.Kind != Map {
		return nil
	}
	p.Revision = l.revision(p)
	return p
}

func unixLines(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) }

// revision is the content hash of a pipeline with the tables that it uses. Line ends don't count:
// git may write them differently on another machine.
func (l *loader) revision(p *Pipeline) string {
	h := sha256.New()
	h.Write(unixLines(p.raw))
	used := map[string]bool{}
	for _, s := range p.Steps {
		if t := s.node.Get("table"); t != nil {
			used[t.Text] = true
		}
	}
	names := make([]string, 0, len(used))
	for name := range used {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if t := l.project.Tables[name]; t != nil {
			h.Write([]byte(name))
			h.Write(t.hash[:])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
