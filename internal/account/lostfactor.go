package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// ErrSecondOfficer: who asked for help with a lost factor cannot confirm it too.
var ErrSecondOfficer = fault.New(fault.Conflict, "account.second_officer")

const (
	askFor    = 24 * time.Hour // the second officer has until then
	factorFor = time.Hour
)

// lost judges whether officers may help a person with a lost factor: not
// themselves, and not an admin, whom the console helps.
func (s *Service) lost(ctx context.Context, sc authz.Scope, p accountdb.Person, roles []authz.Role) error {
	var has bool
	err := s.db.View(ctx, scopeless, func(tx *store.Tx) (err error) {
		has, err = s.hasFactor(ctx, tx, p)
		return err
	})
	switch {
	case err != nil:
		return err
	case !has:
		return ErrNotFound
	case p.ID == sc.Actor || slices.Contains(roles, authz.Admin):
		return authz.ErrForbidden
	}
	return nil
}

// AskFactor notes that an officer saw the papers of somebody who lost the
// second factor. A second officer has to see them too.
func (s *Service) AskFactor(ctx context.Context, sc authz.Scope, person id.ID) error {
	p, roles, err := s.helped(ctx, sc, person)
	if err != nil {
		return err
	}
	if err := s.lost(ctx, sc, p, roles); err != nil {
		return err
	}
	return s.db.Tx(ctx, personal(sc), func(tx *store.Tx) error {
		if _, err := s.link(ctx, tx, forAsk, person, sc.Actor, "", askFor); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, p, "factor_asked"); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(sc), "factor.help_asked", person)
	})
}

// ConfirmFactor is the second officer's word: it makes a one-time link by
// which the person, with their password, sets a new second factor. For people
// of the office the second officer is an admin.
func (s *Service) ConfirmFactor(ctx context.Context, sc authz.Scope, person id.ID) (token string, err error) {
	p, roles, err := s.helped(ctx, sc, person)
	if err != nil {
		return "", err
	}
	if err := s.lost(ctx, sc, p, roles); err != nil {
		return "", err
	}
	if slices.ContainsFunc(roles, needsFactor) && sc.Role != authz.Admin {
		return "", authz.ErrForbidden
	}
	err = s.db.Tx(ctx, personal(sc), func(tx *store.Tx) error {
		ask, err := s.q.LinkOf(ctx, tx, accountdb.LinkOfParams{PersonID: person, Purpose: forAsk, Now: tx.Now})
		if nothing(err) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("asked: %w", err)
		}
		if ask.CreatedBy == sc.Actor {
			return ErrSecondOfficer
		}
		n, err := s.q.UseLink(ctx, tx, accountdb.UseLinkParams{TokenHash: ask.TokenHash, Purpose: forAsk, UsedAt: &tx.Now})
		if err := one(n, err, "use asked"); err != nil {
			return err
		}
		if token, err = s.link(ctx, tx, forFactor, person, sc.Actor, "", factorFor); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, p, "factor_help"); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(sc), "factor.help_confirmed", person, audit.Diff{"asked_by": {To: ask.CreatedBy}})
	})
	return token, err
}

// FactorFor says whether a link to set a new second factor still works, and
// how the person is called there.
func (s *Service) FactorFor(ctx context.Context, token string) (name string, err error) {
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		l, err := s.readLink(ctx, tx, forFactor, token)
		if err != nil {
			return err
		}
		p, err := s.person(ctx, tx, l.PersonID)
		name = p.Name
		return err
	})
	return name, err
}

// DropFactor takes the lost factor away by a one-time link and the password,
// and signs in; the page goes on to enrolling a new one.
func (s *Service) DropFactor(ctx context.Context, token, password string, at Where) (in In, err error) {
	var p accountdb.Person
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		l, err := s.readLink(ctx, tx, forFactor, token)
		if err != nil {
			return err
		}
		p, err = s.person(ctx, tx, l.PersonID)
		return err
	})
	if err != nil {
		return in, err
	}
	if err := s.again(ctx, p, password, at.Address); err != nil {
		return in, err
	}
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		if _, err := s.takeLink(ctx, tx, forFactor, token); err != nil {
			return err
		}
		if err := s.dropFactor(ctx, tx, p); err != nil {
			return err
		}
		if in, err = s.enter(ctx, tx, p.ID, at, false); err != nil {
			return err
		}
		return audit.Note(ctx, tx, authz.Scope{Actor: p.ID, Role: authz.Person}, "factor.dropped", p.ID)
	})
	return in, err
}

// dropFactor takes a person's factors and recovery codes away and ends all of their sessions.
func (s *Service) dropFactor(ctx context.Context, tx *store.Tx, p accountdb.Person) error {
	if err := s.q.PutTOTP(ctx, tx, accountdb.PutTOTPParams{ID: p.ID, UpdatedAt: tx.Now}); err != nil {
		return fmt.Errorf("drop factor: %w", err)
	}
	if err := s.q.DeleteCodes(ctx, tx, p.ID); err != nil {
		return fmt.Errorf("delete codes: %w", err)
	}
	if err := s.q.DeletePasskeys(ctx, tx, p.ID); err != nil {
		return fmt.Errorf("delete passkeys: %w", err)
	}
	if err := s.endOthers(ctx, tx, p.ID, ""); err != nil {
		return err
	}
	return s.tell(ctx, tx, p, "factor_dropped")
}
