package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// Faults of the office's people.
var (
	ErrLastAdmin = fault.New(fault.Conflict, "account.last_admin")    // the installation keeps an admin
	ErrOfficer   = fault.New(fault.Conflict, "account.officer_twice") // has that role already
)

// OfficeRoles are the roles that an admin gives, in the order of the form.
var OfficeRoles = []authz.Role{authz.Office, authz.Facilitator, authz.Analyst, authz.Admin}

// MaxRegions is how many regions one officer may have.
const MaxRegions = 50

const officeInviteFor = 3 * 24 * time.Hour

// Officer is somebody of the office, for the admin's list.
type Officer struct {
	ID      id.ID // membership
	Person  id.ID
	Name    string
	Phone   phone.Number
	Mail    string
	Role    authz.Role
	Perms   []authz.Perm
	Regions []string
	Factor  bool // a second step is enrolled; until then they cannot act
	Since   time.Time
}

// OfficeInvitation waits to be taken.
type OfficeInvitation struct {
	ID        id.ID
	Name      string
	Role      authz.Role
	Perms     []authz.Perm
	Regions   []string
	ExpiresAt time.Time
}

// admin returns nil for whoever runs the installation, under no business.
func admin(sc authz.Scope) error {
	if err := sc.Can(authz.RunInstallation); err != nil {
		return err
	}
	if !sc.Business.IsZero() {
		return authz.ErrForbidden
	}
	return nil
}

// AdminMails are the addresses of those who run the installation, as far as
// they gave one.
func (s *Service) AdminMails(ctx context.Context, tx *store.Tx) ([]string, error) {
	rows, err := s.q.Officers(ctx, tx, id.ID{})
	if err != nil {
		return nil, fmt.Errorf("officers: %w", err)
	}
	var out []string
	for _, r := range rows {
		if authz.Role(r.Role) == authz.Admin && r.Mail != "" {
			out = append(out, r.Mail)
		}
	}
	return out, nil
}

// Office lists the people of the office and whom it invited.
func (s *Service) Office(ctx context.Context, sc authz.Scope) (people []Officer, invited []OfficeInvitation, err error) {
	if err := admin(sc); err != nil {
		return nil, nil, err
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		people, invited = nil, nil
		rows, err := s.q.Officers(ctx, tx, id.ID{})
		if err != nil {
			return fmt.Errorf("officers: %w", err)
		}
		for _, r := range rows {
			people = append(people, Officer{
				ID: r.ID, Person: r.PersonID, Name: r.Name, Phone: phone.Number(r.Phone), Mail: r.Mail, Role: authz.Role(r.Role),
				Perms: split[authz.Perm](r.Perms), Regions: split[string](r.Regions), Factor: r.TotpAt != nil || r.Passkeys > 0, Since: r.CreatedAt,
			})
		}
		invs, err := s.q.OfficeInvitations(ctx, tx, accountdb.OfficeInvitationsParams{Now: tx.Now})
		if err != nil {
			return fmt.Errorf("invitations: %w", err)
		}
		for _, i := range invs {
			invited = append(invited, OfficeInvitation{i.ID, i.Name, authz.Role(i.Role), split[authz.Perm](i.Perms), split[string](i.Regions), i.ExpiresAt})
		}
		return nil
	})
	return people, invited, err
}

// OfficeInvite is whom an admin wants in the office.
type OfficeInvite struct {
	Name    string
	Role    authz.Role
	Perms   []authz.Perm
	Regions []string
}

// regionCode has the form of a province's, regency's, district's or village's code.
var regionCode = regexp.MustCompile(`^\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?$`)

// judgeRights says what is wrong with an officer's ticks and regions.
func judgeRights(f *fault.Fields, role authz.Role, perms []authz.Perm, regions []string) {
	f.Check(role != authz.Office || len(only(role, perms)) > 0, "perms", "account.perms_none")
	f.Check(role != authz.Office || len(regions) > 0, "regions", "account.regions_none")
	f.Check(len(regions) <= MaxRegions, "regions", "account.regions_many", MaxRegions)
	for _, r := range regions {
		f.Check(regionCode.MatchString(r), "regions", "account.region_unknown")
	}
}

