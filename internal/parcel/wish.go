package parcel

import (
	"context"
	"slices"
	"unicode/utf8"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/store"
)

// Wish is what the buyer wants done with a parcel, as they filled it in on the
// page behind their order's link. Its ID is made with the form.
type Wish struct {
	ID        id.ID
	Parcel    id.ID
	Act       Act    // ActAgain, ActLeave or ActStop
	When      string // again: the Key of an offered window
	Neighbour string // leave: who takes it
	Landmark  string // leave: where they are found
}

// Validate reports every field that is wrong.
func (w Wish) Validate() error {
	var f fault.Fields
	f.Check(!w.ID.IsZero() && !w.Parcel.IsZero(), "id", "form.stale")
	f.Check(slices.Contains(Wishes, w.Act), "act", "form.stale")
	switch w.Act {
	case ActAgain:
		_, ok := WindowOf(w.When)
		f.Check(ok, "when", "form.choose")
	case ActLeave:
		f.Check(w.Neighbour != "", "neighbour", "form.required")
		f.Check(utf8.RuneCountInString(w.Neighbour) <= order.MaxReceiver, "neighbour", "form.too_long", order.MaxReceiver)
		f.Check(w.Landmark != "", "landmark", "form.required")
		f.Check(utf8.RuneCountInString(w.Landmark) <= order.MaxLandmark, "landmark", "form.too_long", order.MaxLandmark)
	}
	return f.Err()
}

// Wishes lists what a buyer may want, in the order of the page.
var Wishes = []Act{ActAgain, ActLeave, ActStop}

// wishes says of each how a parcel stands that it fits: before it goes out to
// the door, or after it was there in vain.
var wishes = map[Act][]carrier.Status{
	ActAgain: append(slices.Clone(before), carrier.PickedUp, carrier.AttemptFailed),
	ActLeave: append(slices.Clone(before), carrier.PickedUp, carrier.AttemptFailed),
	ActStop:  {carrier.AttemptFailed},
}

// MayWish reports whether a wish fits the parcel in a shop that brings so
// often. Firms have ways of their own to be asked.
func (p Parcel) MayWish(a Act, limit int64) bool { return p.mayWish(a, limit) == nil }

func (p Parcel) mayWish(a Act, limit int64) error {
	switch {
	case p.Carrier != Own || p.Order.IsZero() || !slices.Contains(wishes[a], p.Status):
		return ErrState.With(p.Status)
	case a != ActStop && p.Spent(limit):
		return ErrAttempts.With(p.Attempts)
	}
	return nil
}

// WishByLink does what the buyer wants, who came by the link of their order.
// A new time must be one that is offered now.
func (s *Service) WishByLink(ctx context.Context, token string, w Wish) (Parcel, error) {
	w.Neighbour, w.Landmark = catalog.Clean(w.Neighbour), catalog.Clean(w.Landmark)
	if err := w.Validate(); err != nil {
		return Parcel{}, err
	}
	shop, of, err := s.Orders.ByToken(ctx, token)
	if err != nil {
		return Parcel{}, err
	}
	sc := authz.Visitor(shop)
	var p Parcel
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		var o order.Order
		var err error
		if p, o, err = s.lock(ctx, tx, sc, w.Parcel); err != nil {
			return err
		}
		if p.Order != of {
			return ErrNotFound
		}
		m := Move{ID: w.ID, Act: w.Act}
		if w.Act == ActStop {
			m.Reason = carrier.Refused
		}
		if done, err := s.done(ctx, tx, sc, p, m); err != nil || done {
			return err
		}
		set, err := s.Settings(ctx, tx, sc)
		if err != nil {
			return err
		}
		if err := p.mayWish(w.Act, set.Attempts); err != nil {
			return err
		}
		st := &step{s: s, tx: tx, sc: sc, p: &p, o: o, m: m, e: Event{ID: w.ID, Parcel: p.ID, Act: w.Act, Reason: m.Reason, At: tx.Now}}
		from := p.Status
		switch w.Act {
		case ActAgain:
			win, _ := WindowOf(w.When)
			if !slices.Contains(Windows(tx.Now), win) {
				return ErrOffer.On("when")
			}
			st.m.DueFrom, st.m.DueUntil = &win.From, &win.Until
			if err := st.window(); err != nil {
				return err
			}
		case ActLeave:
			p.LeaveWith = w.Neighbour + ", " + w.Landmark
			st.e.Text = p.LeaveWith
		case ActStop:
			p.Status, p.StatusAt, p.Reason, p.Place = carrier.Returning, tx.Now, carrier.Refused, 0
		}
		return st.end(ctx, from)
	})
	return p, err
}
