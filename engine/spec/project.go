package spec

import (
	"slices"

	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/problem"
)

// Sandbox is the url of a connection that pipectl answers itself.
const Sandbox = "sandbox"

// file is pipectl.yaml as written.
type file struct {
	Connections  Named[rawConnection] `yaml:"connections" doc:"accounts of systems, by the name that pipelines use" required:"true"`
	Environments Named[Environment]   `yaml:"environments" doc:"sets of connections, each with a state of its own: test, prod"`
	State        Text                 `yaml:"state" doc:"the folder of the state files, one an environment" example:".pipectl"`
	Backup       *Backup              `yaml:"backup" doc:"copies of the state, made at the end of a run when one is due (备份)"`
	Alerts       Named[Alert]         `yaml:"alerts" doc:"channels that are told about exceptions (告警)"`
	Console      Console              `yaml:"console" doc:"the web console of pipectl serve"`
}

// Environment lays other values over the connections.
type Environment struct {
	Protected   bool                 `yaml:"protected" doc:"runs only what an approved plan says"`
	Connections Named[rawConnection] `yaml:"connections" doc:"the keys that differ from the connections above"`
}

// rawConnection is read once its type is known.
type rawConnection struct{ node *Node }

// UnmarshalNode keeps the mapping.
func (r *rawConnection) UnmarshalNode(d *Decoder, n *Node) {
	if n.Kind != Map {
		d.WrongKind(n, Map)
		return
	}
	r.node = n
}

// connectionKeys are the keys that every connection has.
type connectionKeys struct {
	Type Text `yaml:"type" doc:"the connector that speaks this system's protocol" example:"kingdee" required:"true"`
	Rate Rate `yaml:"rate" doc:"budget for requests, shared by all pipelines; the connector knows a default"`
}

// Rate is a budget for requests.
type Rate struct {
	PerSecond float64 `yaml:"per_second" doc:"requests a second" example:"5"`
	InFlight  int     `yaml:"in_flight" doc:"requests at once" example:"4"`
}

// Alert is one channel. What a type needs beside its address is the channel's own.
type Alert struct {
	Type     Text `yaml:"type" doc:"dingtalk (钉钉), wecom (企业微信), feishu (飞书), mail or webhook" required:"true" enum:"dingtalk,wecom,feishu,mail,webhook"`
	Webhook  Text `yaml:"webhook" doc:"the channel's address" secret:"true" example:"${file:/run/secrets/ding}"`
	Secret   Text `yaml:"secret" doc:"the key that signs messages (加签)" secret:"true"`
	To       Text `yaml:"to" doc:"the recipient of mail"`
	From     Text `yaml:"from" doc:"the sender of mail"`
	SMTP     Text `yaml:"smtp" doc:"mail server, host:port"`
	User     Text `yaml:"user" doc:"login at the mail server"`
	Password Text `yaml:"password" doc:"password at the mail server" secret:"true"`
}

// Console is the web console.
type Console struct {
	Addr  Text `yaml:"addr" doc:"where it listens" example:"127.0.0.1:8080"`
	Token Text `yaml:"token" doc:"the token that opens it" secret:"true"`
}

// Project is a folder with a pipectl.yaml, read whole and checked.
type Project struct {
	Dir         string // absolute
	File        string // pipectl.yaml, as it is shown
	Environment string
	Protected   bool
	State       string  // folder of the state files, absolute
	Backup      *Backup // nil: copies are made by hand
	Connections []*Connection
	Pipelines   []*Pipeline
	Tables      map[string]*Table
	Alerts      Named[Alert]
	Console     Console
	Notices     problem.List // worth knowing, and no mistake
	Missing     problem.List // names without a value that alerts and console need: errors for whoever uses them
	Secrets     []string     // values to leave out of whatever is shown

	environments []string
	declared     []string // names of all connections, those with mistakes too
}

// Declares says that a connection of this name is written down. It may still be missing among
// Connections: then what is wrong with it was told.
func (p *Project) Declares(name string) bool { return slices.Contains(p.declared, name) }

// Environments lists the names that --env takes.
func (p *Project) Environments() []string { return p.environments }

// Connection is a connector configured for one account.
type Connection struct {
	Name       string
	Type       string
	At         problem.Pos
	Definition connector.Definition
	Config     any // a pointer, as Definition.New made it
	Rate       connector.Rate
	Sandbox    bool         // url: sandbox: the engine starts this system's simulator
	Missing    problem.List // names without a value: errors for whoever opens the connection
}

// Connection finds a connection by name; nil when there is none.
func (p *Project) Connection(name string) *Connection {
	for _, c := range p.Connections {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Pipeline finds a pipeline by name; nil when there is none.
func (p *Project) Pipeline(name string) *Pipeline {
	for _, x := range p.Pipelines {
		if x.Name.Text == name {
			return x
		}
	}
	return nil
}

func (p *Project) connectionNames() []string {
	out := make([]string, len(p.Connections))
	for i, c := range p.Connections {
		out[i] = c.Name
	}
	return out
}

func (p *Project) pipelineNames() []string {
	out := make([]string, len(p.Pipelines))
	for i, x := range p.Pipelines {
		out[i] = x.Name.Text
	}
	return out
}
