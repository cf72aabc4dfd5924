// Package expr compiles and runs the expressions of a pipeline: every scalar under `map`, `let`,
// `where`, `key`, `rule` and `match`.
//
// The syntax is that of expr-lang, whose parser is used. What an expression means is decided here:
// its tree is checked against the schemas in scope and compiled to closures over exact values.
// There is one mechanism, so what was checked is what runs. Where the meaning differs from
// expr-lang's, Differences says so.
package expr
