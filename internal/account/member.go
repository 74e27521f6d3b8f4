package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// Membership is what a person may do, and for which business.
type Membership struct {
	ID       id.ID
	Business id.ID
	Role     authz.Role
	Perms    []authz.Perm
	Regions  []string
	Name     string // of the business
	Place    string
}

// AddMembership lets a person act for a business, in the caller's transaction.
// Who is a member already keeps that membership.
func (s *Service) AddMembership(ctx context.Context, tx *store.Tx, person, business id.ID, role authz.Role, perms []authz.Perm) error {
	s.changed(tx)
	list, err := s.q.MembershipsIn(ctx, tx, accountdb.MembershipsInParams{PersonID: person, BusinessID: business})
	if err != nil {
		return fmt.Errorf("memberships: %w", err)
	}
	for _, m := range list {
		if m.Role == string(role) || business != (id.ID{}) && m.Role == string(authz.Owner) {
			return nil
		}
	}
	if !business.IsZero() && len(list) > 0 { // one role a business: the new one takes the old one's place
		if err := s.RemoveMembership(ctx, tx, person, business); err != nil {
			return err
		}
	}
	_, err = s.q.InsertMembership(ctx, tx, accountdb.InsertMembershipParams{
		ID: id.New(), PersonID: person, BusinessID: business, Role: string(role), Perms: joined(only(role, perms)), CreatedAt: tx.Now,
	})
	if err != nil {
		return fmt.Errorf("insert membership: %w", err)
	}
	return nil
}

// AddOffice makes a person an officer of the regions, with ticked permissions.
func (s *Service) AddOffice(ctx context.Context, tx *store.Tx, person id.ID, role authz.Role, regions []string, perms []authz.Perm) error {
	s.changed(tx)
	_, err := s.q.InsertMembership(ctx, tx, accountdb.InsertMembershipParams{
		ID: id.New(), PersonID: person, Role: string(role), Perms: joined(only(role, perms)), Regions: strings.Join(regions, ","), CreatedAt: tx.Now,
	})
	if err != nil {
		return fmt.Errorf("insert office membership: %w", err)
	}
	return nil
}

// RemoveMembership ends what a person may do for a business, at once.
func (s *Service) RemoveMembership(ctx context.Context, tx *store.Tx, person, business id.ID) error {
	s.changed(tx)
	if err := s.q.DeletePINsOf(ctx, tx, accountdb.DeletePINsOfParams{PersonID: person, BusinessID: business}); err != nil {
		return fmt.Errorf("delete pin: %w", err)
	}
	if err := s.q.EndSessionsOfMember(ctx, tx, accountdb.EndSessionsOfMemberParams{PersonID: person, BusinessID: business}); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	if err := s.q.DeleteMembershipsOf(ctx, tx, accountdb.DeleteMembershipsOfParams{PersonID: person, BusinessID: business}); err != nil {
		return fmt.Errorf("delete membership: %w", err)
	}
	return nil
}

// EndMemberships ends everybody's memberships of a business that closes.
func (s *Service) EndMemberships(ctx context.Context, tx *store.Tx, business id.ID) error {
	s.changed(tx)
	for _, step := range []func(context.Context, accountdb.DBTX, id.ID) error{
		s.q.EndSessionsIn, s.q.DeletePINsIn, s.q.DeleteDevicesIn, s.q.DeleteInvitationsIn, s.q.DeleteMembershipsIn,
	} {
		if err := step(ctx, tx, business); err != nil {
			return fmt.Errorf("end memberships: %w", err)
		}
	}
	return nil
}

// Memberships lists what a person may act as.
func (s *Service) Memberships(ctx context.Context, person id.ID) (out []Membership, err error) {
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		rows, err := s.q.Memberships(ctx, tx, person)
		if err != nil {
			return fmt.Errorf("memberships: %w", err)
		}
		out = nil
		for _, m := range rows {
			out = append(out, Membership{ID: m.ID, Business: m.BusinessID, Role: authz.Role(m.Role), Perms: split[authz.Perm](m.Perms), Regions: split[string](m.Regions)})
		}
		return nil
	})
	for i := range out {
		if s.Business != nil && !out[i].Business.IsZero() {
			out[i].Name, _, out[i].Place = s.Business(ctx, out[i].Business)
		}
	}
	return out, err
}

// Member is somebody who works for a business, for its owner's list.
type Member struct {
	ID        id.ID // membership
	Person    id.ID
	Name      string
	Phone     phone.Number
	Role      authz.Role
	Perms     []authz.Perm
	PIN       bool
	PINLocked bool
	Password  bool // can sign in without the shared phone
	Since     time.Time
}

