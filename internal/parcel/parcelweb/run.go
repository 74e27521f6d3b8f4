package parcelweb

import (
	"errors"
	"net/http"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/parcel"
	"lapak/internal/web"
)

// run is a courier's page: what to do next, what comes then, what went wrong.
func (p pages) run(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	list, err := p.Parcels.Run(ctx, sc, sc.Actor)
	if err != nil {
		return err
	}
	v := runView{now: sc.Now}
	for _, q := range list {
		switch q.Status {
		case carrier.Draft, carrier.Ready, carrier.PickupRequested:
			v.waiting = append(v.waiting, q)
		case carrier.AttemptFailed, carrier.OnHold, carrier.Returning:
			v.failed = append(v.failed, q)
		default:
			v.open = append(v.open, q)
		}
	}
	if v.done, err = p.Parcels.DoneToday(ctx, sc); err != nil {
		return err
	}
	if v.held, v.limit, err = p.Cash.InHandAgainst(ctx, sc); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, runPage(v))
}

// takeAll takes along all that waits for the courier at the shop.
func (p pages) takeAll(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	list, err := p.Parcels.Run(ctx, sc, sc.Actor)
	if err != nil {
		return err
	}
	var ids []id.ID
	for _, q := range list {
		if q.May(sc, parcel.ActTake) {
			ids = append(ids, q.ID)
		}
	}
	n, first, err := p.Parcels.DoMany(ctx, sc, ids, parcel.Move{Act: parcel.ActTake})
	if err != nil {
		return err
	}
	if n == 0 && first != nil {
		return first
	}
	if _, err := p.Parcels.Sort(ctx, sc, sc.Actor); err != nil {
		return err
	}
	web.Flash(w, r, "parcel.taken_count", n, len(ids))
	return web.SeeOther(w, r, "/antaran")
}

// setOut tells the receivers that the courier is on the way, and puts the
// stops into a short order.
func (p pages) setOut(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	list, err := p.Parcels.Sort(ctx, sc, sc.Actor)
	if err != nil {
		return err
	}
	var ids []id.ID
	for _, q := range list {
		if (q.Status == carrier.PickedUp || q.Status == carrier.AtHub) && q.May(sc, parcel.ActOut) {
			ids = append(ids, q.ID)
		}
	}
	n, _, err := p.Parcels.DoMany(ctx, sc, ids, parcel.Move{Act: parcel.ActOut})
	if err != nil {
		return err
	}
	web.Flash(w, r, "parcel.out_count", n)
	return web.SeeOther(w, r, "/antaran")
}

func (p pages) stop(w http.ResponseWriter, r *http.Request) error {
	return p.stopAgain(w, r, parcel.Move{}, nil)
}

// stopAgain shows one stop with its forms, as they were filled in.
func (p pages) stopAgain(w http.ResponseWriter, r *http.Request, m parcel.Move, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	which, err := p.found(r)
	if err != nil {
		return err
	}
	if asked := r.PathValue("id"); r.Method == http.MethodGet && asked != which.String() {
		return web.SeeOther(w, r, "/antaran/"+which.String())
	}
	v := stopView{move: m, fault: f, form: r.Form, now: sc.Now}
	if v.Detail, err = p.Parcels.Get(ctx, sc, which); err != nil {
		return err
	}
	if v.held, err = p.Cash.InHand(ctx, sc); err != nil {
		return err
	}
	if !v.Order.IsZero() && sc.Role != authz.Courier {
		if o, err := p.Orders.Get(ctx, sc, v.Order); err == nil {
			v.called = o.Called()
		}
	}
	status := http.StatusOK
	if f != nil {
		status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, status, stopPage(v))
}

func (p pages) deliver(w http.ResponseWriter, r *http.Request) error {
	return p.do(w, r, parcel.ActDeliver, "parcel.did_deliver")
}

func (p pages) fail(w http.ResponseWriter, r *http.Request) error {
	return p.do(w, r, parcel.ActFail, "parcel.did_fail")
}

func (p pages) do(w http.ResponseWriter, r *http.Request, act parcel.Act, said string) error {
	which, err := p.found(r)
	if err != nil {
		return err
	}
	m, fields := p.read(r)
	m.Act = act
	err = fields.Err()
	if err == nil {
		_, err = p.Parcels.Do(r.Context(), web.Scope(r), which, m)
	}
	if f, ok := web.Again(onCode(err)); ok {
		if errors.Is(err, parcel.ErrState) { // somebody did it meanwhile: the page says how it stands
			m = parcel.Move{}
		}
		return p.stopAgain(w, r, m, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, said)
	return web.SeeOther(w, r, "/antaran")
}