// regional keeps the regions for roles that have some, each once, without
// those that lie within another.
func regional(role authz.Role, regions []string) []string {
	if role == authz.Admin || role == authz.Analyst {
		return nil
	}
	regions = slices.Compact(slices.Sorted(slices.Values(regions)))
	var out []string
	for _, r := range regions { // sorted, so a region stands before what lies in it
		if !(authz.Scope{Regions: out}).Covers(r) {
			out = append(out, r)
		}
	}
	return out
}

// Validate judges it.
func (i OfficeInvite) Validate() error {
	var f fault.Fields
	name := cleanName(i.Name)
	f.Check(name != "", "name", "form.required")
	f.Check(len([]rune(name)) <= MaxName, "name", "account.name_long", MaxName)
	f.Check(slices.Contains(OfficeRoles, i.Role), "role", "form.required")
	judgeRights(&f, i.Role, i.Perms, i.Regions)
	return f.Err()
}

// InviteOffice makes an invitation into the office and returns its secret
// token, shown once. Who takes it acts only after enrolling a second factor.
func (s *Service) InviteOffice(ctx context.Context, sc authz.Scope, i OfficeInvite) (token string, err error) {
	if err := admin(sc); err != nil {
		return "", err
	}
	if err := i.Validate(); err != nil {
		return "", err
	}
	perms, regions := only(i.Role, i.Perms), regional(i.Role, i.Regions)
	token = id.Token()
	inv := id.New()
	return token, s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.q.InsertInvitation(ctx, tx, accountdb.InsertInvitationParams{
			ID: inv, TokenHash: id.Hash(token), Role: string(i.Role), Perms: joined(perms), Regions: joined(regions),
			Name: cleanName(i.Name), CreatedBy: sc.Actor, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(officeInviteFor),
		}); err != nil {
			return fmt.Errorf("insert invitation: %w", err)
		}
		return audit.Note(ctx, tx, sc, "office.invited", inv, audit.Diff{"role": {To: i.Role}, "perms": {To: perms}, "regions": {To: regions}})
	})
}

// run runs a change of the office with its rights and its entry in the log.
func (s *Service) run(ctx context.Context, sc authz.Scope, verb string, object id.ID, change func(*store.Tx) (audit.Diff, error)) error {
	if err := admin(sc); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		s.changed(tx)
		diff, err := change(tx)
		if err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, verb, object, diff)
	})
}

// WithdrawOffice takes an invitation into the office back.
func (s *Service) WithdrawOffice(ctx context.Context, sc authz.Scope, invitation id.ID) error {
	return s.run(ctx, sc, "office.invitation_withdrawn", invitation, func(tx *store.Tx) (audit.Diff, error) {
		n, err := s.q.DeleteInvitation(ctx, tx, accountdb.DeleteInvitationParams{ID: invitation})
		return nil, one(n, err, "delete invitation")
	})
}

// ChangeOfficer ticks other permissions and sets other regions, at once.
func (s *Service) ChangeOfficer(ctx context.Context, sc authz.Scope, member id.ID, perms []authz.Perm, regions []string) error {
	return s.run(ctx, sc, "office.changed", member, func(tx *store.Tx) (audit.Diff, error) {
		m, err := s.memberOf(ctx, tx, authz.Scope{}, member)
		if err != nil {
			return nil, err
		}
		role := authz.Role(m.Role)
		var f fault.Fields
		judgeRights(&f, role, perms, regions)
		if err := f.Err(); err != nil {
			return nil, err
		}
		now, in := joined(only(role, perms)), joined(regional(role, regions))
		n, err := s.q.PutOfficer(ctx, tx, accountdb.PutOfficerParams{ID: member, Perms: now, Regions: in, Role: m.Role})
		return audit.Diff{"perms": {From: m.Perms, To: now}, "regions": {From: m.Regions, To: in}}, one(n, err, "put officer")
	})
}

