package cashweb

import (
	"context"
	"errors"
	"net/http"

	"lapak/internal/authz"
	"lapak/internal/cash"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/ui"
	"lapak/internal/web"
)

type payoutsView struct {
	debts []cash.Debt
	files []cash.Payout
	form  form
	may   bool
}

func (p pages) payouts(w http.ResponseWriter, r *http.Request) error {
	return p.payoutsAgain(w, r, http.StatusOK, form{id: id.New()})
}

func (p pages) payoutsAgain(w http.ResponseWriter, r *http.Request, status int, f form) error {
	ctx, sc := r.Context(), web.Scope(r)
	v := payoutsView{form: f, may: sc.May(authz.TakePayments)}
	var err error
	if v.debts, err = p.Cash.Debts(ctx, sc); err != nil {
		return err
	}
	if v.files, err = p.Cash.Payouts(ctx, sc); err != nil {
		return err
	}
	return web.Render(w, r, status, payoutsPage(v))
}

func (p pages) upload(w http.ResponseWriter, r *http.Request) error {
	show := func(status int, f form) error { return p.payoutsAgain(w, r, status, f) }
	file, head, err := r.FormFile("file")
	if err != nil || head.Size == 0 {
		return again(w, r, fault.New(fault.Invalid, "cash.no_file").On("file"), show)
	}
	defer file.Close()
	made, err := p.Cash.Upload(r.Context(), web.Scope(r), web.FormID(r, "id"), head.Filename, file, head.Size)
	if errors.Is(err, cash.ErrSameFile) {
		web.Flash(w, r, "cash.same_file")
		return web.SeeOther(w, r, "/setoran/ekspedisi/"+made.String())
	}
	if err != nil {
		if f := fault.Of(err); f != nil && len(f.Fields) == 0 {
			err = f.On("file")
		}
		return again(w, r, err, show)
	}
	return web.SeeOther(w, r, "/setoran/ekspedisi/"+made.String())
}

func (p pages) term(w http.ResponseWriter, r *http.Request) error {
	if err := p.Cash.PutTerm(r.Context(), web.Scope(r), r.FormValue("carrier"), web.Int(r, "days")); err != nil {
		return again(w, r, err, func(status int, f form) error { return p.payoutsAgain(w, r, status, f) })
	}
	web.Flash(w, r, "ui.saved")
	return web.SeeOther(w, r, "/setoran/ekspedisi")
}

type payoutView struct {
	cash.Payout
	team team
	form form
	may  bool
}

// of lists the lines with a verdict.
func (v payoutView) of(which ...cash.Verdict) []cash.Line {
	var list []cash.Line
	for _, l := range v.Lines {
		for _, x := range which {
			if l.Verdict == x {
				list = append(list, l)
			}
		}
	}
	return list
}

func (p pages) payout(w http.ResponseWriter, r *http.Request) error {
	return p.payoutAgain(w, r, http.StatusOK, form{})
}

func (p pages) payoutAgain(w http.ResponseWriter, r *http.Request, status int, f form) error {
	ctx, sc := r.Context(), web.Scope(r)
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	v := payoutView{form: f, may: sc.May(authz.TakePayments)}
	if v.Payout, err = p.Cash.Payout(ctx, sc, which); err != nil {
		return err
	}
	people, err := p.Cash.People(ctx, sc)
	v.team = team(people)
	if err != nil {
		return err
	}
	return web.Render(w, r, status, payoutPage(v))
}

func (p pages) book(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	n, err := p.Cash.Book(r.Context(), web.Scope(r), which)
	if err != nil {
		return again(w, r, err, func(status int, f form) error { return p.payoutAgain(w, r, status, f) })
	}
	web.Flash(w, r, "cash.booked_count", n)
	return web.SeeOther(w, r, "/setoran/ekspedisi/"+which.String())
}

func (p pages) decide(w http.ResponseWriter, r *http.Request) error {
	which, err := web.PathID(r, "id")
	if err != nil {
		return err
	}
	if err := p.Cash.Decide(r.Context(), web.Scope(r), cash.Decision{
		Payout: which, N: web.Int(r, "n"), Book: r.FormValue("act") == "book", Why: r.FormValue("why"), By: web.FormID(r, "by"),
	}); err != nil {
		return again(w, r, err, func(status int, f form) error { return p.payoutAgain(w, r, status, f) })
	}
	web.Flash(w, r, "cash.decided")
	return web.SeeOther(w, r, "/setoran/ekspedisi/"+which.String())
}

// look is how a verdict looks: kind and icon.
func look(v cash.Verdict) (kind, icon string) {
	switch v {
	case cash.Match:
		return "info", "check"
	case cash.Booked:
		return "ok", "check"
	case cash.Dropped:
		return "", "x"
	case cash.Early, cash.Paid, cash.Twice:
		return "warn", "hourglass"
	}
	return "bad", "triangle-alert"
}

func verdict(ctx context.Context, v cash.Verdict) string { return t(ctx, "cash.line_"+string(v)) }

// who lists the people who may explain something, nobody first.
func (l team) choose(ctx context.Context) []ui.Option {
	return l.options(ui.Option{Label: t(ctx, "cash.choose")})
}
