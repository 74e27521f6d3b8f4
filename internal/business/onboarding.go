package business

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"lapak/internal/authz"
	"lapak/internal/business/businessdb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// Step is where a person stands in opening a shop.
type Step string

// The steps, in order. There is no last one: who is through has no progress left.
const (
	StepShop    Step = "shop"
	StepProduct Step = "product"
	StepWays    Step = "ways"
)

var steps = []Step{StepShop, StepProduct, StepWays}

// Progress is how far a person has come, and what they have said so far. It is
// kept here and not on the phone, which may die.
type Progress struct {
	Step     Step
	Business id.ID // once the shop is made
	Shop     NewShop
	Product  id.ID // once the first product is made
}

// Progress is the scope's person's; ok is false if they are not opening a shop.
func (s *Service) Progress(ctx context.Context, sc authz.Scope) (p Progress, ok bool, err error) {
	if err := sc.Can(authz.SignedIn); err != nil {
		return Progress{}, false, err
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		p, ok, err = s.progress(ctx, tx, sc)
		return err
	})
	return p, ok, err
}

func (s *Service) progress(ctx context.Context, tx *store.Tx, sc authz.Scope) (Progress, bool, error) {
	r, err := s.q.Onboarding(ctx, tx, sc.Actor)
	if errors.Is(err, sql.ErrNoRows) {
		return Progress{Step: StepShop}, false, nil
	}
	if err != nil {
		return Progress{}, false, fmt.Errorf("read progress: %w", err)
	}
	p := Progress{Step: Step(r.Step), Business: id.Or(r.BusinessID), Product: id.Or(r.ProductID)}
	p.Shop = NewShop{ID: p.Business, Name: r.Name, Trade: r.Trade, Village: r.Village, Phone: r.Phone, SoldBefore: SoldBefore(r.SoldBefore)}
	return p, true, nil
}

func (s *Service) putProgress(ctx context.Context, tx *store.Tx, sc authz.Scope, p Progress) error {
	err := s.q.PutOnboarding(ctx, tx, businessdb.PutOnboardingParams{
		PersonID: sc.Actor, BusinessID: p.Business.Null(), Step: string(p.Step), Name: p.Shop.Name, Trade: p.Shop.Trade, Village: p.Shop.Village,
		Phone: p.Shop.Phone, SoldBefore: string(p.Shop.SoldBefore), ProductID: p.Product.Null(), UpdatedAt: tx.Now,
	})
	return wrap(err, "write progress")
}

// Begin opens the shop of a person who goes through the steps, or changes it if
// they came back to the first one. What they typed is kept even when something
// in it is wrong. It returns the shop to act under from now on.
func (s *Service) Begin(ctx context.Context, sc authz.Scope, d NewShop) (id.ID, error) {
	if err := sc.Can(authz.SignedIn); err != nil {
		return id.ID{}, err
	}
	d.Name = clean(d.Name)
	have, _, err := s.Progress(ctx, sc)
	if err != nil {
		return id.ID{}, err
	}
	if !have.Business.IsZero() {
		return have.Business, s.beginAgain(ctx, sc, have, d)
	}
	if err := d.Validate(); err != nil {
		kept := Progress{Step: StepShop, Shop: d.clipped()}
		if perr := s.db.Tx(ctx, sc, func(tx *store.Tx) error { return s.putProgress(ctx, tx, sc, kept) }); perr != nil {
			return id.ID{}, perr
		}
		return id.ID{}, err
	}
	own := ownerScope(sc, d.ID)
	err = s.db.Tx(ctx, own, func(tx *store.Tx) error {
		if now, _, err := s.progress(ctx, tx, sc); err != nil || now.Business == d.ID {
			return err // the form was sent twice
		}
		if _, err := s.CreateTx(ctx, tx, own, d); err != nil {
			return err
		}
		return s.putProgress(ctx, tx, sc, Progress{Step: StepProduct, Business: d.ID, Shop: d})
	})
	return d.ID, err
}

// beginAgain changes the shop that was made in an earlier pass.
func (s *Service) beginAgain(ctx context.Context, sc authz.Scope, have Progress, d NewShop) error {
	d.ID = have.Business
	if err := d.Validate(); err != nil {
		return err
	}
	if sc.Business != have.Business {
		return nil // the caller acts under it from the next request on
	}
	b, err := s.Get(ctx, sc)
	if err != nil {
		return err
	}
	p := b.Profile()
	p.Name, p.Trade, p.Village, p.Phone, p.KBLI = d.Name, d.Trade, d.Village, d.Phone, ""
	if _, err := s.PutProfile(ctx, sc, p); err != nil {
		return err
	}
	have.Shop = d
	if have.Step == StepShop {
		have.Step = StepProduct
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error { return s.putProgress(ctx, tx, sc, have) })
}

// clipped is what may be kept of a shop that was typed wrongly.
func (d NewShop) clipped() NewShop {
	cut := func(s string, n int) string {
		if r := []rune(s); len(r) > n {
			return string(r[:n])
		}
		return s
	}
	d.Name, d.Trade, d.Village, d.Phone = cut(d.Name, 2*maxName), cut(d.Trade, 10), cut(d.Village, 13), cut(clean(d.Phone), 30)
	if !d.SoldBefore.known() {
		d.SoldBefore = ""
	}
	return d
}

// Advance notes that the person is through with a step; product is the first
// product if that is what was made. It never goes back.
func (s *Service) Advance(ctx context.Context, sc authz.Scope, done Step, product id.ID) error {
	if err := sc.Can(authz.EditShop); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		p, ok, err := s.progress(ctx, tx, sc)
		if err != nil || !ok || p.Business != sc.Business {
			return err
		}
		if i := slices.Index(steps, done); i+1 < len(steps) && slices.Index(steps, p.Step) <= i {
			p.Step = steps[i+1]
		}
		if !product.IsZero() {
			p.Product = product
		}
		return s.putProgress(ctx, tx, sc, p)
	})
}

// Finish shows the shop to the public and ends the steps.
func (s *Service) Finish(ctx context.Context, sc authz.Scope) (Business, error) {
	b, err := s.Publish(ctx, sc)
	if err != nil {
		return Business{}, err
	}
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		_, err := s.q.DeleteOnboarding(ctx, tx, sc.Actor)
		return wrap(err, "end progress")
	})
	return b, err
}