// Invitation waits to be taken.
type Invitation struct {
	ID        id.ID
	Name      string
	Role      authz.Role
	Perms     []authz.Perm
	ExpiresAt time.Time
}

// Device is a phone that helpers share.
type Device struct {
	ID        id.ID
	Name      string
	CreatedAt time.Time
}

// Roster is everybody who works for a business, whom it invited, and its shared phones.
type Roster struct {
	Members     []Member
	Invitations []Invitation
	Devices     []Device
}

// owns returns nil for whoever may manage the staff; a fresh proof is asked for changes alone.
func owns(sc authz.Scope) error {
	if err := sc.Can(authz.ManageStaff); err != nil && !errors.Is(err, authz.ErrFresh) {
		return err
	}
	if sc.Business.IsZero() {
		return authz.ErrForbidden
	}
	return nil
}

// Roster lists who works for the scope's business, for its owner.
func (s *Service) Roster(ctx context.Context, sc authz.Scope) (t Roster, err error) {
	if err := owns(sc); err != nil {
		return t, err
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		t = Roster{}
		t.Members, err = s.members(ctx, tx, sc.Business)
		if err != nil {
			return err
		}
		invs, err := s.q.Invitations(ctx, tx, accountdb.InvitationsParams{BusinessID: sc.Business, Now: tx.Now})
		if err != nil {
			return fmt.Errorf("invitations: %w", err)
		}
		for _, i := range invs {
			t.Invitations = append(t.Invitations, Invitation{i.ID, i.Name, authz.Role(i.Role), split[authz.Perm](i.Perms), i.ExpiresAt})
		}
		devs, err := s.q.Devices(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("devices: %w", err)
		}
		for _, d := range devs {
			t.Devices = append(t.Devices, Device{d.ID, d.Name, d.CreatedAt})
		}
		return nil
	})
	return t, err
}

func (s *Service) members(ctx context.Context, tx *store.Tx, business id.ID) ([]Member, error) {
	rows, err := s.q.Members(ctx, tx, business)
	if err != nil {
		return nil, fmt.Errorf("members: %w", err)
	}
	var out []Member
	for _, r := range rows {
		m := Member{
			ID: r.ID, Person: r.PersonID, Name: r.Name, Phone: phone.Number(r.Phone), Role: authz.Role(r.Role), Perms: split[authz.Perm](r.Perms),
			PIN: r.Tries != nil, PINLocked: r.Tries != nil && *r.Tries >= maxPINTries, Password: r.HasPassword, Since: r.CreatedAt,
		}
		out = append(out, m)
	}
	return out, nil
}

// Teammate is a person of a business, as those who work there know them.
type Teammate struct {
	Person id.ID
	Name   string
	Role   authz.Role
	Perms  []authz.Perm
}

// Brings reports whether the person may deliver parcels.
func (t Teammate) Brings() bool {
	return authz.Scope{Role: t.Role, Perms: t.Perms}.May(authz.Deliver)
}

// Team lists the people of the scope's business, for whoever works there.
func (s *Service) Team(ctx context.Context, sc authz.Scope) (out []Teammate, err error) {
	if sc.Business.IsZero() || sc.Role == authz.Guest || sc.Role == "" {
		return nil, authz.ErrForbidden
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		out, err = s.TeamTx(ctx, tx, sc)
		return err
	})
	return out, err
}

// TeamTx is Team within a transaction.
func (s *Service) TeamTx(ctx context.Context, tx *store.Tx, sc authz.Scope) (out []Teammate, err error) {
	list, err := s.members(ctx, tx, sc.Business)
	for _, m := range list {
		out = append(out, Teammate{m.Person, m.Name, m.Role, m.Perms})
	}
	return out, err
}

// NamesTx are the names of the people of a business, by account, for timelines and logs.
func (s *Service) NamesTx(ctx context.Context, tx *store.Tx, sc authz.Scope) (map[id.ID]string, error) {
	list, err := s.members(ctx, tx, sc.Business)
	out := map[id.ID]string{}
	for _, m := range list {
		out[m.Person] = m.Name
	}
	return out, err
}

// Invite is whom an owner wants to work with.
type Invite struct {
	Name  string
	Role  authz.Role
	Perms []authz.Perm
}

