package parcelweb

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/label"
	"lapak/internal/money"
	"lapak/internal/parcel"
	"lapak/internal/web"
)

// chosen are the parcels that were ticked, or the one in the address.
func (p pages) chosen(r *http.Request) ([]parcel.Parcel, error) {
	var ids []id.ID
	if r.PathValue("id") != "" {
		one, err := p.found(r)
		if err != nil {
			return nil, err
		}
		ids = append(ids, one)
	}
	for _, s := range r.Form["id"] {
		if v, err := id.Parse(s); err == nil && r.PathValue("id") == "" {
			ids = append(ids, v)
		}
	}
	list, err := p.Parcels.Many(r.Context(), web.Scope(r), ids)
	if err == nil && len(list) == 0 {
		return nil, fault.New(fault.Invalid, "parcel.none_chosen")
	}
	return list, err
}

// paper answers with a PDF of what was chosen.
func (p pages) paper(name string, write func(context.Context, *http.Request, business.Business, []parcel.Parcel, *bytes.Buffer) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, sc := r.Context(), web.Scope(r)
		list, err := p.chosen(r)
		if f, ok := web.Again(err); ok && r.PathValue("id") == "" {
			return p.deskAgain(w, r, http.StatusUnprocessableEntity, f)
		}
		if err != nil {
			return err
		}
		shop, err := p.Shops.Get(ctx, sc)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := write(ctx, r, shop, list, &b); err != nil {
			return err
		}
		return web.PDF(w, name, b.Bytes())
	}
}

func (p pages) labels(ctx context.Context, r *http.Request, shop business.Business, list []parcel.Parcel, b *bytes.Buffer) error {
	sheet := label.Sheet(r.FormValue("ukuran"))
	if !slices.Contains(label.Sheets, sheet) {
		sheet = label.Thermal
	}
	sc := web.Scope(r)
	out, err := p.Parcels.Labels(ctx, sc, shop, list, web.Base(r)+"/lacak/")
	if err != nil {
		return err
	}
	ids := make([]id.ID, len(list))
	for i, q := range list {
		ids[i] = q.ID
	}
	routings, err := p.Bookings.Routings(ctx, sc, ids)
	if err != nil {
		return err
	}
	for i, q := range list {
		out[i].Sorting = routings[q.ID]
	}
	return label.Labels(ctx, b, sheet, out)
}

func (p pages) manifest(ctx context.Context, r *http.Request, shop business.Business, list []parcel.Parcel, b *bytes.Buffer) error {
	sc := web.Scope(r)
	h := label.Handover{List: label.List{Shop: shop.Name, At: sc.Now.In(i18n.WIB)}, Number: "ST-" + sc.Now.In(i18n.WIB).Format("060102-1504")}
	team, err := p.couriers(ctx, sc)
	if err != nil {
		return err
	}
	to := map[string]bool{}
	for _, q := range list {
		to[by(ctx, q, team)] = true
		h.Parcels = append(h.Parcels, label.Handed{Number: q.Shown(), Name: q.Name, District: q.Region().Town(), Pieces: int(q.Pieces), COD: q.Due()})
	}
	if len(to) == 1 {
		h.To = by(ctx, list[0], team)
	}
	return label.Manifest(ctx, b, h)
}

func (p pages) picking(ctx context.Context, r *http.Request, shop business.Business, list []parcel.Parcel, b *bytes.Buffer) error {
	sc := web.Scope(r)
	wants, err := p.Parcels.Wants(ctx, sc, list)
	if err != nil {
		return err
	}
	var out []label.Want
	for _, v := range wants {
		out = append(out, label.Want{Order: v.Order, Title: v.Line.Called(), Variant: v.Line.VariantName, SKU: v.Line.SKU, Quantity: v.Quantity})
	}
	return label.Picking(ctx, b, label.List{Shop: shop.Name, At: sc.Now.In(i18n.WIB)}, out)
}

// papers are the addresses of what is printed.
func (p pages) papers() []web.Route {
	return []web.Route{
		{Pattern: "POST /kirim/label.pdf", Verb: authz.SeeOrders, Handle: p.paper("label", p.labels)},
		{Pattern: "POST /kirim/serah-terima.pdf", Verb: authz.SeeOrders, Handle: p.paper("serah-terima", p.manifest)},
		{Pattern: "POST /kirim/ambil-barang.pdf", Verb: authz.SeeOrders, Handle: p.paper("ambil-barang", p.picking)},
		{Pattern: "GET /kirim/{id}/label.pdf", Verb: authz.SeeOrders, Handle: p.paper("label", p.labels)},
	}
}

// share is what the shop sends the receiver about a parcel.
func share(ctx context.Context, q parcel.Parcel, shop, link string) string {
	name, _, _ := strings.Cut(q.Name, " ")
	said := t(ctx, "parcel.tell_"+string(parcel.TabOf(q.Status)), name, shop, q.Shown())
	switch {
	case q.Status == carrier.Delivered:
		said = t(ctx, "parcel.tell_delivered", name, shop, q.Shown())
	case q.Status == carrier.OutForDelivery:
		said = t(ctx, "parcel.tell_out", name, shop, q.Shown())
	}
	if q.Due() > 0 && q.Status.Moving() {
		said += " " + t(ctx, "parcel.tell_cod", money.String(q.Due()))
	}
	if w := due(ctx, q.DueFrom, q.DueUntil); w != "" && !q.Status.Final() {
		said += " " + t(ctx, "parcel.track_due", w)
	}
	return said + "\n" + link
}
