package orderfile

import "embed"

// Words are the messages about rows that cannot go in.
//
//go:embed id.json en.json
var Words embed.FS