// Validate judges it.
func (i Invite) Validate() error {
	var f fault.Fields
	name := cleanName(i.Name)
	f.Check(name != "", "name", "form.required")
	f.Check(len([]rune(name)) <= MaxName, "name", "account.name_long", MaxName)
	f.Check(i.Role == authz.Staff || i.Role == authz.Courier, "role", "form.required")
	f.Check(i.Role != authz.Staff || len(only(i.Role, i.Perms)) > 0, "perms", "account.perms_none")
	return f.Err()
}

// Invite makes an invitation and returns its secret token, shown once.
func (s *Service) Invite(ctx context.Context, sc authz.Scope, i Invite) (token string, err error) {
	if err := sc.Can(authz.ManageStaff); err != nil {
		return "", err
	}
	if err := i.Validate(); err != nil {
		return "", err
	}
	token = id.Token()
	inv := id.New()
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.q.InsertInvitation(ctx, tx, accountdb.InsertInvitationParams{
			ID: inv, TokenHash: id.Hash(token), BusinessID: sc.Business, Role: string(i.Role), Perms: joined(only(i.Role, i.Perms)),
			Name: cleanName(i.Name), CreatedBy: sc.Actor, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(inviteFor),
		}); err != nil {
			return fmt.Errorf("insert invitation: %w", err)
		}
		return audit.Note(ctx, tx, sc, "staff.invited", inv, audit.Diff{"role": {To: i.Role}, "perms": {To: only(i.Role, i.Perms)}})
	})
	return token, err
}

// Withdraw takes an invitation back.
func (s *Service) Withdraw(ctx context.Context, sc authz.Scope, invitation id.ID) error {
	return s.manage(ctx, sc, "staff.invitation_withdrawn", invitation, func(tx *store.Tx) error {
		n, err := s.q.DeleteInvitation(ctx, tx, accountdb.DeleteInvitationParams{ID: invitation, BusinessID: sc.Business})
		return one(n, err, "delete invitation")
	})
}

// manage runs a change of the team with its rights and its entry in the log.
func (s *Service) manage(ctx context.Context, sc authz.Scope, verb string, object id.ID, change func(*store.Tx) error, diffs ...audit.Diff) error {
	if err := sc.Can(authz.ManageStaff); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		s.changed(tx)
		if err := change(tx); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, verb, object, diffs...)
	})
}

func one(n int64, err error, doing string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}

// Invited is what an invitation offers.
type Invited struct {
	ID       id.ID
	Business string
	Role     authz.Role
	Perms    []authz.Perm
	Regions  []string
	Name     string
	Office   bool // into the office, not into a business
}

// Invited reads an invitation; a wrong, used or old link is ErrLink.
func (s *Service) Invited(ctx context.Context, token string) (i Invited, err error) {
	var business id.ID
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		row, err := s.invitation(ctx, tx, token)
		i = Invited{
			ID: row.ID, Role: authz.Role(row.Role), Perms: split[authz.Perm](row.Perms), Regions: split[string](row.Regions), Name: row.Name, Office: row.BusinessID.IsZero(),
		}
		business = row.BusinessID
		return err
	})
	if err == nil && s.Business != nil && !business.IsZero() {
		i.Business, _, _ = s.Business(ctx, business)
	}
	return i, err
}

func (s *Service) invitation(ctx context.Context, tx *store.Tx, token string) (accountdb.InvitationRow, error) {
	row, err := s.q.Invitation(ctx, tx, id.Hash(token))
	if errors.Is(err, sql.ErrNoRows) || err == nil && (row.UsedAt != nil || !row.ExpiresAt.After(tx.Now)) {
		return accountdb.InvitationRow{}, ErrLink
	}
	if err != nil {
		return row, fmt.Errorf("invitation: %w", err)
	}
	return row, nil
}

