package businessweb

import (
	"errors"
	"net/http"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/business"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/payment"
	"lapak/internal/region"
	"lapak/internal/web"
)

// start goes on where the person stopped.
func (p pages) start(w http.ResponseWriter, r *http.Request) error {
	at, _, err := p.Shops.Progress(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	if !at.Business.IsZero() && at.Business != web.Scope(r).Business {
		if err := p.ActAs(w, r, at.Business); err != nil {
			return err
		}
	}
	switch at.Step {
	case business.StepProduct:
		return web.SeeOther(w, r, afterShop(at.Shop))
	case business.StepWays:
		return web.SeeOther(w, r, "/mulai/cara")
	}
	return web.SeeOther(w, r, "/mulai/toko")
}

// shopForm is the first step as it was filled in.
type shopForm struct {
	business.NewShop
	Words   string         // what was typed for the village
	Choices []region.Place // villages to choose from, where script did not offer them
}

func (p pages) startShop(w http.ResponseWriter, r *http.Request) error {
	sc := web.Scope(r)
	at, ok, err := p.Shops.Progress(r.Context(), sc)
	if err != nil {
		return err
	}
	d := shopForm{NewShop: at.Shop}
	if !ok {
		if d.Phone, err = p.PhoneOf(r.Context(), sc); err != nil {
			return err
		}
	}
	if d.ID.IsZero() {
		d.ID = id.New()
	}
	if v, ok := region.Get(d.Village); ok {
		d.Words = v.Label()
	}
	return web.Render(w, r, http.StatusOK, shopPage(d, nil))
}

func (p pages) postShop(w http.ResponseWriter, r *http.Request) error {
	d := shopForm{NewShop: business.NewShop{
		ID: web.FormID(r, "id"), Name: r.FormValue("name"), Trade: r.FormValue("trade"), Phone: r.FormValue("phone"),
		SoldBefore: business.SoldBefore(r.FormValue("sold_before")),
	}}
	d.Village, d.Words, d.Choices = villageOf(r)
	made, err := p.Shops.Begin(r.Context(), web.Scope(r), d.NewShop)
	if f, ok := web.Again(err); ok {
		return web.Render(w, r, http.StatusUnprocessableEntity, shopPage(d, f))
	}
	if err != nil {
		return err
	}
	if err := p.ActAs(w, r, made); err != nil {
		return err
	}
	return web.SeeOther(w, r, afterShop(d.NewShop))
}

// afterShop is the step after the first: who carries for others has no product
// to begin with.
func afterShop(d business.NewShop) string {
	if d.Trade == business.CarriesForOthers {
		return "/mulai/cara"
	}
	return "/mulai/produk"
}

// villageOf reads the village field: the chosen code, or, where no script
// chose one, what was typed, and the villages that may be meant by it.
func villageOf(r *http.Request) (code, words string, choices []region.Place) {
	code, words = r.FormValue("village"), strings.TrimSpace(r.FormValue("village_q"))
	v, ok := region.Get(code)
	if ok && (words == "" || words == v.Label() || r.FormValue("village_was") == words) {
		return code, v.Label(), nil
	}
	choices = region.Search(words, 12, region.Village)
	for _, v := range choices {
		if len(choices) == 1 || v.Label() == words {
			return v.Code, v.Label(), nil
		}
	}
	return "", words, choices
}

// productForm is the first product as it was filled in.
type productForm struct {
	ID, Edit, Variant id.ID
	Title             string
	Price             string // as typed
	Stock             string // as typed; empty: not counted
	ToOrder           bool
	Days              int64
	Photo             id.ID // uploaded already
}

func (p pages) startProduct(w http.ResponseWriter, r *http.Request) error {
	d := productForm{ID: id.New(), Edit: id.New(), Variant: id.New(), Days: 1}
	return p.productAgain(w, r, http.StatusOK, d, nil)
}

func (p pages) productAgain(w http.ResponseWriter, r *http.Request, status int, d productForm, f *fault.Error) error {
	b, err := p.Shops.Get(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, status, productPage(b, d, f))
}

func (p pages) postProduct(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	if r.FormValue("later") != "" {
		if err := p.Shops.Advance(ctx, sc, business.StepProduct, id.ID{}); err != nil {
			return err
		}
		return web.SeeOther(w, r, "/mulai/cara")
	}
	d := productForm{
		ID: web.FormID(r, "id"), Edit: web.FormID(r, "edit"), Variant: web.FormID(r, "variant"), Title: strings.TrimSpace(r.FormValue("title")),
		Price: r.FormValue("price"), Stock: strings.TrimSpace(r.FormValue("stock")), ToOrder: r.FormValue("sell") == "order",
		Days: web.Int(r, "days"), Photo: web.FormID(r, "photo_id"),
	}
	if file, head, err := r.FormFile("photo"); err == nil {
		defer file.Close()
		if head.Size > 0 {
			photo, err := p.Blobs.Upload(ctx, sc, file)
			if f, ok := web.Again(err); ok {
				return p.productAgain(w, r, http.StatusUnprocessableEntity, d, f.On("photo"))
			}
			if err != nil {
				return err
			}
			d.Photo = photo.ID
		}
	} else if !errors.Is(err, http.ErrMissingFile) && !errors.Is(err, http.ErrNotMultipart) {
		return err
	}
	form, err := d.form(r)
	if err == nil {
		var made catalog.Product
		if made, err = p.Goods.Create(ctx, sc, form); err == nil {
			if err := p.Shops.Advance(ctx, sc, business.StepProduct, made.ID); err != nil {
				return err
			}
			return web.SeeOther(w, r, "/mulai/cara")
		}
	}
	if f, ok := web.Again(err); ok {
		return p.productAgain(w, r, http.StatusUnprocessableEntity, d, f)
	}
	return err
}

// form is d as the catalogue takes it. What the catalogue says of the only
// variant is said of the fields of this page.
func (d productForm) form(r *http.Request) (catalog.Form, error) {
	v := catalog.VariantForm{ID: d.Variant}
	var f fault.Fields
	f.Check(d.Title != "", "title", "catalog.title_required")
	price, err := web.Money(r, "price")
	if err != nil {
		f.Add("price", err)
	} else {
		f.Check(price > 0, "price", "form.required")
	}
	v.Price = price
	if d.Stock != "" && !d.ToOrder {
		n := web.Int(r, "stock")
		f.Check(n > 0 || d.Stock == "0", "stock", "form.number")
		v.Tracked, v.Stock = true, &n
	}
	form := catalog.Form{ID: d.ID, Edit: d.Edit, Title: d.Title, Variants: []catalog.VariantForm{v}, Min: 1, Publish: true}
	if d.ToOrder {
		f.Check(d.Days >= 1 && d.Days <= catalog.MaxDays, "days", "form.between", 1, catalog.MaxDays)
		form.MadeToOrderDays = d.Days
	}
	if !d.Photo.IsZero() {
		form.Photos = []catalog.PhotoForm{{ID: d.Photo, Alt: d.Title}}
	}
	return form, f.Err()
}

func (d productForm) preview(b business.Business) string { return blob.Path(b.ID, d.Photo, 320) }

// waysForm is how buyers pay and receive, as it was filled in.
type waysForm struct {
	Cash, COD, Pickup, Own bool
	Fee                    string
	Bank, Number, Holder   string
}

func (p pages) startWays(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, waysPage(waysForm{Cash: true, COD: true, Pickup: true, Own: true, Fee: "5.000"}, nil))
}

