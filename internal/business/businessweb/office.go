package businessweb

import (
	"net/http"
	"slices"

	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/ui"
	"lapak/internal/web"
)

// registryView is the office's list of businesses.
type registryView struct {
	Filter  business.Filter
	Entries []business.Entry
	Next    string // address of the next page
	Regions []ui.Option
}

func (p pages) registry(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	sc := web.Scope(r)
	v := registryView{Filter: business.Filter{
		Region: q.Get("wilayah"), Trade: q.Get("jenis"), State: business.State(q.Get("keadaan")), SoldBefore: business.SoldBefore(q.Get("jualan")),
		Words: q.Get("q"), Before: business.ParseMark(q.Get("sebelum")),
	}}
	if q.Get("keadaan") == "hidden" {
		v.Filter.State, v.Filter.Hidden = "", true
	}
	list, next, err := p.Shops.Registry(r.Context(), sc, v.Filter)
	if err != nil {
		return err
	}
	v.Entries = list
	if !next.IsZero() {
		q.Set("sebelum", next.String())
		v.Next = "/dinas/usaha?" + q.Encode()
	}
	v.Regions = regionsOf(sc.Regions)
	return web.Render(w, r, http.StatusOK, registryPage(v))
}

// regionsOf lists an officer's regions and, below provinces, the regencies.
func regionsOf(codes []string) []ui.Option {
	out := []ui.Option{{}}
	for _, code := range codes {
		v, ok := region.Get(code)
		if !ok {
			continue
		}
		out = append(out, ui.Option{Value: v.Code, Label: v.Title()})
		if v.Kind == region.Province || v.Kind == region.Regency {
			for _, below := range region.Children(code) {
				out = append(out, ui.Option{Value: below.Code, Label: below.Title()})
			}
		}
	}
	return slices.CompactFunc(out, func(a, b ui.Option) bool { return a.Value == b.Value })
}

// entryForm is what an officer types on the page of one business.
type entryForm struct{ Reason, Answer string }

func (p pages) entry(w http.ResponseWriter, r *http.Request) error {
	return p.entryAgain(w, r, http.StatusOK, entryForm{}, nil)
}

func (p pages) entryAgain(w http.ResponseWriter, r *http.Request, status int, d entryForm, f *fault.Error) error {
	business, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	e, all, err := p.Shops.Entry(r.Context(), web.Scope(r), business)
	if err != nil {
		return err
	}
	return web.Render(w, r, status, entryPage(e, all, web.Scope(r).May(authz.HideShops), d, f))
}

func (p pages) hide(w http.ResponseWriter, r *http.Request) error {
	return p.judge(w, r, "office.hidden", func(business id.ID) error {
		return p.Shops.Hide(r.Context(), web.Scope(r), business, r.FormValue("reason"))
	})
}

func (p pages) show(w http.ResponseWriter, r *http.Request) error {
	return p.judge(w, r, "office.shown", func(business id.ID) error {
		return p.Shops.Show(r.Context(), web.Scope(r), business, r.FormValue("answer"))
	})
}

func (p pages) judge(w http.ResponseWriter, r *http.Request, done string, do func(id.ID) error) error {
	business, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	err = do(business)
	if f, ok := web.Again(err); ok {
		return p.entryAgain(w, r, http.StatusUnprocessableEntity, entryForm{r.FormValue("reason"), r.FormValue("answer")}, f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, done)
	return web.SeeOther(w, r, "/dinas/usaha/"+business.String())
}

func (p pages) appeals(w http.ResponseWriter, r *http.Request) error {
	return p.appealsAgain(w, r, http.StatusOK, id.ID{}, "", nil)
}

func (p pages) appealsAgain(w http.ResponseWriter, r *http.Request, status int, at id.ID, answer string, f *fault.Error) error {
	open, decided, err := p.Shops.Queue(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, status, appealsPage(open, decided, at, answer, f))
}

func (p pages) decide(w http.ResponseWriter, r *http.Request) error {
	appeal, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	err = p.Shops.Decide(r.Context(), web.Scope(r), appeal, r.FormValue("decision") == string(business.AppealLifted), r.FormValue("answer"))
	if f, ok := web.Again(err); ok {
		return p.appealsAgain(w, r, http.StatusUnprocessableEntity, appeal, r.FormValue("answer"), f)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "office.decided")
	return web.SeeOther(w, r, "/dinas/banding")
}

// filtered reports whether the list is narrowed by more than words.
func (v registryView) filtered() bool {
	return v.Filter.Region != "" || v.Filter.Trade != "" || v.state() != "" || v.Filter.SoldBefore != ""
}

// state is the chosen state, hidden being one to the office.
func (v registryView) state() string {
	if v.Filter.Hidden {
		return "hidden"
	}
	return string(v.Filter.State)
}
