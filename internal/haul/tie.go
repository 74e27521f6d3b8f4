package haul

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/haul/hauldb"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
)

// Agree tells the other business what this one wants, or answers.
type Agree struct {
	Other id.ID `json:"other"` // who tells
}

// Kind names the job.
func (Agree) Kind() string { return "haul.agree" }

func tieOf(r hauldb.HaulTy) Tie {
	return Tie{
		r.OtherID, r.Firm, r.Code, r.Name, r.Phone, r.Village, r.Street, r.Landmark, r.LatE6, r.LngE6, Wish(r.Wish), r.WishN, Answer(r.Answer), r.AnswerN, r.ChangedAt,
	}
}

func (s *Service) getTie(ctx context.Context, tx *store.Tx, sc authz.Scope, other id.ID) (Tie, error) {
	r, err := s.q.Tie(ctx, tx, hauldb.TieParams{BusinessID: sc.Business, OtherID: other})
	if errors.Is(err, sql.ErrNoRows) {
		return Tie{}, ErrNotFound
	}
	if err != nil {
		return Tie{}, fmt.Errorf("read tie: %w", err)
	}
	return tieOf(r), nil
}

// lockTie is getTie for a change: the two writers of a tie wait for each other.
func (s *Service) lockTie(ctx context.Context, tx *store.Tx, sc authz.Scope, other id.ID) (Tie, error) {
	r, err := s.q.LockTie(ctx, tx, hauldb.LockTieParams{BusinessID: sc.Business, OtherID: other})
	if errors.Is(err, sql.ErrNoRows) {
		return Tie{}, ErrNotFound
	}
	if err != nil {
		return Tie{}, fmt.Errorf("lock tie: %w", err)
	}
	return tieOf(r), nil
}

func (s *Service) tieByCode(ctx context.Context, tx *store.Tx, sc authz.Scope, code string) (Tie, error) {
	r, err := s.q.TieByCode(ctx, tx, hauldb.TieByCodeParams{BusinessID: sc.Business, Code: code})
	if errors.Is(err, sql.ErrNoRows) {
		return Tie{}, ErrTied
	}
	if err != nil {
		return Tie{}, fmt.Errorf("read tie: %w", err)
	}
	return tieOf(r), nil
}

func (s *Service) putTie(ctx context.Context, tx *store.Tx, sc authz.Scope, t Tie) error {
	if err := s.q.PutTie(ctx, tx, hauldb.PutTieParams{
		BusinessID: sc.Business, OtherID: t.Other, Firm: t.Firm, Code: t.Code, Name: t.Name, Phone: t.Phone, Village: t.Village, Street: t.Street,
		Landmark: t.Landmark, LatE6: t.LatE6, LngE6: t.LngE6, Wish: string(t.Wish), WishN: t.WishN, Answer: string(t.Answer), AnswerN: t.AnswerN, ChangedAt: tx.Now,
	}); err != nil {
		return fmt.Errorf("put tie: %w", err)
	}
	return nil
}

// Ties lists the firms of a shop, or the shops of a firm.
func (s *Service) Ties(ctx context.Context, sc authz.Scope, firm bool) ([]Tie, error) {
	if err := sc.Can(authz.SeeOrders); err != nil {
		return nil, err
	}
	var list []Tie
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		list, err = s.ties(ctx, tx, sc, firm)
		return err
	})
	return list, err
}

func (s *Service) ties(ctx context.Context, tx *store.Tx, sc authz.Scope, firm bool) ([]Tie, error) {
	rows, err := s.q.Ties(ctx, tx, hauldb.TiesParams{BusinessID: sc.Business, Firm: firm})
	if err != nil {
		return nil, fmt.Errorf("list ties: %w", err)
	}
	list := make([]Tie, len(rows))
	for i, r := range rows {
		list[i] = tieOf(r)
	}
	return list, nil
}

// With returns the tie with another business.
func (s *Service) With(ctx context.Context, sc authz.Scope, other id.ID) (Tie, error) {
	if err := sc.Can(authz.SeeOrders); err != nil {
		return Tie{}, err
	}
	var t Tie
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		t, err = s.getTie(ctx, tx, sc, other)
		return err
	})
	return t, err
}

// Ask tells a firm that the shop wants to give it parcels. Asked again it is
// told again.
func (s *Service) Ask(ctx context.Context, sc authz.Scope, firm id.ID) error {
	return s.wish(ctx, sc, firm, Asked)
}

