package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// AdminReset makes a one-time link on the console, for the one person who has
// proven the number, or else the only one who claims it. The second factor, if
// there is one, is still asked for.
func (s *Service) AdminReset(ctx context.Context, number string) (token string, err error) {
	return s.byConsole(ctx, number, false)
}

// AdminResetAll is AdminReset that takes away a lost second factor too: who
// works for the office enrols a new one after setting the password.
func (s *Service) AdminResetAll(ctx context.Context, number string) (token string, err error) {
	return s.byConsole(ctx, number, true)
}

func (s *Service) byConsole(ctx context.Context, number string, factor bool) (token string, err error) {
	n, err := phone.Parse(number)
	if err != nil {
		return "", err
	}
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		person, err := s.q.PhoneOwner(ctx, tx, n.E164())
		if errors.Is(err, sql.ErrNoRows) {
			rows, err := s.q.ClaimsOf(ctx, tx, n.E164())
			if err != nil {
				return fmt.Errorf("claims: %w", err)
			}
			switch len(rows) {
			case 0:
				return ErrNotFound
			case 1:
				person = rows[0].ID
			default:
				return fault.New(fault.Conflict, "account.several", len(rows))
			}
		} else if err != nil {
			return fmt.Errorf("phone owner: %w", err)
		}
		if factor {
			p, err := s.person(ctx, tx, person)
			if err != nil {
				return err
			}
			if err := s.dropFactor(ctx, tx, p); err != nil {
				return err
			}
			if err := audit.Note(ctx, tx, authz.Job(id.ID{}), "factor.dropped_by_console", person); err != nil {
				return err
			}
		}
		if token, err = s.link(ctx, tx, forReset, person, id.ID{}, "", handedFor); err != nil {
			return err
		}
		return audit.Note(ctx, tx, authz.Job(id.ID{}), "person.link_by_console", person)
	})
	return token, err
}

// FirstAdminLink makes the link by which the first admin signs up; false if there is one already.
func (s *Service) FirstAdminLink(ctx context.Context) (token string, made bool, err error) {
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		n, err := s.q.CountRole(ctx, tx, accountdb.CountRoleParams{Role: string(authz.Admin)})
		if err != nil {
			return fmt.Errorf("count admins: %w", err)
		}
		if made = n == 0; !made {
			return nil
		}
		token, err = s.link(ctx, tx, forAdmin, id.ID{}, id.ID{}, "", firstAdminFor)
		if err != nil {
			return err
		}
		return audit.Note(ctx, tx, authz.Job(id.ID{}), "admin.link_by_console", id.ID{})
	})
	return token, made, err
}

// IsFirstAdmin reports whether the link by which the first admin signs up still works.
func (s *Service) IsFirstAdmin(ctx context.Context, token string) (ok bool, err error) {
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		_, err := s.readLink(ctx, tx, forAdmin, token)
		if errors.Is(err, ErrLink) {
			ok = false
			return nil
		}
		ok = err == nil
		return err
	})
	return ok, err
}

// FirstAdmin signs up the first admin, who then enrols a second factor.
func (s *Service) FirstAdmin(ctx context.Context, token string, n Newcomer, at Where) (in In, err error) {
	if err := n.Validate(); err != nil {
		return in, err
	}
	ident, err := parseIdentity(n.Who)
	if err != nil {
		return in, err
	}
	hash, err := s.hash(ctx, n.Password)
	if err != nil {
		return in, err
	}
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		if _, err := s.takeLink(ctx, tx, forAdmin, token); err != nil {
			return err
		}
		admins, err := s.q.CountRole(ctx, tx, accountdb.CountRoleParams{Role: string(authz.Admin)})
		if err != nil {
			return fmt.Errorf("count admins: %w", err)
		}
		if admins > 0 {
			return ErrLink
		}
		person, err := s.insert(ctx, tx, n, ident, hash, at.Lang)
		if err != nil {
			return err
		}
		if err := s.AddOffice(ctx, tx, person, authz.Admin, nil, nil); err != nil {
			return err
		}
		if in, err = s.enter(ctx, tx, person, at, false); err != nil {
			return err
		}
		return audit.Note(ctx, tx, authz.Scope{Actor: person, Role: authz.Admin}, "admin.first", person)
	})
	return in, err
}
