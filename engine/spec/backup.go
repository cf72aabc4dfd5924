package spec

import (
	"path/filepath"
	"time"
)

// Backup says when copies of the state are made, and where they go. Each environment has its own.
type Backup struct {
	Every time.Duration `yaml:"every" doc:"how often; a copy is made at the end of the first run after that time" example:"24h" required:"true"`
	Keep  int           `yaml:"keep" doc:"how many are kept; the oldest go first (default 7)" example:"7"`
	Dir   Text          `yaml:"dir" doc:"the folder that they go to, best on another disk (default: backup, beside the state)" example:"/backup/pipectl"`
}

// keepBackups is how many copies are kept when nothing is said.
const keepBackups = 7

// UnmarshalNode reads and checks it.
func (b *Backup) UnmarshalNode(d *Decoder, n *Node) {
	type plain Backup
	before := len(d.problems)
	d.Decode(n, (*plain)(b))
	if len(d.problems) > before {
		return
	}
	if b.Every < time.Minute {
		d.Report(n.At, "PC145", "backup.every is "+FormatDuration(b.Every)+", and the least is a minute", "write how often a copy is made: every: 24h")
	}
	if b.Keep < 0 {
		d.Report(n.At, "PC145", "backup.keep is below zero", "write how many copies are kept: keep: 7")
	}
	if b.Keep == 0 {
		b.Keep = keepBackups
	}
}

// in takes the folder from the project's; nil stays nil.
func (b *Backup) in(project string) *Backup {
	if b != nil && b.Dir.Text != "" && !filepath.IsAbs(b.Dir.Text) {
		b.Dir.Text = filepath.Join(project, b.Dir.Text)
	}
	return b
}
