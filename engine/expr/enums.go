package expr

import (
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/pipectl/pipectl/engine/problem"
)

// meets checks what is written out against the values that a field is known to have. A record with
// another value is refused when the field is read, so the comparison could never hold: a mistyped
// status would let every record through, or none.
func (c *compiler) meets(x part, written ast.Node) {
	if x.typ == nil || len(x.typ.Enum) == 0 {
		return
	}
	switch n := written.(type) {
	case *ast.StringNode:
		c.meetsValue(x, n, n.Value)
	case *ast.IntegerNode:
		c.meetsValue(x, n, strconv.Itoa(n.Value))
	case *ast.ConstantNode:
		if list, ok := n.Value.([]any); ok {
			for _, v := range list {
				if text, ok := v.(string); ok {
					c.meetsValue(x, n, text)
				}
			}
		}
	case *ast.ArrayNode:
		for _, item := range n.Nodes {
			c.meets(x, item)
		}
	}
}

func (c *compiler) meetsValue(x part, at ast.Node, text string) {
	if text == "" || slices.Contains(x.typ.Enum, text) {
		return
	}
	hint := "known are " + strings.Join(x.typ.Enum, ", ")
	if near := problem.Nearest(text, x.typ.Enum); near != "" {
		hint = `did you mean "` + near + `"? ` + hint
	}
	c.mistake(c.pos(at), "PC215", x.label+` is never "`+text+`"`, hint)
}
