package haulweb

import (
	"net/http"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/haul"
	"lapak/internal/id"
	"lapak/internal/parcel"
	"lapak/internal/web"
)

// pools are the villages in which pick-ups wait, and the rounds that were made.
func (p pages) pools(w http.ResponseWriter, r *http.Request) error {
	return p.poolsAgain(w, r, http.StatusOK, nil)
}

func (p pages) poolsAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	v := poolsView{fault: f, id: id.New(), form: r.Form}
	var err error
	if v.villages, err = p.Haul.Villages(ctx, sc); err != nil {
		return err
	}
	if v.rounds, err = p.Haul.Rounds(ctx, sc); err != nil {
		return err
	}
	if v.team, err = p.team(ctx, sc); err != nil {
		return err
	}
	return web.Render(w, r, status, poolsPage(v))
}

func (p pages) pool(w http.ResponseWriter, r *http.Request) error {
	fare, err := web.Money(r, "fare")
	var fields fault.Fields
	fields.Add("fare", err)
	round := haul.Round{ID: web.FormID(r, "id")}
	if err = fields.Err(); err == nil {
		round, err = p.Haul.Pool(r.Context(), web.Scope(r), round.ID, r.FormValue("village"), web.FormID(r, "courier"), fare)
	}
	if f, ok := web.Again(err); ok {
		return p.poolsAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "haul.pooled", round.Parcels)
	return web.SeeOther(w, r, "/jemput-bareng/"+round.ID.String())
}

func (p pages) round(w http.ResponseWriter, r *http.Request) error {
	ctx, sc := r.Context(), web.Scope(r)
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	round, err := p.Haul.Round(ctx, sc, which)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, roundPage(round, sc.Role != authz.Courier))
}

// sorting is where parcels are scanned in, and manifests begun.
func (p pages) sorting(w http.ResponseWriter, r *http.Request) error {
	return p.sortingAgain(w, r, http.StatusOK, nil)
}

func (p pages) sortingAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	ctx, sc := r.Context(), web.Scope(r)
	v := sortView{fault: f, id: id.New(), hub: r.FormValue("hub"), code: r.FormValue("code"), form: r.Form}
	var err error
	if v.Firm, err = p.Haul.Get(ctx, sc); err != nil {
		return err
	}
	if v.list, err = p.Haul.Manifests(ctx, sc); err != nil {
		return err
	}
	return web.Render(w, r, status, sortPage(v))
}

func (p pages) scanIn(w http.ResponseWriter, r *http.Request) error {
	q, err := p.Haul.In(r.Context(), web.Scope(r), web.FormID(r, "hub"), r.FormValue("code"))
	if f, ok := web.Again(err); ok {
		return p.sortingAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "haul.scanned", q.Shown())
	return web.SeeOther(w, r, "/sortir?hub="+web.FormID(r, "hub").String())
}

func (p pages) startManifest(w http.ResponseWriter, r *http.Request) error {
	m, err := p.Haul.Start(r.Context(), web.Scope(r), web.FormID(r, "id"), web.FormID(r, "from"), web.FormID(r, "to"), web.FormID(r, "vehicle"))
	if f, ok := web.Again(err); ok {
		return p.sortingAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/sortir/"+m.ID.String())
}

func (p pages) manifest(w http.ResponseWriter, r *http.Request) error {
	return p.manifestAgain(w, r, http.StatusOK, nil)
}

func (p pages) manifestAgain(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	m, err := p.Haul.Manifest(r.Context(), web.Scope(r), which)
	if err != nil {
		return err
	}
	return web.Render(w, r, status, manifestPage(m, r.FormValue("code"), f))
}

func (p pages) scan(w http.ResponseWriter, r *http.Request) error {
	return p.step(w, r, func(which id.ID) (string, error) {
		q, err := p.Haul.Scan(r.Context(), web.Scope(r), which, r.FormValue("code"))
		return q.Shown(), err
	})
}

func (p pages) unload(w http.ResponseWriter, r *http.Request) error {
	return p.step(w, r, func(which id.ID) (string, error) {
		return "", p.Haul.Unload(r.Context(), web.Scope(r), which, web.FormID(r, "parcel"))
	})
}

func (p pages) leave(w http.ResponseWriter, r *http.Request) error {
	return p.step(w, r, func(which id.ID) (string, error) {
		_, err := p.Haul.Leave(r.Context(), web.Scope(r), which)
		return "", err
	})
}

func (p pages) closeManifest(w http.ResponseWriter, r *http.Request) error {
	return p.step(w, r, func(which id.ID) (string, error) {
		_, err := p.Haul.Close(r.Context(), web.Scope(r), which)
		return "", err
	})
}

// step does something with the manifest that the address names.
func (p pages) step(w http.ResponseWriter, r *http.Request, do func(id.ID) (string, error)) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	shown, err := do(which)
	if f, ok := web.Again(err); ok {
		return p.manifestAgain(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	if shown != "" {
		web.Flash(w, r, "haul.scanned", shown)
	}
	return web.SeeOther(w, r, "/sortir/"+which.String())
}

func path(q parcel.Parcel) string { return "/kirim/" + q.ID.String() }
