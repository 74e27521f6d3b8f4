package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// Where tells from where a sign-in comes.
type Where struct {
	Address string  // of the network
	Label   string  // kind of browser, such as "Chrome, Android"
	Known   []id.ID // who signed in on this device before, by its cookie
	Lang    string
}

// In is a sign-in that worked.
type In struct {
	Token   string
	Person  id.ID
	Pending bool // the second step is still to come
	NewHere bool // the person signed up just now
}

// SignIn proves a person by phone number or mail address and password. All
// wrong answers look and last alike.
func (s *Service) SignIn(ctx context.Context, who, password string, at Where) (In, error) {
	ident, err := parseIdentity(who)
	if err != nil {
		return In{}, fault.Of(err).On("who")
	}
	if len(password) > 4*MaxPassword {
		password = password[:4*MaxPassword]
	}
	keys, device, err := s.gate(ctx, ident, at.Address, at.Known)
	if err != nil {
		return In{}, err
	}
	person, old, err := s.prove(ctx, ident, password, device)
	if err == nil && person.IsZero() && !device.IsZero() {
		// Not who is known here: to all others who claim the number this device is a stranger.
		if keys, _, err = s.gate(ctx, ident, at.Address, nil); err == nil {
			person, old, err = s.prove(ctx, ident, password, id.ID{})
		}
	}
	if err != nil {
		return In{}, err
	}
	if person.IsZero() {
		s.brake.add(s.db.Now())
		err := s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
			return audit.Note(ctx, tx, authz.Scope{Role: authz.Guest}, "session.failed", id.ID{})
		})
		if err != nil {
			return In{}, err
		}
		return In{}, ErrWrong
	}
	renewed := ""
	if old {
		if renewed, err = s.hash(ctx, password); err != nil {
			return In{}, err
		}
	}
	var in In
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		if err := s.free(ctx, tx, keys); err != nil {
			return err
		}
		if renewed != "" {
			if err := s.q.PutPassword(ctx, tx, accountdb.PutPasswordParams{ID: person, Password: renewed, PasswordTag: s.tag(password), UpdatedAt: tx.Now}); err != nil {
				return fmt.Errorf("renew password: %w", err)
			}
		}
		in, err = s.enter(ctx, tx, person, at, true)
		return err
	})
	return in, err
}

// prove finds the person who claims the identity and has the password; zero if
// there is none. It hashes once, or as often as claimants share 12 bits of it.
// With only, nobody else is looked at.
func (s *Service) prove(ctx context.Context, ident identity, password string, only id.ID) (person id.ID, old bool, err error) {
	type claim struct {
		id   id.ID
		hash string
	}
	var claims []claim
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		claims = nil
		var owner id.ID
		if ident.mail != "" {
			rows, err := s.q.ClaimantsByMail(ctx, tx, accountdb.ClaimantsByMailParams{Mail: ident.mail, PasswordTag: s.tag(password)})
			if err != nil {
				return fmt.Errorf("claimants: %w", err)
			}
			for _, r := range rows {
				if r.DisabledAt == nil {
					claims = append(claims, claim{r.ID, r.Password})
				}
			}
			owner, err = s.q.MailOwner(ctx, tx, ident.mail)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("mail owner: %w", err)
			}
		} else {
			rows, err := s.q.ClaimantsByPhone(ctx, tx, accountdb.ClaimantsByPhoneParams{Phone: ident.phone.E164(), PasswordTag: s.tag(password)})
			if err != nil {
				return fmt.Errorf("claimants: %w", err)
			}
			for _, r := range rows {
				if r.DisabledAt == nil {
					claims = append(claims, claim{r.ID, r.Password})
				}
			}
			owner, err = s.q.PhoneOwner(ctx, tx, ident.phone.E164())
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("phone owner: %w", err)
			}
		}
		if owner.IsZero() || slices.ContainsFunc(claims, func(c claim) bool { return c.id == owner }) {
			slices.SortStableFunc(claims, func(a, b claim) int {
				switch {
				case a.id == owner:
					return -1
				case b.id == owner:
					return 1
				}
				return 0
			})
			return nil
		}
		p, err := s.q.Person(ctx, tx, owner) // the proven owner is looked at whatever stands before them
		if err != nil {
			return fmt.Errorf("owner: %w", err)
		}
		if p.DisabledAt == nil && p.Password != "" && p.PasswordTag == s.tag(password) {
			claims = append([]claim{{p.ID, p.Password}}, claims...)
		}
		return nil
	})
	if err != nil {
		return id.ID{}, false, err
	}
	if !only.IsZero() {
		claims = slices.DeleteFunc(claims, func(c claim) bool { return c.id != only })
	}
	if len(claims) == 0 {
		claims = []claim{{hash: s.dummy}}
	}
	for _, c := range claims {
		ok, renew, err := s.check(ctx, password, c.hash)
		if err != nil {
			return id.ID{}, false, err
		}
		if ok {
			return c.id, renew, nil
		}
	}
	return id.ID{}, false, nil
}

