package haul

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/haul/hauldb"
	"lapak/internal/id"
	"lapak/internal/parcel"
	"lapak/internal/store"
)

// Pickup is parcels that a firm is asked to fetch at a shop. Both count them:
// the shop what it gave, the firm what it took.
type Pickup struct {
	ID      id.ID
	Other   id.ID
	Firm    bool
	Round   id.ID
	Place   int64
	Courier id.ID
	Share   int64 // of a round's fare
	Payout  id.ID
	GivenAt *time.Time
	TakenAt *time.Time
	At      time.Time
	Items   []Item
}

// Item is a parcel of a pick-up.
type Item struct {
	Token id.ID
	Given bool
	Taken bool
	Share int64
}

// Given and Taken are how many each side counted.
func (p Pickup) Given() (n int) {
	for _, i := range p.Items {
		if i.Given {
			n++
		}
	}
	return n
}

// Taken is how many the firm counted.
func (p Pickup) Taken() (n int) {
	for _, i := range p.Items {
		if i.Taken {
			n++
		}
	}
	return n
}

// Counted reports whether both sides have counted.
func (p Pickup) Counted() bool { return p.GivenAt != nil && p.TakenAt != nil }

// Differs lists what one side counted and the other did not.
func (p Pickup) Differs() []Item {
	var list []Item
	for _, i := range p.Items {
		if p.Counted() && i.Given != i.Taken {
			list = append(list, i)
		}
	}
	return list
}

func pickupRow(r hauldb.HaulPickup) Pickup {
	return Pickup{
		ID: r.ID, Other: r.OtherID, Firm: r.Firm, Round: id.Or(r.RoundID), Place: r.Place, Courier: id.Or(r.CourierID), Share: r.Share, Payout: id.Or(r.PayoutID),
		GivenAt: r.GivenAt, TakenAt: r.TakenAt, At: r.CreatedAt,
	}
}

// pickup reads one with its parcels; held holds it against others.
func (s *Service) pickup(ctx context.Context, tx *store.Tx, sc authz.Scope, which id.ID, held bool) (Pickup, error) {
	var r hauldb.HaulPickup
	var err error
	if held {
		r, err = s.q.LockPickup(ctx, tx, hauldb.LockPickupParams{BusinessID: sc.Business, ID: which, Now: tx.Now})
	} else {
		r, err = s.q.Pickup(ctx, tx, hauldb.PickupParams{BusinessID: sc.Business, ID: which})
	}
	if errors.Is(err, sql.ErrNoRows) {
		return Pickup{}, ErrNotFound
	}
	if err != nil {
		return Pickup{}, fmt.Errorf("read pick-up: %w", err)
	}
	p := pickupRow(r)
	rows, err := s.q.PickupItems(ctx, tx, hauldb.PickupItemsParams{BusinessID: sc.Business, PickupID: which})
	if err != nil {
		return Pickup{}, fmt.Errorf("list pick-up: %w", err)
	}
	for _, i := range rows {
		p.Items = append(p.Items, Item{i.Token, i.Given, i.Taken, i.Share})
	}
	return p, nil
}

func (s *Service) putPickup(ctx context.Context, tx *store.Tx, sc authz.Scope, p Pickup) error {
	if err := s.q.PutPickup(ctx, tx, hauldb.PutPickupParams{
		BusinessID: sc.Business, ID: p.ID, OtherID: p.Other, Firm: p.Firm, RoundID: p.Round.Null(), Place: p.Place, CourierID: p.Courier.Null(), Share: p.Share,
		PayoutID: p.Payout.Null(), GivenAt: p.GivenAt, TakenAt: p.TakenAt, CreatedAt: p.At, ChangedAt: tx.Now,
	}); err != nil {
		return fmt.Errorf("put pick-up: %w", err)
	}
	for _, i := range p.Items {
		if err := s.q.PutPickupItem(ctx, tx, hauldb.PutPickupItemParams{
			BusinessID: sc.Business, PickupID: p.ID, Token: i.Token, Given: i.Given, Taken: i.Taken, Share: i.Share,
		}); err != nil {
			return fmt.Errorf("put pick-up's parcel: %w", err)
		}
	}
	return nil
}

// Box is a parcel as pages of hauling show it.
type Box struct {
	Link
	parcel.Parcel
	Item
}

// boxes reads the parcels of tokens; one that is not there yet has none.
func (s *Service) boxes(ctx context.Context, tx *store.Tx, sc authz.Scope, items []Item) ([]Box, error) {
	tokens := make([]id.ID, len(items))
	for i, v := range items {
		tokens[i] = v.Token
	}
	rows, err := s.q.LinksOfPickup(ctx, tx, hauldb.LinksOfPickupParams{BusinessID: sc.Business, Tokens: store.IDs(tokens)})
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	list := make([]Box, len(items))
	for i, v := range items {
		list[i].Item = v
		n := slices.IndexFunc(rows, func(r hauldb.HaulLink) bool { return r.Token == v.Token })
		if n < 0 {
			continue
		}
		list[i].Link = linkOf(rows[n])
		p, err := s.Parcels.GetTx(ctx, tx, sc, rows[n].ParcelID)
		if err != nil && !errors.Is(err, parcel.ErrNotFound) {
			return nil, err
		}
		list[i].Parcel = p
	}
	return list, nil
}

