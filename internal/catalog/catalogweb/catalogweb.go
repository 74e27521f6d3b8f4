// Package catalogweb shows the shop's own people their products: the list, the
// form with the camera, and the categories.
package catalogweb

import (
	"embed"
	"net/http"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/catalog"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/stock"
	"lapak/internal/web"
)

// Words are the messages of these pages and of the catalogue's faults.
//
//go:embed id.json en.json
var Words embed.FS

type pages struct {
	goods *catalog.Service
	stock *stock.Service
	blobs *blob.Service
}

// uploads is how large a form with photos may be: some photos as the phone
// took them, where nothing made them small.
const uploads = 4*blob.MaxBytes + 1<<20

// Routes lists the pages.
func Routes(goods *catalog.Service, levels *stock.Service, blobs *blob.Service) []web.Route {
	p := pages{goods, levels, blobs}
	see, edit := authz.SeeProducts, authz.EditProducts
	return []web.Route{
		{Pattern: "GET /produk", Verb: see, Handle: p.list},
		{Pattern: "GET /produk/baru", Verb: edit, Handle: p.add, Camera: true},
		{Pattern: "POST /produk", Verb: edit, Handle: p.create, MaxBody: uploads, Long: true, Camera: true},
		{Pattern: "GET /produk/{id}", Verb: see, Handle: p.show, Camera: true},
		{Pattern: "POST /produk/{id}", Verb: edit, Handle: p.change, MaxBody: uploads, Long: true, Camera: true},
		{Pattern: "POST /produk/{id}/tayang", Verb: edit, Handle: p.publish},
		{Pattern: "POST /produk/{id}/sembunyi", Verb: edit, Handle: p.hide},
		{Pattern: "POST /produk/{id}/arsip", Verb: edit, Handle: p.archive},
		{Pattern: "POST /produk/{id}/salinan", Verb: edit, Handle: p.duplicate},
		{Pattern: "POST /produk/{id}/urutan", Verb: edit, Handle: p.place},
		{Pattern: "POST /produk/{id}/cepat", Verb: edit, Handle: p.quick},
		{Pattern: "GET /produk/{id}/label", Verb: see, Handle: p.labelForm},
		{Pattern: "POST /produk/{id}/label.pdf", Verb: see, Handle: p.printLabels},
		{Pattern: "GET /kategori", Verb: edit, Handle: p.categories},
		{Pattern: "POST /kategori/{id}/nama", Verb: edit, Handle: p.renameCategory},
		{Pattern: "POST /kategori/{id}/urutan", Verb: edit, Handle: p.placeCategory},
		{Pattern: "POST /kategori/{id}/hapus", Verb: edit, Handle: p.deleteCategory},
	}
}

// listing is the list as it was asked for.
type listing struct {
	State  catalog.State
	Text   string
	Page   catalog.Page
	Counts map[catalog.State]int64
	Levels map[id.ID]stock.Level
	Edits  bool
	Stocks bool
}

// path is the address of the list in another state.
func (l listing) path(s catalog.State) string {
	if s == catalog.Published {
		return "/produk"
	}
	return "/produk?tampil=" + slugs[s]
}

// next is the address of the following page.
func (l listing) next() string {
	if l.Page.Next.IsZero() {
		return ""
	}
	return "/produk?" + query("tampil", slugs[l.State], "q", l.Text, "sesudah", l.Page.Next.String())
}

// slugs are the states as addresses name them.
var slugs = map[catalog.State]string{catalog.Published: "tampil", catalog.Draft: "draf", catalog.Archived: "arsip"}

func stateNamed(s string) catalog.State {
	for state, slug := range slugs {
		if slug == s {
			return state
		}
	}
	return catalog.Published
}

func (p pages) list(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	l := listing{State: stateNamed(r.FormValue("tampil")), Text: strings.TrimSpace(r.FormValue("q")), Edits: sc.May(authz.EditProducts)}
	var err error
	if l.Counts, err = p.goods.Counts(ctx, sc); err != nil {
		return err
	}
	find := catalog.Find{State: l.State, Text: l.Text, After: catalog.ParseCursor(r.FormValue("sesudah")), Limit: 30}
	if l.Page, err = p.goods.List(ctx, sc, find); err != nil {
		return err
	}
	if l.Stocks = sc.May(authz.SeeStock) || l.Edits; l.Stocks {
		if l.Levels, err = p.stock.Of(ctx, sc, l.Page.Products...); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, listPage(l))
}

