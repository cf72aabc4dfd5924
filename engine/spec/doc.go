// Package spec reads what an integrator writes: the project file, pipelines and tables. It turns
// YAML into typed values that know where they stand, and tells every mistake of every file at
// once, with line, column and the nearest name that exists.
//
// YAML's own reading of a value never counts, only the text that stands there: an order number
// stays a text, `no` stays "no", and what YAML would swallow is found before it does.
package spec
