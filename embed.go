// Package pipectl carries the shipped project inside the program, so that `pipectl demo` and
// `pipectl init` need nothing but the binary.
package pipectl

import "embed"

// Project holds the shipped project as it stands in the repository.
//
//go:embed pipectl.yaml pipelines examples schemas/*.schema.json
var Project embed.FS