// EndOfficer ends what somebody may do for the office, and the sessions in
// which they do it, at once. The last admin stays.
func (s *Service) EndOfficer(ctx context.Context, sc authz.Scope, member id.ID) error {
	return s.run(ctx, sc, "office.ended", member, func(tx *store.Tx) (audit.Diff, error) {
		admins, err := s.q.LockAdmins(ctx, tx, id.ID{})
		if err != nil {
			return nil, fmt.Errorf("lock admins: %w", err)
		}
		m, err := s.memberOf(ctx, tx, authz.Scope{}, member)
		if err != nil {
			return nil, err
		}
		if m.Role == string(authz.Admin) && admins < 2 {
			return nil, ErrLastAdmin
		}
		if err := s.q.EndSessionsOfMembership(ctx, tx, &m.ID); err != nil {
			return nil, fmt.Errorf("end sessions: %w", err)
		}
		n, err := s.q.DeleteMembership(ctx, tx, accountdb.DeleteMembershipParams{ID: member})
		return audit.Diff{"role": {From: m.Role}}, one(n, err, "delete membership")
	})
}

// DeadJobs lists the newest jobs that were given up.
func (s *Service) DeadJobs(ctx context.Context, sc authz.Scope) ([]job.Letter, error) {
	if err := admin(sc); err != nil {
		return nil, err
	}
	return job.Dead(ctx, s.db, sc, 50)
}

// RetryJob tries a job again that was given up.
func (s *Service) RetryJob(ctx context.Context, sc authz.Scope, business, letter id.ID) error {
	// The entry goes first: a job tried again unseen is worse than an entry without one.
	if err := s.run(ctx, sc, "job.retried", letter, func(*store.Tx) (audit.Diff, error) { return nil, nil }); err != nil {
		return err
	}
	return job.Retry(ctx, s.db, sc, business, letter)
}

// NamesOfOffice are the names of the people of the office, by account, for the installation's log.
func (s *Service) NamesOfOffice(ctx context.Context, sc authz.Scope) (map[id.ID]string, error) {
	people, _, err := s.Office(ctx, sc)
	out := map[id.ID]string{}
	for _, p := range people {
		out[p.Person] = p.Name
	}
	return out, err
}

// joinOffice gives the person of a session what an invitation into the office
// offers, beside what they are there already.
func (s *Service) joinOffice(ctx context.Context, tx *store.Tx, person id.ID, row accountdb.InvitationRow, m id.ID) error {
	n, err := s.q.InsertMembership(ctx, tx, accountdb.InsertMembershipParams{
		ID: m, PersonID: person, Role: row.Role, Perms: row.Perms, Regions: row.Regions, CreatedAt: tx.Now,
	})
	if err != nil {
		return fmt.Errorf("insert office membership: %w", err)
	}
	if n == 0 {
		return ErrOfficer
	}
	return nil
}

// covers reports whether the scope may help a person: an admin anybody, an
// officer those with a shop in their regions, and those without any.
func (s *Service) covers(ctx context.Context, sc authz.Scope, businesses []id.ID) bool {
	if sc.Role != authz.Office || s.Village == nil || len(businesses) == 0 {
		return true
	}
	return slices.ContainsFunc(businesses, func(b id.ID) bool { return sc.Covers(s.Village(ctx, b)) })
}

// shopsOf are the businesses that a person belongs to, and whether they are of the office.
func (s *Service) shopsOf(ctx context.Context, tx *store.Tx, person id.ID) (shops []id.ID, roles []authz.Role, err error) {
	ms, err := s.q.Memberships(ctx, tx, person)
	if err != nil {
		return nil, nil, fmt.Errorf("memberships: %w", err)
	}
	for _, m := range ms {
		if m.BusinessID.IsZero() {
			roles = append(roles, authz.Role(m.Role))
		} else {
			shops = append(shops, m.BusinessID)
		}
	}
	return shops, roles, nil
}

// nothing tells that a query found no row.
func nothing(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// officeName is how a person is called in a list, when they gave no name.
func officeName(name string, n phone.Number) string {
	if strings.TrimSpace(name) == "" {
		return n.Masked()
	}
	return name
}
