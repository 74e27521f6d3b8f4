// Package apiweb is the door for programs: the operations of /api/v1, the
// document that describes them (OpenAPI 3.1, made from the same Go types), the
// page that shows the document to people, and the page of an owner's keys. The
// operations call the services that the pages call, and add no rules.
package apiweb

import (
	"context"
	"embed"
	"strings"

	"lapak/internal/api"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/customer"
	"lapak/internal/directory"
	"lapak/internal/i18n"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/stock"
	"lapak/internal/storefront"
	"lapak/internal/web"
)

// Words are the messages of these pages and of the document.
//
//go:embed id.json en.json
var Words embed.FS

// Services are what the operations call.
type Services struct {
	Keys      *api.Service
	Shops     *business.Service
	Goods     *catalog.Service
	Stock     *stock.Service
	Customers *customer.Service
	Orders    *order.Service
	Parcels   *parcel.Service
	Front     *storefront.Service
	Directory *directory.Service
	Words     *i18n.Catalogue
	Base      string // https://lapak.example, without a slash at the end
}

type pages struct {
	Services
	ops []operation
	doc *storefront.Page // openapi.json
	see document
}

// Routes lists the addresses of the API, of its document and of its pages.
func Routes(s Services) []web.Route {
	s.Base = strings.TrimRight(s.Base, "/")
	p := &pages{Services: s}
	p.ops = append(p.public(), p.own()...)
	p.describe()
	list := p.pageRoutes()
	for _, o := range p.ops {
		list = append(list, p.route(o))
	}
	return list
}

func t(ctx context.Context, key string, args ...any) string { return i18n.T(ctx, key, args...) }
