package orderweb

import (
	"net/http"
	"net/url"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/web"
)

// holdersView is the money that couriers have not handed over yet.
type holdersView struct {
	rows  []holder
	fault *fault.Error
	form  url.Values
	id    id.ID
}

type holder struct {
	person id.ID
	name   string
	amount int64
}

func (p pages) holders(w http.ResponseWriter, r *http.Request) error {
	return p.holdersAgain(w, r, http.StatusOK, nil)
}

func (p pages) holdersAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	v := holdersView{fault: f, form: r.PostForm, id: id.New()}
	balances, err := p.Orders.Holders(ctx, sc)
	if err != nil {
		return err
	}
	team, err := p.Accounts.Team(ctx, sc)
	if err != nil {
		return err
	}
	for _, b := range balances {
		h := holder{person: b.Holder, amount: b.Amount, name: t(ctx, "orderweb.by_team")}
		for _, m := range team {
			if m.Person == b.Holder {
				h.name = m.Name
			}
		}
		if h.amount != 0 {
			v.rows = append(v.rows, h)
		}
	}
	return web.Render(w, r, status, holdersPage(v))
}

func (p pages) settle(w http.ResponseWriter, r *http.Request) error {
	amount, err := web.Money(r, "amount")
	if err == nil {
		err = p.Orders.Settle(r.Context(), web.Scope(r), order.Settlement{
			ID: web.FormID(r, "id"), Courier: web.FormID(r, "courier"), Amount: amount, Close: r.FormValue("close") == "on", Note: r.FormValue("note"),
		})
	} else {
		err = fault.Of(err).On("amount")
	}
	if f, ok := web.Again(err); ok {
		return p.holdersAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "orderweb.settled")
	return web.SeeOther(w, r, "/setoran")
}
