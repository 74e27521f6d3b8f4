package haul

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lapak/internal/authz"
	"lapak/internal/carrier"
	"lapak/internal/haul/hauldb"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/ledger"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/store"
)

// Give tells the firm of a parcel how the shop has it now.
type Give struct {
	Shop  id.ID `json:"shop"`
	Token id.ID `json:"token"`
}

// Kind names the job.
func (Give) Kind() string { return "haul.give" }

// Tell tells the shop of a parcel how the firm has it now.
type Tell struct {
	Firm  id.ID `json:"firm"`
	Token id.ID `json:"token"`
}

// Kind names the job.
func (Tell) Kind() string { return "haul.tell" }

// Forget tells the firm that the shop erased who a parcel was for.
type Forget struct {
	Token id.ID `json:"token"`
}

// Kind names the job.
func (Forget) Kind() string { return "haul.forget" }

func askGive(ctx context.Context, tx *store.Tx, shop, firm, token id.ID) error {
	return job.Put(ctx, tx, authz.Job(firm), Give{shop, token}, job.Unique(token.String()))
}

func askTell(ctx context.Context, tx *store.Tx, firm, shop, token id.ID) error {
	return job.Put(ctx, tx, authz.Job(shop), Tell{firm, token}, job.Unique(token.String()))
}

func linkOf(r hauldb.HaulLink) Link {
	return Link{
		Token: r.Token, Parcel: r.ParcelID, Other: r.OtherID, Firm: r.Firm, Live: r.Live, N: r.N, Fee: r.Fee, Status: carrier.Status(r.Status), COD: r.Cod,
		Taken: r.Taken, Pickup: id.Or(r.PickupID), Payout: id.Or(r.PayoutID), At: r.CreatedAt, DoneAt: r.DoneAt, Changed: r.ChangedAt,
	}
}

func (s *Service) link(ctx context.Context, tx *store.Tx, sc authz.Scope, token id.ID) (Link, error) {
	r, err := s.q.Link(ctx, tx, hauldb.LinkParams{BusinessID: sc.Business, Token: token})
	if errors.Is(err, sql.ErrNoRows) {
		return Link{}, ErrNotFound
	}
	if err != nil {
		return Link{}, fmt.Errorf("read link: %w", err)
	}
	return linkOf(r), nil
}

func (s *Service) links(ctx context.Context, tx *store.Tx, sc authz.Scope, parcel id.ID) ([]Link, error) {
	rows, err := s.q.Links(ctx, tx, hauldb.LinksParams{BusinessID: sc.Business, ParcelID: parcel})
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	list := make([]Link, len(rows))
	for i, r := range rows {
		list[i] = linkOf(r)
	}
	return list, nil
}

func (s *Service) insertLink(ctx context.Context, tx *store.Tx, sc authz.Scope, l Link) (bool, error) {
	n, err := s.q.InsertLink(ctx, tx, hauldb.InsertLinkParams{
		BusinessID: sc.Business, Token: l.Token, ParcelID: l.Parcel, OtherID: l.Other, Firm: l.Firm, Live: l.Live, N: l.N, Fee: l.Fee, Status: string(l.Status),
		Cod: l.COD, Taken: l.Taken, PickupID: l.Pickup.Null(), CreatedAt: tx.Now,
	})
	if err != nil {
		return false, fmt.Errorf("insert link: %w", err)
	}
	return n == 1, nil
}

func (s *Service) saveLink(ctx context.Context, tx *store.Tx, sc authz.Scope, l Link) error {
	if err := s.q.SaveLink(ctx, tx, hauldb.SaveLinkParams{
		BusinessID: sc.Business, Token: l.Token, ParcelID: l.Parcel, Live: l.Live, N: l.N, Fee: l.Fee, Status: string(l.Status), Cod: l.COD, Taken: l.Taken,
		DoneAt: l.DoneAt, ChangedAt: tx.Now,
	}); err != nil {
		return fmt.Errorf("save link: %w", err)
	}
	return nil
}