// End tells a firm that the shop gives it no more. What it has it brings.
func (s *Service) End(ctx context.Context, sc authz.Scope, firm id.ID) error {
	return s.wish(ctx, sc, firm, Ended)
}

func (s *Service) wish(ctx context.Context, sc authz.Scope, firm id.ID, w Wish) error {
	if err := sc.Can(authz.EditShop); err != nil {
		return err
	}
	if firm == sc.Business {
		return ErrSelf
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		v, open, err := s.summary(ctx, tx, firm)
		if err != nil {
			return err
		}
		t, err := s.lockTie(ctx, tx, sc, firm)
		if errors.Is(err, ErrNotFound) {
			if !open || w != Asked {
				return ErrNotFound
			}
			t = Tie{Other: firm, Code: v.Code, Name: v.Name, Village: v.Village}
		} else if err != nil {
			return err
		}
		if t.Firm {
			return ErrSelf // it is a customer of this firm
		}
		was := t.Wish
		t.Wish, t.WishN = w, t.WishN+1
		if err := s.putTie(ctx, tx, sc, t); err != nil {
			return err
		}
		if err := audit.Note(ctx, tx, sc, "haul."+string(w), firm, audit.Diff{"wish": {From: string(was), To: string(w)}}); err != nil {
			return err
		}
		return job.Put(ctx, tx, authz.Job(firm), Agree{sc.Business}, job.Unique(sc.Business.String()))
	})
}

// Reply is what a firm says to a shop that asked.
func (s *Service) Reply(ctx context.Context, sc authz.Scope, shop id.ID, a Answer) error {
	if err := sc.Can(authz.EditShop); err != nil {
		return err
	}
	if a != Accepted && a != Refused {
		return ErrNotFound
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		t, err := s.lockTie(ctx, tx, sc, shop)
		if err != nil {
			return err
		}
		if !t.Firm {
			return ErrNotFound
		}
		was := t.Answer
		t.Answer, t.AnswerN = a, t.AnswerN+1
		if err := s.putTie(ctx, tx, sc, t); err != nil {
			return err
		}
		if a == Accepted {
			if err := s.q.PutPair(ctx, tx, hauldb.PutPairParams{ShopID: shop, FirmID: sc.Business}); err != nil {
				return fmt.Errorf("put pair: %w", err)
			}
		}
		if err := audit.Note(ctx, tx, sc, "haul."+string(a), shop, audit.Diff{"answer": {From: string(was), To: string(a)}}); err != nil {
			return err
		}
		return job.Put(ctx, tx, authz.Job(shop), Agree{sc.Business}, job.Unique(sc.Business.String()))
	})
}

// tie takes in what the other business wants or answered, as it stands now.
func (s *Service) tie(ctx context.Context, sc authz.Scope, a Agree) error {
	theirs := authz.Job(a.Other)
	var told Tie
	var who business.Business
	err := s.db.View(ctx, theirs, func(tx *store.Tx) (err error) {
		if told, err = s.getTie(ctx, tx, theirs, sc.Business); err != nil {
			return err
		}
		who, err = s.Shops.GetTx(ctx, tx, theirs)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		t, err := s.lockTie(ctx, tx, sc, a.Other)
		if errors.Is(err, ErrNotFound) {
			if told.Firm {
				return nil // an answer to what was never asked
			}
			f, err := s.firm(ctx, tx, sc)
			if errors.Is(err, ErrNoFirm) {
				return nil
			}
			if err != nil {
				return err
			}
			t = Tie{Other: a.Other, Firm: true, Code: f.Code}
		} else if err != nil {
			return err
		}
		if t.Firm == told.Firm {
			return nil
		}
		if told.Firm && told.AnswerN > t.AnswerN {
			t.Answer, t.AnswerN = told.Answer, told.AnswerN
		}
		if !told.Firm && told.WishN > t.WishN {
			t.Wish, t.WishN = told.Wish, told.WishN
		}
		t.Name, t.Phone, t.Village, t.Street, t.Landmark = who.Name, who.Chat(), who.Village, who.Street, who.Landmark
		t.LatE6, t.LngE6 = nil, nil
		if who.Pinned {
			lat, lng := int64(who.Lat*1e6), int64(who.Lng*1e6)
			t.LatE6, t.LngE6 = &lat, &lng
		}
		return s.putTie(ctx, tx, sc, t)
	})
}
