package catalogweb

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/label"
	"lapak/internal/web"
)

// Limits of what a product's label is asked to say.
const (
	maxBatch  = 20
	maxCopies = 240
)

// labelView is the form of a product's labels, as it was filled in.
type labelView struct {
	product catalog.Product
	form    url.Values
	fault   *fault.Error
}

func (v labelView) typed(name, otherwise string) string {
	if v.form.Has(name) {
		return v.form.Get(name)
	}
	return otherwise
}

func (p pages) labelForm(w http.ResponseWriter, r *http.Request) error {
	product, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	got, err := p.goods.Get(r.Context(), web.Scope(r), product)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, labelPage(labelView{product: got}))
}

// printLabels answers with the labels as PDF. Nothing of it is kept: batch and
// dates are typed as they stand on the goods.
func (p pages) printLabels(w http.ResponseWriter, r *http.Request) error {
	product, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	got, err := p.goods.Get(ctx, web.Scope(r), product)
	if err != nil {
		return err
	}
	var f fault.Fields
	l := label.Product{
		Name: got.Title, Batch: web.Clean(r.FormValue("batch")), PIRT: web.Clean(r.FormValue("pirt")),
		Halal: web.Clean(r.FormValue("halal")), Grams: web.Int(r, "grams"), Copies: int(web.Int(r, "copies")),
	}
	if who := web.Person(r); who != nil {
		l.Shop = who.Business
	}
	l.Price, err = web.Money(r, "price")
	f.Add("price", err)
	day := func(name string) (t time.Time) {
		if r.FormValue(name) != "" {
			var ok bool
			t, ok = web.Day(r, name, i18n.WIB)
			f.Check(ok, name, "form.choose")
		}
		return t
	}
	l.Made, l.Expires = day("made"), day("expires")
	f.Check(l.Expires.IsZero() || l.Made.IsZero() || l.Expires.After(l.Made), "expires", "catalog.label_expires")
	f.Check(utf8.RuneCountInString(l.Batch) <= maxBatch, "batch", "form.too_long", maxBatch)
	f.Check(utf8.RuneCountInString(l.PIRT) <= catalog.MaxNumber, "pirt", "form.too_long", catalog.MaxNumber)
	f.Check(utf8.RuneCountInString(l.Halal) <= catalog.MaxNumber, "halal", "form.too_long", catalog.MaxNumber)
	f.Check(l.Grams >= 0 && l.Grams <= 1_000_000, "grams", "form.between", 0, 1_000_000)
	f.Check(l.Copies >= 1 && l.Copies <= maxCopies, "copies", "form.between", 1, maxCopies)
	sheet := label.Sheet(r.FormValue("sheet"))
	f.Check(slices.Contains(label.Sheets, sheet), "sheet", "form.choose")
	if ff, bad := web.Again(f.Err()); bad {
		return web.Render(w, r, http.StatusUnprocessableEntity, labelPage(labelView{got, r.Form, ff}))
	}
	var b bytes.Buffer
	if err := label.Products(ctx, &b, sheet, []label.Product{l}); err != nil {
		return err
	}
	return web.PDF(w, "label-"+got.Slug, b.Bytes())
}