// Moved follows what happened to a parcel: package app calls it in the
// transaction in which it happens, which holds the parcel.
func (s *Service) Moved(ctx context.Context, tx *store.Tx, sc authz.Scope, p parcel.Parcel, e parcel.Event) error {
	switch {
	case p.Order.IsZero():
		return s.movedAtFirm(ctx, tx, sc, p, e)
	case parcel.IsFirm(p.Carrier), e.Act == parcel.ActChange, e.Act == parcel.ActAssign:
		return s.movedAtShop(ctx, tx, sc, p, e)
	}
	return nil
}

// movedAtShop tells the firm that has a parcel what the shop changed, the firm
// that is to have it that it is there, and one that lost it so.
func (s *Service) movedAtShop(ctx context.Context, tx *store.Tx, sc authz.Scope, p parcel.Parcel, e parcel.Event) error {
	links, err := s.links(ctx, tx, sc, p.ID)
	if err != nil {
		return err
	}
	var now Tie
	if parcel.IsFirm(p.Carrier) {
		if now, err = s.tieByCode(ctx, tx, sc, strings.TrimPrefix(p.Carrier, parcel.Firm)); err != nil {
			return err
		}
	}
	booked := false
	for _, l := range links {
		if !l.Live {
			continue
		}
		heard := e.Act == parcel.ActTrack
		if l.Other != now.Other || p.Status == carrier.Cancelled && !heard {
			l.Live, l.Status = false, carrier.Cancelled
		} else {
			booked = true
			if before(p.Status) {
				l.Fee = s.feeOr(ctx, tx, l.Other, p, l.Fee)
			}
			l.seen(p)
		}
		if !heard {
			l.N++
			if err := askGive(ctx, tx, sc.Business, l.Other, l.Token); err != nil {
				return err
			}
		}
		if err := s.saveLink(ctx, tx, sc, l); err != nil {
			return err
		}
	}
	if booked || now.Other.IsZero() || !before(p.Status) {
		return nil
	}
	return s.book(ctx, tx, sc, now.Other, p)
}

// seen copies how the parcel stands.
func (l *Link) seen(p parcel.Parcel) {
	l.Status, l.COD, l.Taken, l.DoneAt = p.Status, p.COD, p.Taken, p.DoneAt
}

func (s *Service) feeOr(ctx context.Context, tx *store.Tx, firm id.ID, p parcel.Parcel, otherwise int64) int64 {
	v, _, err := s.summary(ctx, tx, firm)
	if err != nil {
		return otherwise
	}
	fee, err := v.fee(p)
	if err != nil {
		return otherwise // what was booked is brought at the price that was agreed
	}
	return fee
}

// book makes the shop's side of a new token.
func (s *Service) book(ctx context.Context, tx *store.Tx, sc authz.Scope, firm id.ID, p parcel.Parcel) error {
	l := Link{Token: id.At(tx.Now), Parcel: p.ID, Other: firm, Live: true, N: 1, Fee: s.feeOr(ctx, tx, firm, p, 0)}
	l.seen(p)
	if _, err := s.insertLink(ctx, tx, sc, l); err != nil {
		return err
	}
	return askGive(ctx, tx, sc.Business, firm, l.Token)
}

// Remade follows a parcel that was made anew under another id, or taken away.
func (s *Service) Remade(ctx context.Context, tx *store.Tx, sc authz.Scope, was id.ID, is parcel.Parcel) error {
	links, err := s.links(ctx, tx, sc, was)
	if err != nil {
		return err
	}
	for _, l := range links {
		if !l.Live {
			continue
		}
		l.N++
		if is.ID.IsZero() || !parcel.IsFirm(is.Carrier) {
			l.Live, l.Status = false, carrier.Cancelled
		} else {
			l.Parcel, l.Fee = is.ID, s.feeOr(ctx, tx, l.Other, is, l.Fee)
			l.seen(is)
		}
		if err := s.saveLink(ctx, tx, sc, l); err != nil {
			return err
		}
		if err := askGive(ctx, tx, sc.Business, l.Other, l.Token); err != nil {
			return err
		}
	}
	return nil
}