// enter begins the session of a person who was proven by something they know.
func (s *Service) enter(ctx context.Context, tx *store.Tx, person id.ID, at Where, tell bool) (In, error) {
	return s.enterBy(ctx, tx, person, at, tell, false)
}

// enterBy begins the session of a person who was proven. One of their keys
// stands for the second step too.
func (s *Service) enterBy(ctx context.Context, tx *store.Tx, person id.ID, at Where, tell, key bool) (In, error) {
	p, err := s.person(ctx, tx, person)
	if err != nil {
		return In{}, err
	}
	factor, err := s.hasFactor(ctx, tx, p)
	if err != nil {
		return In{}, err
	}
	list, err := s.q.Memberships(ctx, tx, person)
	if err != nil {
		return In{}, fmt.Errorf("memberships: %w", err)
	}
	row := accountdb.InsertSessionParams{ID: id.New(), PersonID: person, Label: at.Label, ProvenAt: tx.Now, Pending: !key && p.TotpAt != nil}
	if key {
		row.FactorAt = &tx.Now
	}
	for _, m := range list {
		if needsFactor(authz.Role(m.Role)) {
			if !factor && len(list) > 1 {
				continue
			}
			row.Pending = row.Pending || !key && factor
		}
		if row.MembershipID == nil || m.ID == id.Or(p.LastMembership) {
			row.MembershipID = &m.ID
		}
	}
	token, err := s.begin(ctx, tx, row)
	if err != nil {
		return In{}, err
	}
	sc := authz.Scope{Actor: person, Role: authz.Person}
	if err := audit.Note(ctx, tx, sc, "session.began", row.ID); err != nil {
		return In{}, err
	}
	if tell && !slices.Contains(at.Known, person) {
		if err := s.tell(ctx, tx, p, "new_device"); err != nil {
			return In{}, err
		}
	}
	return In{Token: token, Person: person, Pending: row.Pending}, nil
}

// tell notes what changed, for the person's next visit, and mails it to the
// address that was proven before the change.
func (s *Service) tell(ctx context.Context, tx *store.Tx, p accountdb.Person, kind string) error {
	if err := s.q.InsertNotice(ctx, tx, accountdb.InsertNoticeParams{ID: id.New(), PersonID: p.ID, Kind: kind, At: tx.Now}); err != nil {
		return fmt.Errorf("notice: %w", err)
	}
	if s.Mail != nil && p.Mail != "" && p.MailProvenAt != nil {
		return s.Mail.PutAccountMail(ctx, tx, p.Mail, p.Lang, kind)
	}
	return nil
}

// Fresh proves the person of a session once more, by password or, where they have one, by code.
func (s *Service) Fresh(ctx context.Context, ses Session, password, code string, at Where) (token string, err error) {
	p, err := s.row(ctx, ses.Scope.Actor)
	if err != nil {
		return "", err
	}
	if ses.Scope.ByPIN {
		return "", authz.ErrPIN
	}
	code = strings.TrimSpace(code)
	byCode := code != "" && p.TotpAt != nil
	if byCode {
		if err := s.useCode(ctx, p, code); err != nil {
			return "", err
		}
	} else if err := s.again(ctx, p, password, at.Address); err != nil {
		return "", err
	}
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) (err error) {
		if byCode { // the second step too
			token, err = s.factored(ctx, tx, ses, at.Label)
		} else {
			token, err = s.renew(ctx, tx, ses, at.Label, func(row *accountdb.InsertSessionParams) { row.ProvenAt = tx.Now })
		}
		if err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(ses.Scope), "session.proven", ses.ID)
	})
	return token, err
}

// again checks the password of a person who is signed in already.
func (s *Service) again(ctx context.Context, p accountdb.Person, password, address string) error {
	key := s.guessKey("device", p.ID.String())
	var refused error
	err := s.db.Tx(ctx, scopeless, func(tx *store.Tx) (err error) {
		refused, err = s.count(ctx, tx, key, perAccount)
		return err
	})
	if err = errors.Join(err, refused); err != nil {
		return err
	}
	hash := p.Password
	if hash == "" {
		hash = s.dummy
	}
	ok, _, err := s.check(ctx, password, hash)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Invalid, "account.password_wrong").On("password")
	}
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error { return s.free(ctx, tx, []string{key}) })
}

func (s *Service) row(ctx context.Context, person id.ID) (p accountdb.Person, err error) {
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) (err error) {
		p, err = s.person(ctx, tx, person)
		return err
	})
	return p, err
}

// Newcomer is what somebody says who signs up.
type Newcomer struct {
	Who      string // phone number or mail address
	Name     string // may be empty
	Password string
	Terms    bool
	Channel  string // where the terms were accepted, such as "web"
}

