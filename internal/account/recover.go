package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// What a link is for. A link of one purpose fails at another.
const (
	forReset  = "reset"
	forMail   = "mail"
	forAdmin  = "admin"
	forAsk    = "ask"    // an officer asks a second one about a lost factor; its token goes to nobody
	forFactor = "factor" // sets a new second factor
)

// link writes a one-time link and returns its token.
func (s *Service) link(ctx context.Context, tx *store.Tx, purpose string, person, by id.ID, mail string, lasts time.Duration) (string, error) {
	if err := s.q.VoidLinks(ctx, tx, accountdb.VoidLinksParams{PersonID: person, Purpose: purpose}); err != nil {
		return "", fmt.Errorf("void links: %w", err)
	}
	token := id.Token()
	err := s.q.InsertLink(ctx, tx, accountdb.InsertLinkParams{
		TokenHash: id.Hash(token), Purpose: purpose, PersonID: person, Mail: mail, CreatedBy: by, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(lasts),
	})
	if err != nil {
		return "", fmt.Errorf("insert link: %w", err)
	}
	return token, nil
}

func (s *Service) readLink(ctx context.Context, tx *store.Tx, purpose, token string) (accountdb.LinkRow, error) {
	l, err := s.q.Link(ctx, tx, accountdb.LinkParams{TokenHash: id.Hash(token), Purpose: purpose})
	if errors.Is(err, sql.ErrNoRows) || err == nil && (l.UsedAt != nil || !l.ExpiresAt.After(tx.Now)) {
		return accountdb.LinkRow{}, ErrLink
	}
	if err != nil {
		return l, fmt.Errorf("link: %w", err)
	}
	return l, nil
}

func (s *Service) takeLink(ctx context.Context, tx *store.Tx, purpose, token string) (accountdb.LinkRow, error) {
	l, err := s.readLink(ctx, tx, purpose, token)
	if err != nil {
		return l, err
	}
	n, err := s.q.UseLink(ctx, tx, accountdb.UseLinkParams{TokenHash: l.TokenHash, Purpose: purpose, UsedAt: &tx.Now})
	if err != nil {
		return l, fmt.Errorf("use link: %w", err)
	}
	if n == 0 {
		return l, ErrLink
	}
	return l, nil
}

// Forgot sends a one-time link to a mail address that somebody has proven. It
// answers alike whether or not there is such a person.
func (s *Service) Forgot(ctx context.Context, mail string, at Where) error {
	mail, err := cleanMail(mail)
	if err != nil {
		return fault.Of(err).On("mail")
	}
	var refused error
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		if refused, err = s.count(ctx, tx, s.guessKey("forgot", prefix(at.Address)), limit{20, time.Hour}); err != nil || refused != nil {
			return err
		}
		if refused, err = s.count(ctx, tx, s.guessKey("forgot", mail), limit{3, time.Hour}); err != nil || refused != nil {
			return err
		}
		owner, err := s.q.MailOwner(ctx, tx, mail)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("mail owner: %w", err)
		}
		if s.Mail == nil {
			return nil
		}
		p, err := s.person(ctx, tx, owner)
		if err != nil {
			return err
		}
		token, err := s.link(ctx, tx, forReset, owner, owner, "", resetFor)
		if err != nil {
			return err
		}
		if err := s.Mail.PutAccountMail(ctx, tx, mail, p.Lang, "reset", token); err != nil {
			return err
		}
		return audit.Note(ctx, tx, authz.Scope{Role: authz.Guest}, "person.reset_asked", owner)
	})
	return errors.Join(err, refused)
}

// askMail sends the link that proves a mail address.
func (s *Service) askMail(ctx context.Context, tx *store.Tx, person id.ID, mail, lang string) error {
	if s.Mail == nil {
		return nil
	}
	token, err := s.link(ctx, tx, forMail, person, person, mail, handedFor)
	if err != nil {
		return err
	}
	return s.Mail.PutAccountMail(ctx, tx, mail, lang, "prove", token)
}

