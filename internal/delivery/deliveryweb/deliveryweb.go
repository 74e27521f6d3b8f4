// Package deliveryweb holds the pages of delivery: the owner's ways and
// tariffs.
package deliveryweb

import (
	"embed"

	"lapak/internal/authz"
	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/sheet"
	"lapak/internal/web"
)

// Words are the messages of these pages.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	ways *delivery.Service
}

// Routes are the addresses of delivery.
func Routes(ways *delivery.Service) []web.Route {
	p := pages{ways}
	return []web.Route{
		{Pattern: "GET /ongkir", Verb: authz.EditShop, Handle: p.settings},
		{Pattern: "POST /ongkir", Verb: authz.EditShop, Handle: p.save},
		{Pattern: "GET /ongkir/daerah", Verb: authz.EditShop, Handle: p.areas},
		{Pattern: "POST /ongkir/daerah", Verb: authz.EditShop, Handle: p.saveAreas},
		{Pattern: "GET /ongkir/berkas", Verb: authz.EditShop, Handle: p.file},
		{Pattern: "POST /ongkir/berkas", Verb: authz.EditShop, Handle: p.check, MaxBody: sheet.OnPage.Bytes + 1<<20},
		{Pattern: "POST /ongkir/berkas/pemasukan", Verb: authz.EditShop, Handle: p.take, MaxBody: 1 << 20},
		{Pattern: "GET /ongkir/berkas/{name}", Verb: authz.EditShop, Handle: p.download},
	}
}

var errPlace = fault.New(fault.Invalid, "delivery.place")
