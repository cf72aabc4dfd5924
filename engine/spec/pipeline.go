package spec

import (
	"slices"
	"time"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
	"github.com/pipectl/pipectl/engine/value"
)

// Pipeline is one file below pipelines/: the way of one record, from top to bottom.
type Pipeline struct {
	Name        Text            `yaml:"name" doc:"the pipeline's name, unique in the project; state is kept under it" example:"order-sync" required:"true"`
	Description string          `yaml:"description" doc:"what it does, in a sentence (说明)"`
	Schedule    *Schedule       `yaml:"schedule" doc:"when it is to start by itself; without it, only by hand" example:"every 5m"`
	Source      Source          `yaml:"source" doc:"where records come from (数据源)" required:"true"`
	Key         Exprs           `yaml:"key" doc:"one or several expressions that identify a record (主键)" example:"[sid, amazon_order_id]" required:"true"`
	Steps       []Step          `yaml:"steps" doc:"what happens to a record, in order"`
	Target      *Target         `yaml:"target" doc:"where documents go (目标); without it the pipeline only keeps rows for others"`
	Amounts     []Expr          `yaml:"amounts" doc:"amounts that diff and reconcile add up (对账金额)" example:"[order_total_amount]"`
	Keep        Named[Expr]     `yaml:"keep" doc:"names and expressions that other pipelines' look-ups can ask for" example:"{erp_no: FBillNo}"`
	Retry       []time.Duration `yaml:"retry" doc:"waiting times before each durable retry" example:"[5m, 5m, 5m]"`
	Alerts      []Text          `yaml:"alerts" doc:"channels of pipectl.yaml that are told about exceptions" example:"[ops]"`
	Priority    Text            `yaml:"priority" doc:"stock: its calls give way to those of orders and retries where pipelines share a connection (库存)" enum:"stock"`
	State       Text            `yaml:"state" doc:"none: no ledger, for a full read into a replaced file only; nothing is skipped, retried or settled" enum:"none"`

	File     string      `yaml:"-"` // as it is shown: relative to where pipectl was started
	At       problem.Pos `yaml:"-"`
	Revision string      `yaml:"-"` // content hash of the file and of the tables it uses
	raw      []byte
}

// Source is where records come from.
type Source struct {
	Connection Text    `yaml:"connection" doc:"a connection of pipectl.yaml" example:"lingxing" required:"true"`
	Object     Text    `yaml:"object" doc:"what is read there: a kind of data, a table, a file" example:"orders" required:"true"`
	Params     Params  `yaml:"params" doc:"the connector's own words that narrow what is read" example:"{order_status: [Shipped]}"`
	Cursor     *Cursor `yaml:"cursor" doc:"reads on from where the last run came to (增量)"`
	Reread     *Reread `yaml:"reread" doc:"looks again at an older window, for what sources deliver late (补漏)"`
	Schema     Text    `yaml:"schema" doc:"a JSON Schema file that says what a record looks like, where the connector doesn't" example:"schemas/order.json"`

	known *value.Schema
}

// Known is the schema of a record; nil when nobody said what it looks like.
func (s Source) Known() *value.Schema { return s.known }

// Cursor is how far the source has been read.
type Cursor struct {
	Field    Text          `yaml:"field" doc:"the field that grows with each change" example:"gmt_modified" required:"true"`
	Lookback time.Duration `yaml:"lookback" doc:"reads again so much before the cursor" example:"10m"`
	Start    time.Time     `yaml:"start" doc:"where the first run begins, with zone" example:"2026-01-01T00:00:00+08:00"`
}

// Reread is an older window that is looked at again at its own pace.
type Reread struct {
	Every  time.Duration `yaml:"every" doc:"how often" example:"6h" required:"true"`
	Window time.Duration `yaml:"window" doc:"how far back" example:"2d" required:"true"`
}