// Validate judges all of it.
func (n Newcomer) Validate() error {
	var f fault.Fields
	ident, err := parseIdentity(n.Who)
	f.Add("who", err)
	f.Check(len([]rune(cleanName(n.Name))) <= MaxName, "name", "account.name_long", MaxName)
	f.Add("password", judgePassword(n.Password, ident.phone, n.Name))
	f.Check(n.Terms, "terms", "account.terms_needed")
	return f.Err()
}

// SignUp makes a person, or signs in the one whom phone and password fit
// already. It never says whether somebody else claims the number.
func (s *Service) SignUp(ctx context.Context, n Newcomer, at Where) (In, error) {
	if err := n.Validate(); err != nil {
		return In{}, err
	}
	ident, err := parseIdentity(n.Who)
	if err != nil {
		return In{}, err
	}
	keys, _, err := s.gate(ctx, ident, at.Address, nil)
	if err != nil {
		return In{}, err
	}
	there, _, err := s.prove(ctx, ident, n.Password, id.ID{})
	if err != nil {
		return In{}, err
	}
	hash, err := s.hash(ctx, n.Password)
	if err != nil {
		return In{}, err
	}
	var in In
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		if err := s.free(ctx, tx, keys); err != nil {
			return err
		}
		if !there.IsZero() {
			in, err = s.enter(ctx, tx, there, at, true)
			return err
		}
		person, err := s.insert(ctx, tx, n, ident, hash, at.Lang)
		if err != nil {
			return err
		}
		in, err = s.enter(ctx, tx, person, at, false)
		in.NewHere = true
		return err
	})
	return in, err
}

// insert writes a new person with the acceptance of the terms.
func (s *Service) insert(ctx context.Context, tx *store.Tx, n Newcomer, ident identity, hash, lang string) (id.ID, error) {
	person := id.New()
	if lang == "" {
		lang = "id"
	}
	err := s.q.InsertPerson(ctx, tx, accountdb.InsertPersonParams{
		ID: person, Name: cleanName(n.Name), Phone: ident.phone.E164(), Mail: ident.mail, Password: hash, PasswordTag: s.tag(n.Password), Lang: lang, CreatedAt: tx.Now,
	})
	if err != nil {
		return id.ID{}, fmt.Errorf("insert person: %w", err)
	}
	if err := s.accept(ctx, tx, person, n.Channel); err != nil {
		return id.ID{}, err
	}
	if ident.mail != "" {
		if err := s.askMail(ctx, tx, person, ident.mail, lang); err != nil {
			return id.ID{}, err
		}
	}
	if s.OnSignedUp != nil {
		if err := s.OnSignedUp(ctx, tx, person); err != nil {
			return id.ID{}, err
		}
	}
	return person, audit.Note(ctx, tx, authz.Scope{Actor: person, Role: authz.Person}, "person.signed_up", person)
}

// Secret is a password hashed once, to be given to many made-up people.
type Secret struct{ hash, tag string }

// Secret hashes a password for Plant.
func (s *Service) Secret(password string) Secret {
	return Secret{encodePassword(password, params), s.tag(password)}
}

// Planted is a made-up person with at most one membership.
type Planted struct {
	Person, Membership, Business id.ID
	Name                         string
	Phone                        phone.Number
	Role                         authz.Role // empty: no membership
	Perms                        []authz.Perm
	Regions                      []string
	Proven                       bool
	TOTP                         string // seed of the second step, base32; empty: none
}

// Plant writes a made-up person, for sample data.
func (s *Service) Plant(ctx context.Context, tx *store.Tx, p Planted, secret Secret) error {
	row := accountdb.InsertPersonParams{
		ID: p.Person, Name: p.Name, Phone: p.Phone.E164(), Password: secret.hash, PasswordTag: secret.tag, Lang: "id", CreatedAt: tx.Now,
	}
	if p.Proven && p.Phone != "" {
		row.PhoneProvenAt = &tx.Now
		if err := s.q.OwnPhone(ctx, tx, accountdb.OwnPhoneParams{Phone: p.Phone.E164(), PersonID: p.Person, ProvenAt: tx.Now}); err != nil {
			return fmt.Errorf("own phone: %w", err)
		}
	}
	if err := s.q.InsertPerson(ctx, tx, row); err != nil {
		return fmt.Errorf("insert person: %w", err)
	}
	if p.TOTP != "" {
		sealed, err := s.seal(p.TOTP, p.Person)
		if err != nil {
			return fmt.Errorf("seal seed: %w", err)
		}
		if err := s.q.PutTOTP(ctx, tx, accountdb.PutTOTPParams{ID: p.Person, TotpSealed: sealed, TotpAt: &tx.Now, UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("keep seed: %w", err)
		}
	}
	if p.Role == "" {
		return nil
	}
	if _, err := s.q.InsertMembership(ctx, tx, accountdb.InsertMembershipParams{
		ID: p.Membership, PersonID: p.Person, BusinessID: p.Business, Role: string(p.Role), Perms: joined(p.Perms), Regions: strings.Join(p.Regions, ","), CreatedAt: tx.Now,
	}); err != nil {
		return fmt.Errorf("insert membership: %w", err)
	}
	return nil
}