func (p pages) publish(w http.ResponseWriter, r *http.Request) error {
	return p.toState(w, r, p.goods.Publish, "catalog.published_now")
}

func (p pages) hide(w http.ResponseWriter, r *http.Request) error {
	return p.toState(w, r, p.goods.Hide, "catalog.hidden_now")
}

func (p pages) archive(w http.ResponseWriter, r *http.Request) error {
	product, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	old, err := p.goods.Get(r.Context(), web.Scope(r), product)
	if err != nil {
		return err
	}
	if err := p.goods.Archive(r.Context(), web.Scope(r), product); err != nil {
		return err
	}
	undo := "/sembunyi"
	if old.State == catalog.Published {
		undo = "/tayang"
	}
	web.FlashUndo(w, r, "/produk/"+product.String()+undo, "", "catalog.archived_now")
	return web.SeeOther(w, r, "/produk")
}

func (p pages) duplicate(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	product, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	old, err := p.goods.Get(ctx, sc, product)
	if err != nil {
		return err
	}
	c, err := p.goods.Copy(ctx, sc, product, web.FormID(r, "copy"), i18n.T(ctx, "catalog.copy_of", old.Title))
	if err != nil {
		return err
	}
	web.Flash(w, r, "catalog.copied_now")
	return web.SeeOther(w, r, "/produk/"+c.ID.String())
}

func (p pages) place(w http.ResponseWriter, r *http.Request) error {
	product, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	by := 1
	if r.FormValue("ke") == "atas" {
		by = -1
	}
	if err := p.goods.Place(r.Context(), web.Scope(r), product, by); err != nil {
		return err
	}
	return web.SeeOther(w, r, back(r, "/produk"))
}

// quick changes price and stock from the list.
func (p pages) quick(w http.ResponseWriter, r *http.Request) error {
	product, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	q := catalog.Quick{Edit: web.FormID(r, "edit"), Product: product, Variant: web.FormID(r, "variant"), Seen: web.Int(r, "seen")}
	q.Price, _ = web.Money(r, "price") // what cannot be read is no price, and is judged so
	if _, sent := r.Form["stock"]; sent && strings.TrimSpace(r.FormValue("stock")) != "" {
		n := number(r, "stock")
		q.Stock = &n
	}
	err = p.goods.SetQuick(r.Context(), web.Scope(r), q)
	if f, again := web.Again(err); again {
		for _, field := range []string{"price", "stock"} {
			if f.Field(field) != nil {
				f = f.Field(field)
			}
		}
		web.Flash(w, r, f.Key, f.Args...)
		return web.SeeOther(w, r, back(r, "/produk"))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, back(r, "/produk"))
}

func (p pages) categories(w http.ResponseWriter, r *http.Request) error {
	list, err := p.goods.Categories(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, categoriesPage(list, id.ID{}, "", nil))
}

func (p pages) renameCategory(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	category, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	name := r.FormValue("name")
	err = p.goods.RenameCategory(ctx, sc, category, name)
	if f, again := web.Again(err); again {
		list, err := p.goods.Categories(ctx, sc)
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusUnprocessableEntity, categoriesPage(list, category, name, f))
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/kategori")
}

func (p pages) placeCategory(w http.ResponseWriter, r *http.Request) error {
	category, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	by := 1
	if r.FormValue("ke") == "atas" {
		by = -1
	}
	if err := p.goods.PlaceCategory(r.Context(), web.Scope(r), category, by); err != nil {
		return err
	}
	return web.SeeOther(w, r, "/kategori")
}

func (p pages) deleteCategory(w http.ResponseWriter, r *http.Request) error {
	category, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := p.goods.DeleteCategory(r.Context(), web.Scope(r), category); err != nil {
		return err
	}
	web.Flash(w, r, "catalog.category_gone")
	return web.SeeOther(w, r, "/kategori")
}
