package business

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/business/businessdb"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// ErrHandoverGone is the one answer to a link that is wrong, used, withdrawn or too old.
var (
	ErrHandoverGone = fault.New(fault.NotFound, "business.handover_gone")
	ErrHandoverOwn  = fault.New(fault.Conflict, "business.handover_own")
)

// HandoverFor is how long a hand-over link lives.
const HandoverFor = 72 * time.Hour

// Handover is an offer to give a shop to whoever opens the link and accepts.
type Handover struct {
	Business id.ID
	Name     string
	Slug     string
	Town     string
	From     id.ID
	Expires  time.Time
}

// OfferHandover makes the link by which the shop goes to another person; an
// earlier link ends. It returns the token, which is shown once.
func (s *Service) OfferHandover(ctx context.Context, sc authz.Scope) (string, error) {
	if err := sc.Can(authz.EndShop); err != nil {
		return "", err
	}
	token := id.Token()
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		b, err := s.GetTx(ctx, tx, sc)
		if err != nil {
			return err
		}
		if b.State == StateEnded {
			return ErrEnded
		}
		if _, err := s.q.RevokeHandovers(ctx, tx, businessdb.RevokeHandoversParams{BusinessID: sc.Business, RevokedAt: &tx.Now}); err != nil {
			return fmt.Errorf("revoke hand-over: %w", err)
		}
		err = s.q.InsertHandover(ctx, tx, businessdb.InsertHandoverParams{
			TokenHash: id.Hash(token), BusinessID: sc.Business, FromPerson: sc.Actor, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(HandoverFor),
		})
		if err != nil {
			return fmt.Errorf("insert hand-over: %w", err)
		}
		return audit.Note(ctx, tx, sc, "business.handover_offered", sc.Business)
	})
	return token, err
}

// WithdrawHandover ends an open link.
func (s *Service) WithdrawHandover(ctx context.Context, sc authz.Scope) error {
	if err := sc.Can(authz.EditShop); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		n, err := s.q.RevokeHandovers(ctx, tx, businessdb.RevokeHandoversParams{BusinessID: sc.Business, RevokedAt: &tx.Now})
		if err != nil || n == 0 {
			return wrap(err, "revoke hand-over")
		}
		return audit.Note(ctx, tx, sc, "business.handover_withdrawn", sc.Business)
	})
}

// OpenHandover tells until when a link of the scope's shop is open; zero if none is.
func (s *Service) OpenHandover(ctx context.Context, sc authz.Scope) (time.Time, error) {
	var until time.Time
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		rows, err := s.q.OpenHandover(ctx, tx, businessdb.OpenHandoverParams{BusinessID: sc.Business, Now: tx.Now})
		if err == nil && len(rows) > 0 {
			until = rows[0].ExpiresAt
		}
		return wrap(err, "read hand-over")
	})
	return until, err
}

// Handover reads the offer behind a link.
func (s *Service) Handover(ctx context.Context, sc authz.Scope, token string) (Handover, error) {
	var h Handover
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		h, err = s.handover(ctx, tx, token)
		return err
	})
	return h, err
}

func (s *Service) handover(ctx context.Context, tx *store.Tx, token string) (Handover, error) {
	r, err := s.q.Handover(ctx, tx, id.Hash(token))
	if errors.Is(err, sql.ErrNoRows) {
		return Handover{}, ErrHandoverGone
	}
	if err != nil {
		return Handover{}, fmt.Errorf("read hand-over: %w", err)
	}
	if r.AcceptedAt != nil || r.RevokedAt != nil || !r.ExpiresAt.After(tx.Now) {
		return Handover{}, ErrHandoverGone
	}
	e, err := s.q.Entry(ctx, tx, r.BusinessID)
	if err != nil {
		return Handover{}, fmt.Errorf("read registry: %w", err)
	}
	return Handover{r.BusinessID, e.Name, e.Slug, entryOf(e).Place().Town(), r.FromPerson, r.ExpiresAt}, nil
}

// AcceptHandover makes the person of the scope the shop's owner; who offered it
// is no longer one. It returns the business.
func (s *Service) AcceptHandover(ctx context.Context, sc authz.Scope, token string) (id.ID, error) {
	if err := sc.Can(authz.SignedIn); err != nil {
		return id.ID{}, err
	}
	h, err := s.Handover(ctx, sc, token)
	if err != nil {
		return id.ID{}, err
	}
	if h.From == sc.Actor {
		return id.ID{}, ErrHandoverOwn
	}
	own := ownerScope(sc, h.Business)
	err = s.db.Tx(ctx, own, func(tx *store.Tx) error {
		n, err := s.q.AcceptHandover(ctx, tx, businessdb.AcceptHandoverParams{TokenHash: id.Hash(token), AcceptedAt: &tx.Now, ToPerson: sc.Actor.Null()})
		if err != nil {
			return fmt.Errorf("accept hand-over: %w", err)
		}
		if n == 0 {
			return ErrHandoverGone
		}
		if err := s.accounts.RemoveMembership(ctx, tx, h.From, h.Business); err != nil {
			return err
		}
		if err := s.accounts.AddMembership(ctx, tx, sc.Actor, h.Business, authz.Owner, nil); err != nil {
			return err
		}
		// The old owner's identity number does not go with the shop.
		if _, err := s.q.PutNIK(ctx, tx, businessdb.PutNIKParams{BusinessID: h.Business, UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("wipe number: %w", err)
		}
		return audit.Note(ctx, tx, own, "business.handed_over", h.Business, audit.Diff{"owner": change(h.From.String(), sc.Actor.String())})
	})
	return h.Business, err
}