// ProveMail takes the link that came by mail: the address is that person's
// from now on, and nobody else's. The page asks for a press of a button first.
func (s *Service) ProveMail(ctx context.Context, token string) error {
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		l, err := s.takeLink(ctx, tx, forMail, token)
		if err != nil {
			return err
		}
		p, err := s.person(ctx, tx, l.PersonID)
		if err != nil {
			return err
		}
		if p.Mail != l.Mail {
			return ErrLink
		}
		if err := s.q.UnproveMailOfOthers(ctx, tx, accountdb.UnproveMailOfOthersParams{Mail: l.Mail, ID: p.ID}); err != nil {
			return fmt.Errorf("unprove others: %w", err)
		}
		if err := s.q.OwnMail(ctx, tx, accountdb.OwnMailParams{Mail: l.Mail, PersonID: p.ID, ProvenAt: tx.Now}); err != nil {
			return fmt.Errorf("own mail: %w", err)
		}
		if err := s.q.PutMail(ctx, tx, accountdb.PutMailParams{ID: p.ID, Mail: l.Mail, MailProvenAt: &tx.Now, UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("put mail: %w", err)
		}
		return audit.Note(ctx, tx, authz.Scope{Actor: p.ID, Role: authz.Person}, "person.mail_proven", p.ID)
	})
}

// ResetFor says whether a link to set a new password still works, and how
// the person is called there.
func (s *Service) ResetFor(ctx context.Context, token string) (name string, err error) {
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		l, err := s.readLink(ctx, tx, forReset, token)
		if err != nil {
			return err
		}
		p, err := s.person(ctx, tx, l.PersonID)
		name = p.Name
		return err
	})
	return name, err
}

// Reset sets a new password by a one-time link, and signs in. All other
// sessions end. Where a second factor is enrolled it is asked for as ever.
func (s *Service) Reset(ctx context.Context, token, password string, at Where) (in In, err error) {
	var p accountdb.Person
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		l, err := s.readLink(ctx, tx, forReset, token)
		if err != nil {
			return err
		}
		p, err = s.person(ctx, tx, l.PersonID)
		return err
	})
	if err != nil {
		return in, err
	}
	names, err := s.shopNames(ctx, p.ID)
	if err != nil {
		return in, err
	}
	if err := judgePassword(password, phone.Number(p.Phone), append(names, p.Name)...); err != nil {
		return in, fault.Of(err).On("password")
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return in, err
	}
	err = s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		if _, err := s.takeLink(ctx, tx, forReset, token); err != nil {
			return err
		}
		if err := s.q.PutPassword(ctx, tx, accountdb.PutPasswordParams{ID: p.ID, Password: hash, PasswordTag: s.tag(password), UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("put password: %w", err)
		}
		if err := s.endOthers(ctx, tx, p.ID, ""); err != nil {
			return err
		}
		for _, i := range []identity{{phone: phone.Number(p.Phone)}, {mail: p.Mail}} {
			if err := s.free(ctx, tx, []string{s.guessKey("account", i.String())}); err != nil {
				return err
			}
		}
		if err := s.tell(ctx, tx, p, "password"); err != nil {
			return err
		}
		if in, err = s.enter(ctx, tx, p.ID, at, false); err != nil {
			return err
		}
		return audit.Note(ctx, tx, authz.Scope{Actor: p.ID, Role: authz.Person}, "person.password_reset", p.ID)
	})
	return in, err
}

// Claim is one of the people who say that a phone number is theirs.
type Claim struct {
	Person  id.ID
	Name    string
	Proven  bool
	Shops   []string
	Since   time.Time
	Factor  bool  // a second step is enrolled
	Office  bool  // of the office: helped by an admin or on the console
	AskedBy id.ID // the officer who saw the papers of somebody who lost the second factor; zero: nobody did
}

// Claims lists them for an officer who looks at the person's papers. It is
// written in the log.
func (s *Service) Claims(ctx context.Context, sc authz.Scope, number string) (out []Claim, err error) {
	if err := sc.Can(authz.RecoverPeople); err != nil {
		return nil, err
	}
	n, err := phone.Parse(number)
	if err != nil {
		return nil, fault.Of(err).On("phone")
	}
	businesses := map[id.ID][]id.ID{}
	var found []Claim
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		found = nil
		rows, err := s.q.ClaimsOf(ctx, tx, n.E164())
		if err != nil {
			return fmt.Errorf("claims: %w", err)
		}
		for _, r := range rows {
			p, err := s.person(ctx, tx, r.ID)
			if err != nil {
				return err
			}
			c := Claim{Person: r.ID, Name: officeName(r.Name, n), Proven: r.PhoneProvenAt != nil, Since: r.CreatedAt}
			if c.Factor, err = s.hasFactor(ctx, tx, p); err != nil {
				return err
			}
			shops, roles, err := s.shopsOf(ctx, tx, r.ID)
			if err != nil {
				return err
			}
			businesses[r.ID], c.Office = shops, slices.ContainsFunc(roles, needsFactor)
			ask, err := s.q.LinkOf(ctx, tx, accountdb.LinkOfParams{PersonID: r.ID, Purpose: forAsk, Now: tx.Now})
			if err != nil && !nothing(err) {
				return fmt.Errorf("asked: %w", err)
			}
			c.AskedBy = ask.CreatedBy
			found = append(found, c)
		}
		return audit.Note(ctx, tx, personal(sc), "people.searched", id.ID{}, audit.Diff{"phone": {To: n.Masked()}})
	})
	for _, c := range found {
		if !s.covers(ctx, sc, businesses[c.Person]) {
			continue // not theirs is not found
		}
		for _, b := range businesses[c.Person] {
			if s.Business != nil {
				name, _, _ := s.Business(ctx, b)
				c.Shops = append(c.Shops, name)
			}
		}
		out = append(out, c)
	}
	return out, err
}

