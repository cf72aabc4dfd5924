package spec

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pipectl/pipectl/engine/problem"
)

// names is what ${NAME} and ${file:PATH} are read from.
type names struct {
	dir     string // what relative paths are relative to
	env     func(string) (string, bool)
	secrets []string     // values that came from outside: redacted wherever they would show
	missing problem.List // names without a value: an error only where the value is needed
}

var (
	reference = regexp.MustCompile(`\$\$\{|\$\{([^}]*)\}`)
	nameForm  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// expand fills in the references of a scalar; $${ stands for ${ itself. false: a name is missing.
func (s *names) expand(d *Decoder, n *Node) (string, bool) {
	complete := true
	out := reference.ReplaceAllStringFunc(n.Text, func(ref string) string {
		if ref == "$${" {
			return "${"
		}
		value, ok := s.resolve(d, n, ref[2:len(ref)-1])
		complete = complete && ok
		return value
	})
	if strings.Contains(reference.ReplaceAllString(n.Text, ""), "${") {
		d.Report(n.At, "PC172", `"${" is never closed in `+d.where(), "write ${NAME}, or $${ for the two characters themselves")
		return "", false
	}
	return out, complete
}

func (s *names) resolve(d *Decoder, n *Node, ref string) (string, bool) {
	if path, ok := strings.CutPrefix(ref, "file:"); ok {
		return s.file(d, n, path)
	}
	name, fallback, hasDefault := strings.Cut(ref, ":-")
	if !nameForm.MatchString(name) {
		d.Report(n.At, "PC172", "${"+ref+"} is no reference", "write ${NAME}, ${NAME:-default} or ${file:PATH}")
		return "", false
	}
	value, ok := s.env(name)
	switch {
	case ok && (value != "" || !hasDefault):
		if d.sensitive {
			s.learn(value)
		}
		return value, true
	case hasDefault:
		return fallback, true
	}
	s.missing.Add(mistake(n.At, "PC170", "${"+name+"} has no value, and "+d.where()+" needs it",
		"set "+name+" in the environment, or in .env beside pipectl.yaml"))
	return "", false
}

// file reads a mounted secret; one line break at its end belongs to the editor, not to it.
func (s *names) file(d *Decoder, n *Node, path string) (string, bool) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.dir, path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		s.missing.Add(mistake(n.At, "PC173", "${file:"+path+"} can't be read, and "+d.where()+" needs it: "+reasonOf(err),
			"mount the secret there, or correct the path"))
		return "", false
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	s.learn(value)
	return value, true
}

// learn remembers a secret for redaction. Very short ones and the word for the sandbox would only
// make messages unreadable.
func (s *names) learn(value string) {
	if len(value) >= 4 && value != Sandbox && !slices.Contains(s.secrets, value) {
		s.secrets = append(s.secrets, value)
	}
}

// secret refuses a secret that is written into the file.
func (d *Decoder) secret(n *Node) {
	if d.names == nil || n.Kind != Scalar || n.Empty() {
		return
	}
	var literal strings.Builder
	literal.WriteString(reference.ReplaceAllString(n.Text, ""))
	for _, m := range reference.FindAllStringSubmatch(n.Text, -1) {
		if _, fallback, ok := strings.Cut(m[1], ":-"); ok && fallback != Sandbox {
			literal.WriteString(fallback)
		}
	}
	if literal.String() == "" || literal.String() == Sandbox || strings.Contains(literal.String(), "${") { // the last is told by expand
		return
	}
	d.Report(n.At, "PC171", d.where()+" is a secret, and stands in the file",
		"write ${NAME} and set NAME in the environment or in .env, or ${file:PATH}; change the secret if the file was ever shared")
}

// readDotEnv reads NAME=value lines. Quotes around a value are left out; there is no expansion.
func readDotEnv(file string) (map[string]string, problem.List) {
	b, err := os.ReadFile(file)
	if err != nil {
		if os.IsNotExist(err) {
			return nil, nil
		}
		return nil, problem.List{unreadable(file, err)}
	}
	out := map[string]string{}
	var problems problem.List
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(b, []byte(bom))))
	lines.Buffer(nil, 1<<20)
	for i := 1; lines.Scan(); i++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name = strings.TrimSpace(name)
		if !ok || !nameForm.MatchString(name) {
			problems.Add(mistake(problem.Pos{File: file, Line: i}, "PC174", "the line is not NAME=value", "write one name and its value a line; # begins a comment"))
			continue
		}
		out[name] = unquote(strings.TrimSpace(value))
	}
	if err := lines.Err(); err != nil { // what stands behind it would be missing without a word
		problems.Add(mistake(problem.Pos{File: file}, "PC174", "a line is longer than 1 MiB", "write one name and its value a line; put a long secret into a file of its own: ${file:PATH}"))
	}
	return out, problems
}

func unquote(s string) string {
	if len(s) > 1 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

func unreadable(file string, err error) *problem.Error {
	return mistake(problem.Pos{File: file}, "PC128", "the file can't be read: "+reasonOf(err), "check its path and rights")
}

// reasonOf leaves the path out of a file error: the message names it already.
func reasonOf(err error) string {
	if e, ok := err.(*os.PathError); ok { //nolint:errorlint // os returns it unwrapped
		return e.Err.Error()
	}
	return fmt.Sprint(err)
}
