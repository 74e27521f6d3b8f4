package catalogweb

import (
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/stock"
	"lapak/internal/web"
)

// form is a product's form: what it says, and the text of each field as it
// was typed, which is shown again when something is wrong.
type form struct {
	catalog.Form
	Raw        url.Values
	New        bool
	State      catalog.State
	Slug       string // of the shop, to look at the product there
	ProductURL string
	Business   id.ID
	Categories []catalog.Category
	Levels     map[id.ID]stock.Level
	Counted    bool // its stock is counted
	Stocks     bool // the person may change stock
	ReadOnly   bool
	CopyID     id.ID
}

// text is a field as it was typed, else what it says.
func (d form) text(name, says string) string {
	if v, ok := d.Raw[name]; ok {
		return v[0]
	}
	return says
}

func (d form) num(name string, n int64) string {
	if n == 0 {
		return d.text(name, "")
	}
	return d.text(name, strconv.FormatInt(n, 10))
}

func (d form) sum(name string, n int64) string {
	if n <= 0 {
		return d.text(name, "")
	}
	return d.text(name, money.Digits(n))
}

// amount is the stock of a variant as the form shows it.
func (d form) amount(i int) string {
	v := d.Variants[i]
	if v.Stock != nil && *v.Stock >= 0 {
		return d.text(at("variants", i, "stock"), strconv.FormatInt(*v.Stock, 10))
	}
	shown := ""
	if l, ok := d.Levels[v.ID]; ok || !d.New {
		shown = strconv.FormatInt(l.OnHand, 10)
	}
	return d.text(at("variants", i, "stock"), shown)
}

func (d form) size(i int) string {
	v := d.Variants[i]
	says := ""
	if v.Length > 0 || v.Width > 0 || v.Height > 0 {
		says = fmt.Sprintf("%d x %d x %d", v.Length, v.Width, v.Height)
	}
	return d.text(at("variants", i, "size"), says)
}

// more reports whether something under the details is wrong: they are open then.
func (d form) more(f *fault.Error) bool {
	for _, name := range []string{"about", "unit", "days", "min", "max", "labels", "halal", "pirt", "shelf", "category", "variants.0.weight", "variants.0.was", "variants.0.sku", "variants.0.size"} {
		if f.Field(name) != nil {
			return true
		}
	}
	return false
}

func at(list string, i int, field string) string { return list + "." + strconv.Itoa(i) + "." + field }

func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v.Encode()
}

// back is the page a small form stood on.
func back(r *http.Request, instead string) string {
	return web.OwnPath(r.FormValue("kembali"), instead)
}

// match makes the variants fit the options: those that no longer fit go, and a
// value that no variant has yet is added in all its combinations, at the price
// of the first. All adds every combination that is missing.
func (d *form) match(all bool) {
	var first catalog.VariantForm
	if len(d.Variants) > 0 {
		first = d.Variants[0]
	}
	had := len(d.Variants)
	have := map[string]catalog.VariantForm{}
	used := make([]map[string]bool, len(d.Options))
	for i := range used {
		used[i] = map[string]bool{}
	}
	for _, v := range d.Variants {
		have[strings.Join(v.Choices, "|")] = v
		for i, c := range v.Choices {
			if i < len(used) {
				used[i][c] = true
			}
		}
	}
	if len(d.Options) == 0 {
		if had != 1 || len(first.Choices) > 0 {
			first.Choices = nil
			if first.ID.IsZero() {
				first.ID = id.New()
			}
			d.Variants = []catalog.VariantForm{first}
			d.forget("variants.")
		}
		return
	}
	var list []catalog.VariantForm
	changed := false
	for _, c := range catalog.Matrix(d.Options) {
		if v, ok := have[strings.Join(c, "|")]; ok {
			list = append(list, v)
			delete(have, strings.Join(c, "|"))
			continue
		}
		fresh := false
		for i, value := range c {
			fresh = fresh || !used[i][value]
		}
		if !all && !fresh {
			continue
		}
		v := first
		v.ID, v.Choices, v.SKU, v.Stock, v.Seen = id.New(), c, "", nil, 0
		if len(list) == 0 && had == 1 && len(first.Choices) == 0 { // the only one becomes the first of many
			v.ID, v.SKU, v.Stock, v.Seen = first.ID, first.SKU, first.Stock, first.Seen
		}
		list, changed = append(list, v), true
	}
	if changed || len(have) > 0 {
		d.Variants = list
		d.forget("variants.")
	}
}

// forget drops what was typed in a list whose lines have moved; what it says stays.
func (d *form) forget(prefix string) {
	for name := range d.Raw {
		if strings.HasPrefix(name, prefix) {
			delete(d.Raw, name)
		}
	}
}

// step does what a button inside the form asks for, and tells whether the form
// is to be shown again rather than kept.
func (d *form) step(step string) bool {
	what, rest, _ := strings.Cut(step, ":")
	i, err := strconv.Atoi(rest)
	ok := err == nil && i >= 0 && i < len(d.Photos)
	switch {
	case what == "hapus-foto" && ok:
		d.Photos = append(d.Photos[:i:i], d.Photos[i+1:]...)
	case what == "majukan-foto" && ok && i > 0:
		d.Photos[i-1], d.Photos[i] = d.Photos[i], d.Photos[i-1]
	case what == "varian":
		d.match(true)
	case what == "foto":
	default:
		return false
	}
	d.forget("photos.")
	return true
}

