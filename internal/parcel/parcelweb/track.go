package parcelweb

import (
	"errors"
	"net/http"
	"strings"

	"lapak/internal/parcel"
	"lapak/internal/web"
)

// find asks for a number and the last digits of the receiver's phone.
func (p pages) find(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, findPage(r.URL.Query().Get("nomor"), "", nil))
}

// look leads to the parcel's own page. What does not fit together is one
// answer, whichever half is wrong.
func (p pages) look(w http.ResponseWriter, r *http.Request) error {
	number, last := r.FormValue("number"), digits(r.FormValue("last"))
	got, err := p.Parcels.ByNumber(r.Context(), number, last)
	if errors.Is(err, parcel.ErrNotFound) {
		return web.Render(w, r, http.StatusUnprocessableEntity, findPage(number, last, parcel.ErrNotFound.On("number")))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/lacak/"+p.Parcels.Link(got.Business, got.ID))
}

func (p pages) track(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	got, err := p.Parcels.ByLink(ctx, strings.ToLower(r.PathValue("token")))
	if err != nil {
		return err
	}
	v := trackView{Tracked: got, shop: got.Shop}
	if !got.Courier.IsZero() {
		person, err := p.Accounts.Person(ctx, got.Courier)
		if err != nil {
			return err
		}
		v.courier, _, _ = strings.Cut(person.Name, " ")
	}
	return web.Render(w, r, http.StatusOK, trackPage(v))
}