func (p pages) postWays(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	on := func(name string) bool { return r.FormValue(name) != "" }
	d := waysForm{
		Cash: on("cash"), COD: on("cod"), Pickup: on("pickup"), Own: on("own"), Fee: r.FormValue("fee"),
		Bank: r.FormValue("bank"), Number: strings.TrimSpace(r.FormValue("number")), Holder: strings.TrimSpace(r.FormValue("holder")),
	}
	err := p.putWays(r, d)
	if f, ok := web.Again(err); ok {
		return web.Render(w, r, http.StatusUnprocessableEntity, waysPage(d, f))
	}
	if err != nil {
		return err
	}
	b, err := p.Shops.Finish(ctx, sc)
	if err != nil {
		return err
	}
	if b.Trade == business.CarriesForOthers {
		return web.SeeOther(w, r, "/jasa-kurir/aturan")
	}
	return web.SeeOther(w, r, "/mulai/selesai")
}

func (p pages) putWays(r *http.Request, d waysForm) error {
	ctx, sc := r.Context(), web.Scope(r)
	var f fault.Fields
	fee := int64(0)
	var err error
	if d.Own && strings.TrimSpace(d.Fee) != "" {
		if fee, err = web.Money(r, "fee"); err != nil {
			f.Add("fee", err)
		}
	}
	f.Check(d.Pickup || d.Own, "pickup", "business.way_choose")
	f.Check(d.Cash || d.COD || d.Number != "", "cash", "business.pay_choose")
	f.Check(!d.COD || d.Own, "cod", "business.cod_needs_delivery")
	st, err := p.Payments.Get(ctx, sc)
	if err != nil {
		return err
	}
	st.Cash, st.COD = d.Cash, d.COD
	if d.Number != "" {
		a := payment.Account{ID: id.New(), Bank: d.Bank, Number: strings.NewReplacer(" ", "", "-", "", ".", "").Replace(d.Number), Holder: d.Holder}
		if e := fault.Of(a.Validate()); e != nil {
			for name, fe := range e.Fields {
				f.Add(name, fe)
			}
		}
		st.Transfer = true
		st.Accounts = append(st.Accounts, a)
	}
	if err := f.Err(); err != nil {
		return err
	}
	if err := p.Payments.Put(ctx, sc, st); err != nil {
		return err
	}
	return p.PutWays(ctx, sc, Ways{Pickup: d.Pickup, Own: d.Own, Fee: fee})
}

func (p pages) done(w http.ResponseWriter, r *http.Request) error {
	sc := web.Scope(r)
	b, err := p.Shops.Get(r.Context(), sc)
	if err != nil {
		return err
	}
	if b.State == business.StateDraft && sc.Can(authz.EditShop) == nil {
		return web.SeeOther(w, r, "/mulai")
	}
	return web.Render(w, r, http.StatusOK, donePage(b, p.link(b)))
}
