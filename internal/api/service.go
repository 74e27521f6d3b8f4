package api

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"lapak/internal/account"
	"lapak/internal/api/apidb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/catalog"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
)

// Service keeps keys and answers.
type Service struct {
	db       *store.DB
	q        apidb.Queries
	accounts *account.Service
	seal     []byte
	own      []byte

	mu     sync.Mutex
	flying map[string]bool
}

// New makes the service. Keys of each purpose are derived from root.
func New(db *store.DB, root []byte, accounts *account.Service) (*Service, error) {
	s := &Service{db: db, accounts: accounts, flying: map[string]bool{}}
	var err error
	if s.seal, err = hkdf.Key(sha256.New, root, nil, "lapak api answer", 32); err != nil {
		return nil, fmt.Errorf("derive answer key: %w", err)
	}
	if s.own, err = hkdf.Key(sha256.New, root, nil, "lapak api demo", 32); err != nil {
		return nil, fmt.Errorf("derive demo key: %w", err)
	}
	return s, nil
}

// Register gives the runner the jobs of this package.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, func(ctx context.Context, sc authz.Scope, _ sweep) error { return s.Sweep(ctx, sc) })
}

// Make makes a key and returns its secret, which is shown once and kept
// nowhere. It needs the owner, and a fresh proof that it is them.
func (s *Service) Make(ctx context.Context, sc authz.Scope, d Draft) (Token, string, error) {
	if err := sc.Can(authz.ManageKeys); err != nil {
		return Token{}, "", err
	}
	return s.make(ctx, sc, d, mark+id.Secret())
}

func (s *Service) make(ctx context.Context, sc authz.Scope, d Draft, secret string) (Token, string, error) {
	d.Name = catalog.Clean(d.Name)
	if err := d.Validate(); err != nil {
		return Token{}, "", err
	}
	var t Token
	err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		n, err := s.q.CountTokens(ctx, tx, apidb.CountTokensParams{BusinessID: sc.Business, Now: tx.Now})
		if err != nil {
			return fmt.Errorf("count keys: %w", err)
		}
		if n >= MaxTokens {
			return ErrMany.With(MaxTokens)
		}
		before := tx.Now.AddDate(-1, 0, 0)
		if err := s.q.DropTokens(ctx, tx, apidb.DropTokensParams{BusinessID: sc.Business, Before: &before}); err != nil {
			return fmt.Errorf("drop old keys: %w", err)
		}
		t = Token{
			ID: d.ID, Name: d.Name, Begins: secret[:begins], Grants: split(joined(d.Grants)), Person: sc.Actor, CreatedAt: tx.Now,
			ExpiresAt: tx.Now.AddDate(0, 0, int(d.Days)),
		}
		made, err := s.q.InsertToken(ctx, tx, apidb.InsertTokenParams{
			ID: t.ID, BusinessID: sc.Business, TokenHash: id.Hash(secret), Begins: t.Begins, Name: t.Name, Grants: joined(t.Grants), PersonID: sc.Actor,
			MembershipID: sc.Membership, CreatedAt: tx.Now, ExpiresAt: t.ExpiresAt,
		})
		if err != nil {
			return fmt.Errorf("insert key: %w", err)
		}
		if made == 0 {
			return ErrTwice
		}
		return audit.Note(ctx, tx, sc, "key.made", t.ID, audit.Diff{
			"grants": {To: strings.Join(strings.Split(joined(t.Grants), ","), ", ")}, "expires": {To: t.ExpiresAt.Format(time.DateOnly)},
		})
	})
	if err != nil {
		return Token{}, "", err
	}
	return t, secret, nil
}

// List returns the shop's keys: those that work, then those that are over, each newest first.
func (s *Service) List(ctx context.Context, sc authz.Scope) ([]Token, error) {
	if err := sc.Can(authz.ManageKeys); err != nil && !errors.Is(err, authz.ErrFresh) {
		return nil, err
	}
	var list []Token
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.Tokens(ctx, tx, apidb.TokensParams{BusinessID: sc.Business, Now: tx.Now})
		if err != nil {
			return fmt.Errorf("list keys: %w", err)
		}
		for _, r := range rows {
			list = append(list, Token{r.ID, r.Name, r.Begins, split(r.Grants), r.PersonID, r.CreatedAt, r.ExpiresAt, r.RevokedAt, r.UsedAt})
		}
		return nil
	})
	return list, err
}

// Revoke ends a key: the next request with it is refused. Done twice, it does it once.
func (s *Service) Revoke(ctx context.Context, sc authz.Scope, token id.ID) error {
	if err := sc.Can(authz.ManageKeys); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		n, err := s.q.Revoke(ctx, tx, apidb.RevokeParams{BusinessID: sc.Business, ID: token, Now: &tx.Now})
		if err != nil {
			return fmt.Errorf("revoke key: %w", err)
		}
		if n == 0 {
			if has, err := s.q.HasToken(ctx, tx, apidb.HasTokenParams{BusinessID: sc.Business, ID: token}); err != nil || has > 0 {
				return err
			}
			return ErrNotFound
		}
		return audit.Note(ctx, tx, sc, "key.revoked", token)
	})
}

// seenStep is how exactly the last use of a key is known.
const seenStep = 5 * time.Minute

// Scope is who acts with a secret: its maker under the membership it was made
// with, as that stands now, and of that no more than the key was given. It is
// asked of each request, so that what changes counts for the next one.
func (s *Service) Scope(ctx context.Context, secret string) (authz.Scope, error) {
	if len(secret) != len(mark)+52 || !strings.HasPrefix(secret, mark) {
		return authz.Scope{}, ErrKey
	}
	var sc authz.Scope
	var seen bool
	err := s.db.View(ctx, authz.Scope{}, func(tx *store.Tx) error {
		t, err := s.q.ByHash(ctx, tx, id.Hash(secret))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrKey
		}
		if err != nil {
			return fmt.Errorf("read key: %w", err)
		}
		if t.RevokedAt != nil || !tx.Now.Before(t.ExpiresAt) {
			return ErrKey
		}
		own, ok, err := s.accounts.Rights(ctx, tx, authz.Scope{Actor: t.PersonID, Membership: t.MembershipID, Business: t.BusinessID})
		if err != nil {
			return err
		}
		if !ok {
			return ErrKey
		}
		sc = own
		sc.Token, sc.Only = t.ID, Verbs(split(t.Grants))
		seen = t.UsedAt != nil && tx.Now.Sub(*t.UsedAt) < seenStep
		return nil
	})
	if err != nil || seen || s.db.Writable() != nil {
		return sc, err
	}
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		return s.q.SeeToken(ctx, tx, apidb.SeeTokenParams{BusinessID: sc.Business, ID: sc.Token, UsedAt: &tx.Now})
	})
	if err != nil && !fault.Of(err).HasKind(fault.Unavailable) { // while nothing can be written, reading goes on
		return authz.Scope{}, fmt.Errorf("note use of key: %w", err)
	}
	return sc, nil
}

// About returns the key that a scope acts by.
func (s *Service) About(ctx context.Context, sc authz.Scope) (Token, error) {
	var t Token
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		r, err := s.q.Token(ctx, tx, apidb.TokenParams{BusinessID: sc.Business, ID: sc.Token})
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read key: %w", err)
		}
		t = Token{r.ID, r.Name, r.Begins, split(r.Grants), r.PersonID, r.CreatedAt, r.ExpiresAt, r.RevokedAt, r.UsedAt}
		return nil
	})
	return t, err
}
