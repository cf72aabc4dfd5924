package spec

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// ProjectFile is the name of the project file.
const ProjectFile = "pipectl.yaml"

// Options say how a project is to be read.
type Options struct {
	Connectors  []connector.Definition           // the systems that connections may name
	Environment string                           // --env; "" takes the connections as they stand
	Env         func(name string) (string, bool) // of the process; nil: os.LookupEnv
}

// Find gives the folder of the project that path lies in, walking up.
func Find(path string) (string, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return "", unreadable(path, err)
	}
	if info, err := os.Stat(dir); err != nil {
		return "", unreadable(path, err)
	} else if !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	for from := dir; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ProjectFile)); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", mistake(problem.Pos{File: path}, "PC127", "no "+ProjectFile+" in "+from+" or above it",
				"go to a project, or make one with: pipectl init")
		}
	}
}

// Load reads the project that path lies in: a folder, its pipectl.yaml or one of its pipelines.
// All mistakes of all files come in one list; a syntax error stops its own file only. The project
// is there even then, with what could be read.
func Load(path string, o Options) (*Project, problem.List) {
	dir, err := Find(path)
	if err != nil {
		return nil, problem.List{problem.As(err)}
	}
	l := &loader{Options: o, project: &Project{Dir: dir, File: ProjectFile, Tables: map[string]*Table{}}}
	l.loadNames()
	l.loadProject()
	l.loadTables()
	l.loadPipelines(path)
	l.link()
	l.project.Secrets = l.names.secrets
	slices.SortFunc(l.project.Secrets, func(a, b string) int { return len(b) - len(a) }) // the longest first: one may hold another
	_ = l.project.Notices.Err()                                                          // sorts
	list, _ := l.problems.Err().(problem.List)                                           //nolint:errorlint // Err gives the list itself
	return l.project, list
}

type loader struct {
	Options
	project  *Project
	names    *names
	whole    bool // pipectl.yaml could be read, so unknown connections are mistakes
	alerts   bool // and nothing is wrong with its alerts
	problems problem.List
}

// shown is how a file is named in messages: relative to the project.
func (l *loader) shown(file string) string {
	if rel, err := filepath.Rel(l.project.Dir, file); err == nil && !strings.HasPrefix(rel, "..") {
		return filepath.ToSlash(rel)
	}
	return file
}

func (l *loader) loadNames() {
	get := l.Env
	if get == nil {
		get = os.LookupEnv
	}
	dotenv, problems := readDotEnv(filepath.Join(l.project.Dir, ".env"))
	for _, p := range problems {
		p.At.File = l.shown(p.At.File)
	}
	l.problems.Add(problems)
	l.names = &names{dir: l.project.Dir, env: func(name string) (string, bool) {
		if v, ok := get(name); ok {
			return v, true
		}
		v, ok := dotenv[name]
		return v, ok
	}}
}

// parse reads one file; nil when that can't be.
func (l *loader) parse(file string) (*Node, []byte) {
	raw, err := os.ReadFile(file)
	if err != nil {
		l.problems.Add(unreadable(l.shown(file), err))
		return nil, nil
	}
	root, problems := Parse(l.shown(file), raw)
	l.problems.Add(problems)
	return root, raw
}

func (l *loader) loadProject() {
	root, _ := l.parse(filepath.Join(l.project.Dir, ProjectFile))
	if root == nil {
		return
	}
	l.whole = true
	d := &Decoder{names: l.names}
	var f file
	d.Decode(root, &f)
	l.problems.Add(d.problems)
	l.alerts = len(d.problems) == 0
	l.project.Missing = l.names.missing
	for _, m := range l.names.missing {
		notice := *m
		l.project.Notices.Add(&notice)
	}
	p := l.project
	p.Backup = f.Backup.in(p.Dir)
	p.Alerts, p.Console = f.Alerts, f.Console
	p.State = f.State.Text
	if p.State == "" {
		p.State = ".pipectl"
	}
	if !filepath.IsAbs(p.State) {
		p.State = filepath.Join(p.Dir, p.State)
	}
	p.environments = f.Environments.Names()
	p.declared = f.Connections.Names()
	l.loadConnections(f)
}
