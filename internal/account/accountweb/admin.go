package accountweb

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/region"
	"lapak/internal/web"
)

// rights is what a form of the office's people holds of permissions and regions.
type rights struct {
	Perms   []authz.Perm
	Regions []string       // codes, as chosen so far
	Words   string         // typed, to find another
	Found   []region.Place // that the words may mean
}

// adminPage is all that the admin's page shows.
type adminPage struct {
	People  []account.Officer
	Invited []account.OfficeInvitation
	Dead    []job.Letter
	Version string
	Me      id.ID
	Name    string
	Role    authz.Role
	Rights  rights
	Open    bool // the form to invite
}

var wide = []region.Kind{region.Regency, region.District, region.Province}

// chooseRegions reads the regions of a form: those ticked, the one picked
// among several, and the one whose name was typed. The fault says what to do
// about a name that is none, or that several have.
func chooseRegions(r *http.Request) (d rights, err error) {
	add := func(code string) bool {
		_, ok := region.Get(code)
		if ok && !slices.Contains(d.Regions, code) {
			d.Regions = append(d.Regions, code)
		}
		return ok
	}
	for _, code := range r.Form["regions"] {
		add(code)
	}
	if pick := r.FormValue("region_pick"); pick != "" && add(pick) {
		return d, nil
	}
	words := strings.TrimSpace(r.FormValue("region"))
	if words == "" || add(r.FormValue("region_code")) {
		return d, nil
	}
	d.Found = region.Search(words, 8, wide...)
	for _, p := range d.Found {
		if strings.EqualFold(words, p.Title()) || strings.EqualFold(words, p.Label()) || strings.EqualFold(words, p.Name) || len(d.Found) == 1 {
			add(p.Code)
			d.Found = nil
			return d, nil
		}
	}
	d.Words = words
	if len(d.Found) == 0 {
		return d, fault.New(fault.Invalid, "account.region_unknown").On("region")
	}
	return d, fault.New(fault.Invalid, "account.region_which").On("region")
}

func readRights(r *http.Request) (rights, error) {
	perms := ticks(r, "perms")
	d, err := chooseRegions(r)
	d.Perms = perms
	return d, err
}

// renamed is a fault of a service with its fields as a form of ours calls them.
func renamed(f *fault.Error, names map[string]string) *fault.Error {
	if f == nil || len(f.Fields) == 0 {
		return f
	}
	c := *f
	c.Fields = maps.Clone(f.Fields)
	for from, to := range names {
		if v, ok := c.Fields[from]; ok {
			delete(c.Fields, from)
			c.Fields[to] = v
		}
	}
	return &c
}

var rightsFields = map[string]string{"regions": "region"}

func (p pages) admin(w http.ResponseWriter, r *http.Request) error {
	return p.showAdmin(w, r, http.StatusOK, adminPage{Role: authz.Office}, nil)
}

func (p pages) showAdmin(w http.ResponseWriter, r *http.Request, code int, d adminPage, f *fault.Error) (err error) {
	sc := web.Scope(r)
	if d.People, d.Invited, err = p.s.Office(r.Context(), sc); err != nil {
		return err
	}
	if d.Dead, err = p.s.DeadJobs(r.Context(), sc); err != nil {
		return err
	}
	d.Version, d.Me = p.s.Version, sc.Membership
	return web.Render(w, r, code, adminView(d, f))
}

func (p pages) inviteOffice(w http.ResponseWriter, r *http.Request) error {
	set, err := readRights(r)
	d := adminPage{Name: r.FormValue("name"), Role: authz.Role(r.FormValue("role")), Rights: set, Open: true}
	if err != nil || r.FormValue("add") != "" {
		f := fault.Of(err)
		code := http.StatusOK
		if f != nil {
			code = status(f)
		}
		return p.showAdmin(w, r, code, d, f)
	}
	token, err := p.s.InviteOffice(r.Context(), web.Scope(r), account.OfficeInvite{Name: d.Name, Role: d.Role, Perms: set.Perms, Regions: set.Regions})
	if err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return p.showAdmin(w, r, code, d, renamed(f, rightsFields)) })
	}
	return web.Render(w, r, http.StatusOK, invitation(d.Name, web.Base(r)+"/undangan/"+token, "/admin"))
}

func (p pages) withdrawOffice(w http.ResponseWriter, r *http.Request) error {
	return p.change(w, r, "staff.withdrawn", "/admin", func(v id.ID) error { return p.s.WithdrawOffice(r.Context(), web.Scope(r), v) })
}

func (p pages) officer(w http.ResponseWriter, r *http.Request) error {
	return p.showOfficer(w, r, http.StatusOK, nil, nil)
}

func (p pages) showOfficer(w http.ResponseWriter, r *http.Request, code int, d *rights, f *fault.Error) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	people, _, err := p.s.Office(r.Context(), web.Scope(r))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(people, func(o account.Officer) bool { return o.ID == which })
	if i < 0 {
		return web.ErrMissing
	}
	if d == nil {
		d = &rights{Perms: people[i].Perms, Regions: people[i].Regions}
	}
	return web.Render(w, r, code, officerView(people[i], *d, which == web.Scope(r).Membership, f))
}

func (p pages) changeOfficer(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	d, err := readRights(r)
	if f := fault.Of(err); f != nil {
		return p.showOfficer(w, r, status(f), &d, f)
	}
	if r.FormValue("add") != "" {
		return p.showOfficer(w, r, http.StatusOK, &d, nil)
	}
	if err := p.s.ChangeOfficer(r.Context(), web.Scope(r), which, d.Perms, d.Regions); err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return p.showOfficer(w, r, code, &d, renamed(f, rightsFields)) })
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/admin/orang/"+which.String())
}

func (p pages) endOfficer(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := p.s.EndOfficer(r.Context(), web.Scope(r), which); err != nil {
		return again(w, err, func(f *fault.Error, code int) error { return p.showOfficer(w, r, code, nil, f) })
	}
	web.Flash(w, r, "admin.ended")
	if which == web.Scope(r).Membership {
		return web.SeeOther(w, r, "/akun")
	}
	return web.SeeOther(w, r, "/admin")
}

func (p pages) retryJob(w http.ResponseWriter, r *http.Request) error {
	return p.change(w, r, "admin.job_again", "/admin", func(v id.ID) error {
		return p.s.RetryJob(r.Context(), web.Scope(r), web.FormID(r, "business"), v)
	})
}

// placeName names a region by its code.
func placeName(code string) string {
	if p, ok := region.Get(code); ok {
		return p.Label()
	}
	return code
}

func placeNames(codes []string) string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = placeName(c)
	}
	return strings.Join(out, "; ")
}