// movedAtFirm tells the shop what its parcel's firm did, and books what was
// taken at the door for it.
func (s *Service) movedAtFirm(ctx context.Context, tx *store.Tx, sc authz.Scope, p parcel.Parcel, e parcel.Event) error {
	l, err := s.link(ctx, tx, sc, p.ID) // the firm's parcel is named by the token
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	news := l.Status != p.Status || e.Act == parcel.ActFail
	l.seen(p)
	if err := s.saveLink(ctx, tx, sc, l); err != nil {
		return err
	}
	if e.Act == parcel.ActTake && !l.Pickup.IsZero() {
		if err := s.counted(ctx, tx, sc, l); err != nil {
			return err
		}
	}
	if e.Act == parcel.ActDeliver && e.Amount > 0 {
		in := ledger.Line{Account: ledger.CourierCash, Holder: p.Courier, Amount: e.Amount}
		if e.Method == payment.QRIS {
			in = ledger.Line{Account: ledger.QRIS, Amount: e.Amount}
		}
		if p.Courier.IsZero() && in.Account == ledger.CourierCash {
			in = ledger.Line{Account: ledger.Cash, Amount: e.Amount} // somebody of the firm itself
		}
		if err := s.Books.Post(ctx, tx, sc, ledger.Entry{Key: "haul/cod/" + l.Token.String(), Kind: "haul.cod", Lines: []ledger.Line{
			in, {Account: ledger.CODOwed, Holder: l.Other, Amount: -e.Amount},
		}}); err != nil {
			return err
		}
	}
	if !news {
		return nil
	}
	return askTell(ctx, tx, sc.Business, l.Other, l.Token)
}

// give takes in how the shop has a parcel: one transaction reads the shop's,
// another writes the firm's.
func (s *Service) give(ctx context.Context, sc authz.Scope, a Give) error {
	theirs := authz.Job(a.Shop)
	var told Link
	var p parcel.Parcel
	err := s.db.View(ctx, theirs, func(tx *store.Tx) (err error) {
		if told, err = s.link(ctx, tx, theirs, a.Token); err != nil || !told.Live {
			return err
		}
		p, err = s.Parcels.GetTx(ctx, tx, theirs, told.Parcel)
		return err
	})
	if errors.Is(err, ErrNotFound) || err == nil && (told.Firm || told.Other != sc.Business) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error { return s.receive(ctx, tx, sc, a.Shop, told, p) })
}

// receive writes the firm's side. What it was told before, or later, it leaves.
func (s *Service) receive(ctx context.Context, tx *store.Tx, sc authz.Scope, shop id.ID, told Link, p parcel.Parcel) error {
	t, err := s.getTie(ctx, tx, sc, shop)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	have, err := s.link(ctx, tx, sc, told.Token)
	if errors.Is(err, ErrNotFound) {
		if !told.Live {
			return nil // it came and went before anybody was told
		}
		l := Link{Token: told.Token, Parcel: told.Token, Other: shop, Firm: true, Live: true, N: told.N, Fee: told.Fee, Status: carrier.Ready, COD: p.COD - p.Taken}
		if l.Pickup, err = s.pickupOf(ctx, tx, sc, told); err != nil {
			return err
		}
		fresh, err := s.insertLink(ctx, tx, sc, l)
		if err != nil {
			return err
		}
		if fresh {
			if _, err := s.Parcels.Carry(ctx, tx, sc, told.Token, p.Load(t.Name)); err != nil {
				return err
			}
			if t.Answer != Accepted { // it was given up meanwhile: the shop keeps it
				return s.do(ctx, tx, sc, told.Token, parcel.Move{Act: parcel.ActCancel})
			}
			return s.asked(ctx, tx, sc, l)
		}
	} else if err != nil {
		return err
	}
	now, err := s.Parcels.Lock(ctx, tx, sc, told.Token)
	if err != nil {
		return err
	}
	if have, err = s.link(ctx, tx, sc, told.Token); err != nil || told.N <= have.N {
		return err
	}
	have.N, have.Live, have.Fee = told.N, told.Live, told.Fee
	if err := s.saveLink(ctx, tx, sc, have); err != nil {
		return err
	}
	switch {
	case told.Live:
		_, err = s.Parcels.Reload(ctx, tx, sc, told.Token, p.Load(t.Name))
		return err
	case before(now.Status):
		return s.do(ctx, tx, sc, told.Token, parcel.Move{Act: parcel.ActCancel})
	case !now.Status.Final() && now.Status != carrier.Returning:
		return s.do(ctx, tx, sc, told.Token, parcel.Move{Act: parcel.ActTurn}) // it goes back to the shop
	}
	return nil
}