// Target is where documents go.
type Target struct {
	Connection Text   `yaml:"connection" doc:"a connection of pipectl.yaml" example:"kingdee" required:"true"`
	Object     Text   `yaml:"object" doc:"what is written there: a form, a table, a file" example:"SAL_SaleOrder" required:"true"`
	Key        Text   `yaml:"key" doc:"the target's own unique field: probes and updates use it" example:"FBillNo" required:"true"`
	Also       []Text `yaml:"also" doc:"fields that your account's object has beside those that pipectl lists; they are sent as they are mapped" example:"[FEntity.FSalUnitID]"`
	Params     Params `yaml:"params" doc:"the connector's own words for writing"`
	Then       []Text `yaml:"then" doc:"operations after saving, in order (提交, 审核)" example:"[submit, audit]" enum:"submit,audit"`
	Batch      int    `yaml:"batch" doc:"at most so many documents in one request" example:"50"`
	Changed    Text   `yaml:"changed" doc:"a delivered record changed: update it while the target allows, else hold (the default); reopen: un-audit, save, submit, audit; skip; hold" enum:"update,reopen,skip,hold"`
	Withdrawn  Text   `yaml:"withdrawn" doc:"a delivered record was cancelled or is gone: hold (the default), ignore, cancel, delete" enum:"hold,ignore,cancel,delete"`
	Unique     Text   `yaml:"unique" doc:"the reason why the target key is unique although it isn't made of every part of key"`
	Mark       Text   `yaml:"mark" doc:"a text field of the target, of 41 characters or more, into which pipectl writes whose a document is and with which content, so that a probe proves both" example:"F_PIPECTL_MARK"`
	Found      Text   `yaml:"found" doc:"a document with this key is there already, and not ours: hold (the default) or adopt" enum:"hold,adopt"`
	Shared     Text   `yaml:"shared" doc:"the reason why several pipelines write one document, each its own fields"`

	known *value.Schema
}

// Known is the schema of a document; nil when nobody said what it looks like.
func (t *Target) Known() *value.Schema { return t.known }

// Need is an operation that the target's connector must have, and the words that ask for it.
type Need struct {
	Op  connector.Op
	For string // then: audit
	At  problem.Pos
}

// Needs lists the operations that the target's own words ask for. Whether the object has them is
// known once its connection is open: see connector.Traits.
func (t *Target) Needs() []Need {
	var out []Need
	for _, op := range t.Then {
		if o, ok := connector.ParseOp(op.Text); ok {
			out = append(out, Need{Op: o, For: "then: " + op.Text, At: op.At})
		}
	}
	if t.Changed.Text == "reopen" {
		out = append(out, Need{Op: connector.UnAudit, For: "changed: reopen", At: t.Changed.At})
	}
	switch t.Withdrawn.Text {
	case "cancel":
		out = append(out, Need{Op: connector.Cancel, For: "withdrawn: cancel", At: t.Withdrawn.At})
	case "delete":
		out = append(out, Need{Op: connector.Delete, For: "withdrawn: delete", At: t.Withdrawn.At})
	}
	return out
}

// CheckOps says which of the operations a target asks for its object doesn't have.
func (t *Target) CheckOps(has []connector.Op) problem.List {
	var out problem.List
	for _, need := range t.Needs() {
		if !contains(has, need.Op) {
			out.Add(mistake(need.At, "PC136", need.For+" needs "+need.Op.String()+", which "+t.Object.Text+" in "+t.Connection.Text+" does not have",
				"leave it out, or choose another value"))
		}
	}
	return out
}

func contains(ops []connector.Op, op connector.Op) bool {
	return slices.Contains(ops, op)
}

// Step is one step as written. Package step knows the kinds.
type Step struct {
	At   problem.Pos
	node *Node
}

// UnmarshalNode keeps the step for its kind to read.
func (s *Step) UnmarshalNode(d *Decoder, n *Node) {
	s.At = n.At
	if n.Kind != Map {
		d.Report(n.At, "PC104", "a step must be a mapping, and is "+n.Kind.String(), "a step begins with the name of its kind: - where: EXPRESSION")
		return
	}
	s.node = n
}

// Keys lists the step's keys, its kind's name among them.
func (s Step) Keys() []string {
	if s.node == nil {
		return nil
	}
	return s.node.Keys()
}

// KeyAt is where a key stands.
func (s Step) KeyAt(name string) problem.Pos {
	for _, m := range s.node.Members {
		if m.Name() == name {
			return m.Key.At
		}
	}
	return s.At
}

// As is the step with another name of its kind, for what was mistyped.
func (s Step) As(key, kind string) Step {
	out := *s.node
	out.Members = slices.Clone(out.Members)
	for i, m := range out.Members {
		if m.Name() == key {
			name := *m.Key
			name.Text = kind
			out.Members[i].Key = &name
		}
	}
	return Step{At: s.At, node: &out}
}

// Decode reads the step into its kind's struct.
func (s Step) Decode(kind string, into any) problem.List {
	d := &Decoder{path: []string{kind}}
	d.Decode(s.node, into)
	return d.problems
}