// Waiting lists a shop's parcels that are a firm's to carry and that nobody was
// asked to fetch yet.
func (s *Service) Waiting(ctx context.Context, sc authz.Scope, firm id.ID) ([]Box, error) {
	if err := sc.Can(authz.SeeOrders); err != nil {
		return nil, err
	}
	var list []Box
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		rows, err := s.q.Waiting(ctx, tx, hauldb.WaitingParams{BusinessID: sc.Business, OtherID: firm})
		if err != nil {
			return fmt.Errorf("list what waits: %w", err)
		}
		var items []Item
		for _, r := range rows {
			items = append(items, Item{Token: r.Token})
		}
		list, err = s.boxes(ctx, tx, sc, items)
		return err
	})
	return list, err
}

// Call asks a firm to fetch parcels at the shop. pickup is made with the form.
func (s *Service) Call(ctx context.Context, sc authz.Scope, firm, pickup id.ID, tokens []id.ID) (Pickup, error) {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return Pickup{}, err
	}
	if len(tokens) == 0 || pickup.IsZero() {
		return Pickup{}, ErrNone
	}
	var p Pickup
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		var err error
		if p, err = s.pickup(ctx, tx, sc, pickup, true); err == nil {
			return nil // the form was sent twice
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		t, err := s.getTie(ctx, tx, sc, firm)
		if err != nil || t.Firm {
			return errors.Join(err, ErrNotFound)
		}
		p = Pickup{ID: pickup, Other: firm, At: tx.Now}
		for _, token := range tokens {
			l, err := s.link(ctx, tx, sc, token)
			if err != nil || l.Other != firm || l.Firm {
				return ErrNotFound
			}
			if !l.Live || !before(l.Status) {
				return ErrUnfit.With(l.Status)
			}
			n, err := s.q.SetPickup(ctx, tx, hauldb.SetPickupParams{BusinessID: sc.Business, Token: token, PickupID: pickup.Null()})
			if err != nil {
				return fmt.Errorf("set pick-up: %w", err)
			}
			if n == 0 {
				continue // asked for already
			}
			p.Items = append(p.Items, Item{Token: token})
		}
		if len(p.Items) == 0 {
			return ErrNone
		}
		if err := s.putPickup(ctx, tx, sc, p); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, "haul.call", p.ID, audit.Diff{"parcels": {From: 0, To: len(p.Items)}}); err != nil {
			return err
		}
		return askFetch(ctx, tx, sc.Business, firm, p.ID)
	})
	return p, err
}

// Hand notes what the shop gave away at its door.
func (s *Service) Hand(ctx context.Context, sc authz.Scope, pickup id.ID, tokens []id.ID) error {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		p, err := s.pickup(ctx, tx, sc, pickup, true)
		if err != nil {
			return err
		}
		if p.Firm {
			return ErrNotFound
		}
		for i := range p.Items {
			p.Items[i].Given = slices.Contains(tokens, p.Items[i].Token)
		}
		p.GivenAt = &tx.Now
		if err := s.putPickup(ctx, tx, sc, p); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, "haul.hand", p.ID, audit.Diff{"parcels": {From: nil, To: p.Given()}}); err != nil {
			return err
		}
		return askFetch(ctx, tx, sc.Business, p.Other, p.ID)
	})
}

// Send says which courier of the firm fetches a pick-up.
func (s *Service) Send(ctx context.Context, sc authz.Scope, pickup, courier id.ID) error {
	if err := sc.Can(authz.MoveOrders); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error { return s.send(ctx, tx, sc, pickup, courier, nil) })
}

func (s *Service) send(ctx context.Context, tx *store.Tx, sc authz.Scope, pickup, courier id.ID, change func(*Pickup)) error {
	p, err := s.pickup(ctx, tx, sc, pickup, true)
	if err != nil {
		return err
	}
	if !p.Firm || p.TakenAt != nil {
		return ErrNotFound
	}
	p.Courier = courier
	if change != nil {
		change(&p)
	}
	if err := s.putPickup(ctx, tx, sc, p); err != nil {
		return err
	}
	for _, i := range p.Items {
		if err := s.assign(ctx, tx, sc, i.Token, courier); err != nil {
			return err
		}
	}
	return audit.Note(ctx, tx, sc, "haul.send", p.ID, audit.Diff{"courier": {From: nil, To: courier}})
}

// assign gives a parcel that is here to a courier of the firm.
func (s *Service) assign(ctx context.Context, tx *store.Tx, sc authz.Scope, token, courier id.ID) error {
	p, err := s.Parcels.GetTx(ctx, tx, sc, token)
	if errors.Is(err, parcel.ErrNotFound) || err == nil && (!before(p.Status) || p.Courier == courier) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.do(ctx, tx, sc, token, parcel.Move{Act: parcel.ActAssign, Courier: courier})
}