// helped reads the person whom an officer is about to help. Whose shops all
// lie in other regions is not found.
func (s *Service) helped(ctx context.Context, sc authz.Scope, person id.ID) (p accountdb.Person, roles []authz.Role, err error) {
	if err := sc.Can(authz.RecoverPeople); err != nil {
		return p, nil, err
	}
	var shops []id.ID
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		if p, err = s.person(ctx, tx, person); err != nil {
			return err
		}
		if p.DisabledAt != nil {
			return ErrNotFound
		}
		shops, roles, err = s.shopsOf(ctx, tx, person)
		return err
	})
	if err == nil && !s.covers(ctx, sc, shops) {
		err = ErrNotFound
	}
	return p, roles, err
}

// HandOver makes a one-time link for somebody whose papers an officer has
// seen. Officers and admins are not helped this way: the console is.
func (s *Service) HandOver(ctx context.Context, sc authz.Scope, person id.ID) (token string, err error) {
	p, roles, err := s.helped(ctx, sc, person)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(roles, needsFactor) {
		return "", authz.ErrForbidden
	}
	err = s.db.Tx(ctx, personal(sc), func(tx *store.Tx) error {
		if token, err = s.link(ctx, tx, forReset, person, sc.Actor, "", handedFor); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, p, "handed_over"); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(sc), "person.link_handed_over", person)
	})
	return token, err
}

// ProvePhone notes that an officer saw that the phone is this person's. Who
// else claims it is told to give another number.
func (s *Service) ProvePhone(ctx context.Context, sc authz.Scope, person id.ID) error {
	if _, _, err := s.helped(ctx, sc, person); err != nil {
		return err
	}
	return s.db.Tx(ctx, personal(sc), func(tx *store.Tx) error {
		p, err := s.person(ctx, tx, person)
		if err != nil {
			return err
		}
		if p.Phone == "" {
			return ErrNotFound
		}
		others, err := s.q.OtherClaims(ctx, tx, accountdb.OtherClaimsParams{Phone: p.Phone, ID: p.ID})
		if err != nil {
			return fmt.Errorf("other claims: %w", err)
		}
		for _, o := range others {
			if err := s.q.InsertNotice(ctx, tx, accountdb.InsertNoticeParams{ID: id.New(), PersonID: o, Kind: "phone_lost", At: tx.Now}); err != nil {
				return fmt.Errorf("notice: %w", err)
			}
		}
		if err := s.q.UnprovePhoneOfOthers(ctx, tx, accountdb.UnprovePhoneOfOthersParams{Phone: p.Phone, ID: p.ID}); err != nil {
			return fmt.Errorf("unprove others: %w", err)
		}
		if err := s.q.OwnPhone(ctx, tx, accountdb.OwnPhoneParams{Phone: p.Phone, PersonID: p.ID, ProvenAt: tx.Now}); err != nil {
			return fmt.Errorf("own phone: %w", err)
		}
		if err := s.q.PutPhone(ctx, tx, accountdb.PutPhoneParams{ID: p.ID, Phone: p.Phone, PhoneProvenAt: &tx.Now, UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("put phone: %w", err)
		}
		return audit.Note(ctx, tx, personal(sc), "person.phone_proven", person)
	})
}

// Letterbox is a proven mail address and the language its owner reads.
type Letterbox struct{ Mail, Lang string }

// OwnerMails are the proven addresses of who owns the scope's business.
func (s *Service) OwnerMails(ctx context.Context, tx *store.Tx, sc authz.Scope) ([]Letterbox, error) {
	rows, err := s.q.OwnerMails(ctx, tx, sc.Business)
	if err != nil {
		return nil, fmt.Errorf("mails of owners: %w", err)
	}
	var out []Letterbox
	for _, r := range rows {
		out = append(out, Letterbox{r.Mail, r.Lang})
	}
	return out, nil
}
