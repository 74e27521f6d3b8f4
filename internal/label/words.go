package label

import "embed"

// Words are the words on the papers.
//
//go:embed id.json en.json
var Words embed.FS