// do moves a parcel of the firm by the firm's own hand.
func (s *Service) do(ctx context.Context, tx *store.Tx, sc authz.Scope, parcelID id.ID, m parcel.Move) error {
	_, err := s.Parcels.DoTx(ctx, tx, sc, parcelID, m)
	return err
}

// said are the acts of a firm that its shop is told of.
var said = []parcel.Act{
	parcel.ActAsk, parcel.ActTake, parcel.ActHub, parcel.ActDepart, parcel.ActOut, parcel.ActDeliver, parcel.ActFail, parcel.ActHold, parcel.ActTurn,
	parcel.ActReturn, parcel.ActLose, parcel.ActBreak,
}

// news are the lines of the firm's timeline as the shop hears them.
func news(events []parcel.Event) []parcel.Told {
	var list []parcel.Told
	for _, e := range events {
		if !slices.Contains(said, e.Act) {
			continue
		}
		t := parcel.Told{Event: carrier.Event{At: e.At, Status: e.Status, Reason: e.Reason, Code: string(e.Act)}, DueFrom: e.DueFrom, DueUntil: e.DueUntil}
		switch e.Act {
		case parcel.ActHub, parcel.ActDepart:
			t.Place = e.Text
		case parcel.ActDeliver:
			amount := e.Amount
			t.Receiver, t.Relation, t.Taken = e.Receiver, e.Relation, &amount
		}
		list = append(list, t)
	}
	return list
}

// tell takes in how the firm has a parcel, all of it each time: what was heard
// before is heard once.
func (s *Service) tell(ctx context.Context, sc authz.Scope, a Tell) error {
	theirs := authz.Job(a.Firm)
	var told Link
	var events []parcel.Event
	err := s.db.View(ctx, theirs, func(tx *store.Tx) (err error) {
		if told, err = s.link(ctx, tx, theirs, a.Token); err != nil {
			return err
		}
		events, err = s.Parcels.Timeline(ctx, tx, theirs, told.Parcel)
		return err
	})
	if errors.Is(err, ErrNotFound) || err == nil && (!told.Firm || told.Other != sc.Business) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		l, err := s.link(ctx, tx, sc, a.Token)
		if errors.Is(err, ErrNotFound) || err == nil && !l.Live {
			return nil
		}
		if err != nil {
			return err
		}
		if told.Status == carrier.Cancelled {
			return s.handBack(ctx, tx, sc, l)
		}
		_, err = s.Parcels.Hear(ctx, tx, sc, l.Parcel, "firm", news(events))
		return err
	})
}

// handBack gives a parcel back to its shop that the firm does not carry.
func (s *Service) handBack(ctx context.Context, tx *store.Tx, sc authz.Scope, l Link) error {
	p, err := s.Parcels.Lock(ctx, tx, sc, l.Parcel)
	if err != nil || !parcel.IsFirm(p.Carrier) || !before(p.Status) {
		return err
	}
	return s.do(ctx, tx, sc, l.Parcel, parcel.Move{Act: parcel.ActChange, Carrier: parcel.Own})
}

// Erase tells the firms that have parcels of a customer to forget them too.
func (s *Service) Erase(ctx context.Context, tx *store.Tx, sc authz.Scope, customer id.ID) error {
	parcels, err := s.Parcels.OfCustomer(ctx, tx, sc, customer)
	if err != nil {
		return err
	}
	for _, p := range parcels {
		links, err := s.links(ctx, tx, sc, p)
		if err != nil {
			return err
		}
		for _, l := range links {
			if err := job.Put(ctx, tx, authz.Job(l.Other), Forget{l.Token}, job.Unique(l.Token.String())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) forget(ctx context.Context, sc authz.Scope, a Forget) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		l, err := s.link(ctx, tx, sc, a.Token)
		if errors.Is(err, ErrNotFound) || err == nil && !l.Firm {
			return nil
		}
		if err != nil {
			return err
		}
		return s.Parcels.Forget(ctx, tx, sc, l.Parcel)
	})
}