// Join takes an invitation as the person of a session, who acts under it at once.
func (s *Service) Join(ctx context.Context, ses Session, token, label string) (fresh string, err error) {
	if ses.Scope.ByPIN {
		return "", authz.ErrPIN
	}
	var row accountdb.InvitationRow
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) (err error) {
		row, err = s.invitation(ctx, tx, token)
		return err
	})
	if err != nil {
		return "", err
	}
	m := id.New()
	sc := authz.Scope{Actor: ses.Scope.Actor, Membership: m, Role: authz.Role(row.Role), Business: row.BusinessID}
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		n, err := s.q.UseInvitation(ctx, tx, accountdb.UseInvitationParams{ID: row.ID, UsedAt: &tx.Now})
		if err != nil {
			return fmt.Errorf("use invitation: %w", err)
		}
		if n == 0 {
			return ErrLink
		}
		was, err := s.q.MembershipsIn(ctx, tx, accountdb.MembershipsInParams{PersonID: ses.Scope.Actor, BusinessID: row.BusinessID})
		if err != nil {
			return fmt.Errorf("memberships: %w", err)
		}
		if slices.ContainsFunc(was, func(m accountdb.Membership) bool { return m.Role == string(authz.Owner) }) {
			return ErrMember
		}
		// The sessions of an old membership end; this one is renewed below, so it is renewed first.
		if fresh, err = s.renew(ctx, tx, ses, label, func(p *accountdb.InsertSessionParams) { p.MembershipID = &m }); err != nil {
			return err
		}
		if err := s.take(ctx, tx, ses.Scope.Actor, row, m, len(was) > 0); err != nil {
			return err
		}
		p, err := s.person(ctx, tx, ses.Scope.Actor)
		if err != nil {
			return err
		}
		if p.Name == "" {
			if err := s.q.PutName(ctx, tx, accountdb.PutNameParams{ID: p.ID, Name: row.Name, UpdatedAt: tx.Now}); err != nil {
				return fmt.Errorf("put name: %w", err)
			}
		}
		verb := "staff.joined"
		if row.BusinessID.IsZero() {
			verb = "office.joined"
		}
		return audit.Note(ctx, tx, sc, verb, m)
	})
	return fresh, err
}

// take writes the membership that an invitation offers; in a business it takes the place of an old one.
func (s *Service) take(ctx context.Context, tx *store.Tx, person id.ID, row accountdb.InvitationRow, m id.ID, was bool) error {
	if row.BusinessID.IsZero() {
		return s.joinOffice(ctx, tx, person, row, m)
	}
	if was {
		if err := s.RemoveMembership(ctx, tx, person, row.BusinessID); err != nil {
			return err
		}
	}
	if _, err := s.q.InsertMembership(ctx, tx, accountdb.InsertMembershipParams{
		ID: m, PersonID: person, BusinessID: row.BusinessID, Role: row.Role, Perms: row.Perms, Regions: row.Regions, CreatedAt: tx.Now,
	}); err != nil {
		return fmt.Errorf("insert membership: %w", err)
	}
	return nil
}

// ChangePerms ticks other permissions for a member of the staff.
func (s *Service) ChangePerms(ctx context.Context, sc authz.Scope, member id.ID, perms []authz.Perm) error {
	perms = only(authz.Staff, perms)
	if len(perms) == 0 {
		return fault.New(fault.Invalid, "account.perms_none").On("perms")
	}
	return s.manage(ctx, sc, "staff.perms", member, func(tx *store.Tx) error {
		n, err := s.q.PutPerms(ctx, tx, accountdb.PutPermsParams{ID: member, BusinessID: sc.Business, Perms: joined(perms)})
		return one(n, err, "put permissions")
	}, audit.Diff{"perms": {To: perms}})
}

// Remove ends a membership and its sessions at once. The last owner stays.
func (s *Service) Remove(ctx context.Context, sc authz.Scope, member id.ID) error {
	return s.manage(ctx, sc, "staff.removed", member, func(tx *store.Tx) error {
		m, err := s.memberOf(ctx, tx, sc, member)
		if err != nil {
			return err
		}
		if m.Role == string(authz.Owner) {
			return ErrLastOwner
		}
		if err := s.RemoveMembership(ctx, tx, m.PersonID, sc.Business); err != nil {
			return err
		}
		return nil
	})
}

// EndSessions signs a member out everywhere they act for the business.
func (s *Service) EndSessions(ctx context.Context, sc authz.Scope, member id.ID) error {
	return s.manage(ctx, sc, "staff.signed_out", member, func(tx *store.Tx) error {
		m, err := s.memberOf(ctx, tx, sc, member)
		if err != nil {
			return err
		}
		if err := s.q.EndSessionsOfMembership(ctx, tx, &m.ID); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		return nil
	})
}

func (s *Service) memberOf(ctx context.Context, tx *store.Tx, sc authz.Scope, member id.ID) (accountdb.Membership, error) {
	m, err := s.q.Membership(ctx, tx, member)
	if errors.Is(err, sql.ErrNoRows) || err == nil && m.BusinessID != sc.Business {
		return m, ErrNotFound
	}
	if err != nil {
		return m, fmt.Errorf("membership: %w", err)
	}
	return m, nil
}
