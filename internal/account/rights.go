package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lapak/internal/account/accountdb"
	"lapak/internal/authz"
	"lapak/internal/store"
)

// Rights is sc with the role and permissions that its membership has now. ok is
// false if there is no such membership any more, or its person was shut out.
func (s *Service) Rights(ctx context.Context, tx *store.Tx, sc authz.Scope) (out authz.Scope, ok bool, err error) {
	r, err := s.q.Rights(ctx, tx, accountdb.RightsParams{ID: sc.Membership, BusinessID: sc.Business, PersonID: sc.Actor})
	if errors.Is(err, sql.ErrNoRows) {
		return authz.Scope{}, false, nil
	}
	if err != nil {
		return authz.Scope{}, false, fmt.Errorf("rights: %w", err)
	}
	sc.Role, sc.Perms = authz.Role(r.Role), split[authz.Perm](r.Perms)
	return sc, r.DisabledAt == nil, nil
}
