// Package connectors lists the systems that pipectl speaks, one line each, with the simulator that
// goes with it.
package connectors

import (
	"github.com/pipectl/pipectl/connectors/file"
	"github.com/pipectl/pipectl/connectors/kingdee"
	kingdeebox "github.com/pipectl/pipectl/connectors/kingdee/sandbox"
	"github.com/pipectl/pipectl/connectors/lingxing"
	lingxingbox "github.com/pipectl/pipectl/connectors/lingxing/sandbox"
	"github.com/pipectl/pipectl/engine/connector"
	"github.com/pipectl/pipectl/engine/sandbox"
)

// System is a connector and its simulator; Sandbox is nil for systems that need none.
type System struct {
	connector.Definition
	Sandbox func(*sandbox.Kit) sandbox.System
}

// All lists the systems by name.
func All() []System {
	return []System{
		{file.Definition, nil},
		{kingdee.Definition, func(k *sandbox.Kit) sandbox.System { return kingdeebox.New(k) }},
		{lingxing.Definition, func(k *sandbox.Kit) sandbox.System { return lingxingbox.New(k) }},
	}
}
