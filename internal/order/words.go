package order

import "embed"

// Words are the messages of orders and of the ledger: faults, states, acts,
// reasons, and the texts of receipts and messages.
//
//go:embed id.json en.json
var Words embed.FS