// Count notes what the firm's courier took at the shop's door.
func (s *Service) Count(ctx context.Context, sc authz.Scope, pickup id.ID, tokens []id.ID) error {
	if err := sc.Can(authz.Deliver); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		p, err := s.pickup(ctx, tx, sc, pickup, true)
		if err != nil {
			return err
		}
		if !p.Firm || sc.Role == authz.Courier && p.Courier != sc.Actor {
			return ErrNotFound
		}
		courier := p.Courier
		if courier.IsZero() {
			courier = sc.Actor
			p.Courier = courier
		}
		p.TakenAt = &tx.Now
		if err := s.putPickup(ctx, tx, sc, p); err != nil {
			return err
		}
		ours := authz.Job(sc.Business)
		ours.Actor, ours.Request = sc.Actor, sc.Request
		for _, i := range p.Items {
			if !slices.Contains(tokens, i.Token) {
				if i.Taken {
					continue
				}
				if err := s.free(ctx, tx, sc, p, i); err != nil {
					return err
				}
				continue
			}
			now, err := s.Parcels.GetTx(ctx, tx, sc, i.Token)
			if errors.Is(err, parcel.ErrNotFound) || err == nil && !before(now.Status) {
				continue
			}
			if err != nil {
				return err
			}
			if err := s.assign(ctx, tx, ours, i.Token, courier); err != nil {
				return err
			}
			if err := s.do(ctx, tx, ours, i.Token, parcel.Move{Act: parcel.ActTake}); err != nil {
				return err
			}
		}
		if p, err = s.pickup(ctx, tx, sc, pickup, true); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, "haul.count", p.ID, audit.Diff{"parcels": {From: nil, To: p.Taken()}}); err != nil {
			return err
		}
		return askFetch(ctx, tx, sc.Business, p.Other, p.ID)
	})
}

// free lets a parcel that was left behind be asked for again.
func (s *Service) free(ctx context.Context, tx *store.Tx, sc authz.Scope, p Pickup, i Item) error {
	if err := s.q.FreePickup(ctx, tx, hauldb.FreePickupParams{BusinessID: sc.Business, Token: i.Token, PickupID: p.ID.Null()}); err != nil {
		return fmt.Errorf("free from pick-up: %w", err)
	}
	return nil
}

// counted notes that a parcel of a pick-up was taken, whichever way.
func (s *Service) counted(ctx context.Context, tx *store.Tx, sc authz.Scope, l Link) error {
	p, err := s.pickup(ctx, tx, sc, l.Pickup, true)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for i := range p.Items {
		if p.Items[i].Token == l.Token {
			p.Items[i].Taken = true
		}
	}
	if err := s.putPickup(ctx, tx, sc, p); err != nil {
		return err
	}
	return askFetch(ctx, tx, sc.Business, p.Other, p.ID)
}

// PickupView is a pick-up with its parcels and the other side, for pages.
type PickupView struct {
	Pickup
	Tie   Tie
	Boxes []Box
}

// Pickup returns one. Couriers see those that they fetch.
func (s *Service) Pickup(ctx context.Context, sc authz.Scope, which id.ID) (PickupView, error) {
	verb := authz.SeeOrders
	if sc.Role == authz.Courier {
		verb = authz.Deliver
	}
	if err := sc.Can(verb); err != nil {
		return PickupView{}, err
	}
	var v PickupView
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if v.Pickup, err = s.pickup(ctx, tx, sc, which, false); err != nil {
			return err
		}
		if sc.Role == authz.Courier && (!v.Firm || v.Courier != sc.Actor) {
			return ErrNotFound
		}
		if v.Tie, err = s.getTie(ctx, tx, sc, v.Other); err != nil {
			return err
		}
		v.Boxes, err = s.boxes(ctx, tx, sc, v.Items)
		return err
	})
	return v, err
}

// Pickups lists the newest pick-ups of the scope's business as shop or firm.
// Couriers see those that they fetch.
func (s *Service) Pickups(ctx context.Context, sc authz.Scope, firm bool, most int) ([]PickupView, error) {
	verb := authz.SeeOrders
	if sc.Role == authz.Courier {
		verb = authz.Deliver
	}
	if err := sc.Can(verb); err != nil {
		return nil, err
	}
	var list []PickupView
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.Pickups(ctx, tx, hauldb.PickupsParams{BusinessID: sc.Business, Firm: firm, Most: int32(most)})
		if err != nil {
			return fmt.Errorf("list pick-ups: %w", err)
		}
		ties, err := s.ties(ctx, tx, sc, firm)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if sc.Role == authz.Courier && (!firm || id.Or(r.CourierID) != sc.Actor) {
				continue
			}
			p, err := s.pickup(ctx, tx, sc, r.ID, false)
			if err != nil {
				return err
			}
			v := PickupView{Pickup: p}
			if i := slices.IndexFunc(ties, func(t Tie) bool { return t.Other == p.Other }); i >= 0 {
				v.Tie = ties[i]
			}
			list = append(list, v)
		}
		return nil
	})
	return list, err
}
