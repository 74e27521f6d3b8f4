// Package businessweb shows the pages by which a shop is opened and kept, and
// those by which the office keeps its registry.
package businessweb

import (
	"context"
	"embed"
	"net/http"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/payment"
	"lapak/internal/web"
)

// Words are the texts of these pages.
//
//go:embed id.json en.json
var Words embed.FS

// Ways is how buyers get what they bought, as chosen when a shop is opened.
type Ways struct {
	Pickup bool
	Own    bool
	Fee    int64 // flat, for the shop's own delivery
}

// Services are what these pages call. Package app fills all of it.
type Services struct {
	Shops    *business.Service
	Goods    *catalog.Service
	Blobs    *blob.Service
	Payments *payment.Service
	BaseURL  string // "https://lapak.example", without a slash at the end

	// PutWays sets how goods reach the buyer.
	PutWays func(context.Context, authz.Scope, Ways) error
	// ActAs makes the signed-in person act for business from the next request on.
	ActAs func(http.ResponseWriter, *http.Request, id.ID) error
	// PhoneOf is the phone number of the person of the scope, or nothing.
	PhoneOf func(context.Context, authz.Scope) (string, error)
}

type pages struct{ Services }

const photoBody = 12 << 20

// Routes lists the pages.
func Routes(s Services) []web.Route {
	p := pages{s}
	return []web.Route{
		{Pattern: "GET /wilayah", Verb: authz.Public, Handle: p.regions},

		{Pattern: "GET /mulai", Verb: authz.SignedIn, Handle: p.start},
		{Pattern: "GET /mulai/toko", Verb: authz.SignedIn, Handle: p.startShop},
		{Pattern: "POST /mulai/toko", Verb: authz.SignedIn, Handle: p.postShop},
		{Pattern: "GET /mulai/produk", Verb: authz.EditProducts, Handle: p.startProduct},
		{Pattern: "POST /mulai/produk", Verb: authz.EditProducts, Handle: p.postProduct, MaxBody: photoBody, Camera: true},
		{Pattern: "GET /mulai/cara", Verb: authz.EditShop, Handle: p.startWays},
		{Pattern: "POST /mulai/cara", Verb: authz.EditShop, Handle: p.postWays},
		{Pattern: "GET /mulai/selesai", Verb: authz.EditShop, Handle: p.done},

		{Pattern: "GET /toko", Verb: authz.EditShop, Handle: p.shop},
		{Pattern: "GET /toko/stiker.pdf", Verb: authz.EditShop, Handle: p.sticker},
		{Pattern: "GET /toko/profil", Verb: authz.EditShop, Handle: p.profile},
		{Pattern: "POST /toko/profil", Verb: authz.EditShop, Handle: p.putProfile},
		{Pattern: "GET /toko/tampilan", Verb: authz.EditShop, Handle: p.look},
		{Pattern: "POST /toko/tampilan", Verb: authz.EditShop, Handle: p.putLook},
		{Pattern: "GET /toko/jam", Verb: authz.EditShop, Handle: p.hours},
		{Pattern: "POST /toko/jam", Verb: authz.EditShop, Handle: p.putHours},
		{Pattern: "GET /toko/tutup", Verb: authz.EditShop, Handle: p.closings},
		{Pattern: "POST /toko/tutup", Verb: authz.EditShop, Handle: p.addClosing},
		{Pattern: "POST /toko/tutup/penghapusan", Verb: authz.EditShop, Handle: p.removeClosing},
		{Pattern: "POST /toko/jeda", Verb: authz.EditShop, Handle: p.pause},
		{Pattern: "POST /toko/jeda/akhir", Verb: authz.EditShop, Handle: p.resume},
		{Pattern: "GET /toko/nomor", Verb: authz.EditShop, Handle: p.identity},
		{Pattern: "POST /toko/nomor", Verb: authz.EditShop, Handle: p.putIdentity},
		{Pattern: "GET /toko/tautan", Verb: authz.EditShop, Handle: p.slug},
		{Pattern: "POST /toko/tautan", Verb: authz.EditShop, Handle: p.putLink},
		{Pattern: "POST /toko/banding", Verb: authz.EditShop, Handle: p.appeal},
		{Pattern: "GET /toko/serah", Verb: authz.EndShop, Handle: p.handover},
		{Pattern: "POST /toko/serah", Verb: authz.EndShop, Handle: p.offer},
		{Pattern: "POST /toko/serah/pembatalan", Verb: authz.EndShop, Handle: p.withdraw},
		{Pattern: "GET /serah/{token}", Verb: authz.SignedIn, Handle: p.offered, Link: true},
		{Pattern: "POST /serah/{token}", Verb: authz.SignedIn, Handle: p.accept, Link: true},
		{Pattern: "GET /toko/akhiri", Verb: authz.EndShop, Handle: p.ending},
		{Pattern: "POST /toko/akhiri", Verb: authz.EndShop, Handle: p.end},

		{Pattern: "GET /lainnya", Verb: authz.SignedIn, Handle: p.more},

		{Pattern: "GET /dinas/usaha", Verb: authz.SeeRegistry, Handle: p.registry},
		{Pattern: "GET /dinas/usaha/{id}", Verb: authz.SeeRegistry, Handle: p.entry},
		{Pattern: "POST /dinas/usaha/{id}/penyembunyian", Verb: authz.HideShops, Handle: p.hide},
		{Pattern: "POST /dinas/usaha/{id}/penampilan", Verb: authz.HideShops, Handle: p.show},
		{Pattern: "GET /dinas/banding", Verb: authz.HideShops, Handle: p.appeals},
		{Pattern: "POST /dinas/banding/{id}", Verb: authz.HideShops, Handle: p.decide},
	}
}

// link is the shop's full address, to be shared.
func (s Services) link(b business.Business) string {
	return strings.TrimRight(s.BaseURL, "/") + b.Path()
}