// take uploads the photos that came with the form, so that they are kept even
// when something else is wrong with it.
func (p pages) take(ctx context.Context, sc authz.Scope, r *http.Request, d *form) error {
	if r.MultipartForm == nil {
		return nil
	}
	var f fault.Fields
	var files []*multipart.FileHeader
	for _, name := range []string{"camera", "foto"} {
		files = append(files, r.MultipartForm.File[name]...)
	}
	for _, h := range files {
		if h.Size == 0 {
			continue
		}
		if len(d.Photos) >= catalog.MaxPhotos {
			f.Add("foto", fault.New(fault.Invalid, "catalog.photos_many", catalog.MaxPhotos))
			break
		}
		photo, err := p.upload(ctx, sc, h)
		if fault.Of(err) != nil {
			f.Add("foto", err)
			continue
		}
		if err != nil {
			return err
		}
		d.Photos = append(d.Photos, catalog.PhotoForm{ID: photo})
	}
	return f.Err()
}

func (p pages) upload(ctx context.Context, sc authz.Scope, h *multipart.FileHeader) (id.ID, error) {
	file, err := h.Open()
	if err != nil {
		return id.ID{}, fmt.Errorf("open upload: %w", err)
	}
	defer func() { _ = file.Close() }()
	photo, err := p.blobs.Upload(ctx, sc, file)
	return photo.ID, err
}

// dress adds what the page shows beside the form itself.
func (p pages) dress(r *http.Request, d *form) error {
	ctx, sc := r.Context(), web.Scope(r)
	d.Business, d.Stocks, d.ReadOnly, d.CopyID = sc.Business, sc.May(authz.EditProducts), !sc.May(authz.EditProducts), id.New()
	if who := web.Person(r); who != nil {
		d.Slug = who.Slug
	}
	var err error
	d.Categories, err = p.goods.Categories(ctx, sc)
	return err
}

func (p pages) add(w http.ResponseWriter, r *http.Request) error {
	v := id.New()
	d := form{New: true, Counted: true, State: catalog.Draft}
	d.Form = catalog.Form{ID: v, Edit: v, Variants: []catalog.VariantForm{{ID: id.New(), Tracked: true}}}
	if err := p.dress(r, &d); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, formPage(d, nil))
}

func (p pages) create(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	d := read(r)
	d.New, d.State = true, catalog.Draft
	d.Publish = r.FormValue("step") != "draf"
	done, err := p.work(ctx, sc, r, &d)
	if err != nil || !done {
		return p.again(w, r, d, err)
	}
	made, err := p.goods.Create(ctx, sc, d.Form)
	if err != nil {
		return p.again(w, r, d, err)
	}
	key := "catalog.made_draft"
	if d.Publish {
		key = "catalog.made"
	}
	web.Flash(w, r, key, made.Title)
	return web.SeeOther(w, r, "/produk/"+made.ID.String())
}

// work does what comes before keeping; done says that nothing but keeping is left.
func (p pages) work(ctx context.Context, sc authz.Scope, r *http.Request, d *form) (done bool, err error) {
	if err := p.take(ctx, sc, r, d); err != nil {
		return false, err
	}
	if d.step(r.FormValue("step")) {
		return false, nil
	}
	d.match(false)
	return true, nil
}

// again shows the form as it was filled in: after a step without a fault, else
// with what is wrong.
func (p pages) again(w http.ResponseWriter, r *http.Request, d form, err error) error {
	f, wrong := web.Again(err)
	if err != nil && !wrong {
		return err
	}
	if err := p.dress(r, &d); err != nil {
		return err
	}
	if !d.New {
		old, err := p.goods.Get(r.Context(), web.Scope(r), d.ID)
		if err != nil {
			return err
		}
		if err := p.known(r, &d, old); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if wrong {
		status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, status, formPage(d, f))
}

// known adds what the page shows of a product that is there.
func (p pages) known(r *http.Request, d *form, old catalog.Product) (err error) {
	d.State = old.State
	if d.Slug != "" && old.State == catalog.Published {
		d.ProductURL = old.Path(d.Slug)
	}
	d.Levels, err = p.stock.Of(r.Context(), web.Scope(r), old)
	return err
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	product, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	old, err := p.goods.Get(r.Context(), web.Scope(r), product)
	if err != nil {
		return err
	}
	d := form{Form: old.Form(), Counted: old.Tracked()}
	if err := p.dress(r, &d); err != nil {
		return err
	}
	if err := p.known(r, &d, old); err != nil {
		return err
	}
	for i := range d.Variants {
		d.Variants[i].Seen = d.Levels[d.Variants[i].ID].OnHand
	}
	return web.Render(w, r, http.StatusOK, formPage(d, nil))
}

func (p pages) change(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	product, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	d := read(r)
	d.ID = product // the address says which
	done, err := p.work(ctx, sc, r, &d)
	if err != nil || !done {
		return p.again(w, r, d, err)
	}
	if _, err := p.goods.Change(ctx, sc, d.Form); err != nil {
		return p.again(w, r, d, err)
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/produk/"+product.String())
}

func (p pages) toState(w http.ResponseWriter, r *http.Request, to func(context.Context, authz.Scope, id.ID) error, said string) error {
	product, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := to(r.Context(), web.Scope(r), product); err != nil {
		return err
	}
	web.Flash(w, r, said)
	return web.SeeOther(w, r, "/produk/"+product.String())
}

// stateWord is a state as its tab and badge name it.
func stateWord(ctx context.Context, s catalog.State) string {
	return i18n.T(ctx, "catalog.state."+string(s))
}

// prices are the price, or from which to which.
func prices(p catalog.Product) string {
	low, high := p.Prices()
	if low == high {
		return money.String(low)
	}
	return money.String(low) + " – " + money.String(high)
}

// left sums what is free of the variants that are counted.
func left(p catalog.Product, levels map[id.ID]stock.Level) (free int64, out bool) {
	out = true
	for _, v := range p.Variants {
		n := levels[v.ID].Free()
		free += n
		if !v.Tracked || n > 0 {
			out = false
		}
	}
	return free, out
}
