package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/store"
)

// Rename changes the person's name.
func (s *Service) Rename(ctx context.Context, ses Session, name string) error {
	name = cleanName(name)
	var f fault.Fields
	f.Check(name != "", "name", "form.required")
	f.Check(len([]rune(name)) <= MaxName, "name", "account.name_long", MaxName)
	if err := f.Err(); err != nil {
		return err
	}
	return s.self(ctx, ses, "person.renamed", func(tx *store.Tx, p accountdb.Person) error {
		if err := s.q.PutName(ctx, tx, accountdb.PutNameParams{ID: p.ID, Name: name, UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("put name: %w", err)
		}
		return nil
	})
}

func (s *Service) self(ctx context.Context, ses Session, verb string, change func(*store.Tx, accountdb.Person) error, diffs ...audit.Diff) error {
	if ses.Scope.ByPIN {
		return authz.ErrPIN
	}
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		s.changed(tx)
		// one after the other: each sees the other's keys
		if _, err := s.q.HoldPerson(ctx, tx, ses.Scope.Actor); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("hold person: %w", err)
		}
		p, err := s.person(ctx, tx, ses.Scope.Actor)
		if err != nil {
			return err
		}
		if err := change(tx, p); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(ses.Scope), verb, p.ID, diffs...)
	})
}

// shopNames are the names of the businesses that a person belongs to: no passwords of theirs.
func (s *Service) shopNames(ctx context.Context, person id.ID) (names []string, err error) {
	list, err := s.Memberships(ctx, person)
	for _, m := range list {
		names = append(names, m.Name)
	}
	return names, err
}

// ChangePhone claims another number. It is unproven until an officer has seen it.
func (s *Service) ChangePhone(ctx context.Context, ses Session, number string) error {
	if err := ses.Scope.Fresh(); err != nil {
		return err
	}
	n, err := phone.Parse(number)
	if err != nil {
		return fault.Of(err).On("phone")
	}
	return s.self(ctx, ses, "person.phone_changed", func(tx *store.Tx, p accountdb.Person) error {
		if p.Phone == n.E164() {
			return nil
		}
		if err := s.tell(ctx, tx, p, "phone"); err != nil {
			return err
		}
		if p.Phone != "" {
			if err := s.q.LetPhoneGo(ctx, tx, accountdb.LetPhoneGoParams{Phone: p.Phone, PersonID: p.ID}); err != nil {
				return fmt.Errorf("let phone go: %w", err)
			}
		}
		if err := s.q.PutPhone(ctx, tx, accountdb.PutPhoneParams{ID: p.ID, Phone: n.E164(), UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("put phone: %w", err)
		}
		return nil
	})
}

// ChangeMail gives another mail address, or none; a link to it proves it.
func (s *Service) ChangeMail(ctx context.Context, ses Session, mail string) error {
	if err := ses.Scope.Fresh(); err != nil {
		return err
	}
	if mail != "" {
		m, err := cleanMail(mail)
		if err != nil {
			return fault.Of(err).On("mail")
		}
		mail = m
	}
	return s.self(ctx, ses, "person.mail_changed", func(tx *store.Tx, p accountdb.Person) error {
		if mail == "" && p.Phone == "" {
			return fault.New(fault.Conflict, "account.one_way").On("mail")
		}
		if p.Mail == mail && (p.MailProvenAt != nil || mail == "") {
			return nil
		}
		if p.Mail != mail {
			if err := s.tell(ctx, tx, p, "mail"); err != nil {
				return err
			}
			if p.Mail != "" {
				if err := s.q.LetMailGo(ctx, tx, accountdb.LetMailGoParams{Mail: p.Mail, PersonID: p.ID}); err != nil {
					return fmt.Errorf("let mail go: %w", err)
				}
			}
			if err := s.q.PutMail(ctx, tx, accountdb.PutMailParams{ID: p.ID, Mail: mail, UpdatedAt: tx.Now}); err != nil {
				return fmt.Errorf("put mail: %w", err)
			}
		}
		if mail == "" {
			return nil
		}
		return s.askMail(ctx, tx, p.ID, mail, p.Lang)
	})
}

// ChangePassword needs the old one. All other sessions end; this one gets a new token.
func (s *Service) ChangePassword(ctx context.Context, ses Session, old, password string, at Where) (token string, err error) {
	p, err := s.row(ctx, ses.Scope.Actor)
	if err != nil {
		return "", err
	}
	if ses.Scope.ByPIN {
		return "", authz.ErrPIN
	}
	names, err := s.shopNames(ctx, p.ID)
	if err != nil {
		return "", err
	}
	if err := judgePassword(password, phone.Number(p.Phone), append(names, p.Name)...); err != nil {
		return "", fault.Of(err).On("new")
	}
	if err := s.again(ctx, p, old, at.Address); err != nil {
		return "", err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return "", err
	}
	err = s.self(ctx, ses, "person.password_changed", func(tx *store.Tx, p accountdb.Person) error {
		if err := s.q.PutPassword(ctx, tx, accountdb.PutPasswordParams{ID: p.ID, Password: hash, PasswordTag: s.tag(password), UpdatedAt: tx.Now}); err != nil {
			return fmt.Errorf("put password: %w", err)
		}
		if err := s.tell(ctx, tx, p, "password"); err != nil {
			return err
		}
		if token, err = s.renew(ctx, tx, ses, at.Label, func(row *accountdb.InsertSessionParams) { row.ProvenAt = tx.Now }); err != nil {
			return err
		}
		return s.endOthers(ctx, tx, p.ID, id.Hash(token))
	})
	return token, err
}

// SetLang keeps the language in which the person is written to.
func (s *Service) SetLang(ctx context.Context, person id.ID, lang string) error {
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		s.changed(tx)
		return s.q.PutLang(ctx, tx, accountdb.PutLangParams{ID: person, Lang: lang})
	})
}

// Notice is something the person should know of their account.
type Notice struct {
	Kind string
	At   time.Time
}

// Notices lists what the person has not yet seen.
func (s *Service) Notices(ctx context.Context, person id.ID) (out []Notice, err error) {
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		rows, err := s.q.Notices(ctx, tx, person)
		out = nil
		for _, r := range rows {
			out = append(out, Notice{r.Kind, r.At})
		}
		return err
	})
	return out, err
}

// SeeNotices puts them away.
func (s *Service) SeeNotices(ctx context.Context, person id.ID) error {
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		return s.q.SeeNotices(ctx, tx, accountdb.SeeNoticesParams{PersonID: person, SeenAt: &tx.Now})
	})
}

// ErrSoleOwner: a shop would be left without an owner; {0} is its name.
var ErrSoleOwner = fault.New(fault.Conflict, "account.sole_owner")

// Close ends the person's account: all sessions and memberships, and what is
// personal is overwritten. A shop of which they are the only owner has to be
// handed over or closed before.
func (s *Service) Close(ctx context.Context, ses Session) error {
	if err := ses.Scope.Fresh(); err != nil {
		return err
	}
	alone := id.ID{}
	err := s.self(ctx, ses, "person.closed", func(tx *store.Tx, p accountdb.Person) error {
		alone = id.ID{}
		admins, err := s.q.LockAdmins(ctx, tx, id.ID{})
		if err != nil {
			return fmt.Errorf("lock admins: %w", err)
		}
		list, err := s.q.Memberships(ctx, tx, p.ID)
		if err != nil {
			return fmt.Errorf("memberships: %w", err)
		}
		for _, m := range list {
			if m.Role == string(authz.Admin) && admins < 2 {
				return ErrLastAdmin
			}
			if m.Role != string(authz.Owner) {
				continue
			}
			n, err := s.q.CountRole(ctx, tx, accountdb.CountRoleParams{BusinessID: m.BusinessID, Role: m.Role})
			if err != nil {
				return fmt.Errorf("count owners: %w", err)
			}
			if n < 2 {
				alone = m.BusinessID
				return ErrSoleOwner
			}
		}
		if p.Mail != "" && p.MailProvenAt != nil && s.Mail != nil {
			if err := s.Mail.PutAccountMail(ctx, tx, p.Mail, p.Lang, "closed"); err != nil {
				return err
			}
		}
		if err := s.q.LetPhoneGo(ctx, tx, accountdb.LetPhoneGoParams{Phone: p.Phone, PersonID: p.ID}); err != nil {
			return fmt.Errorf("let phone go: %w", err)
		}
		if err := s.q.LetMailGo(ctx, tx, accountdb.LetMailGoParams{Mail: p.Mail, PersonID: p.ID}); err != nil {
			return fmt.Errorf("let mail go: %w", err)
		}
		if err := s.endOthers(ctx, tx, p.ID, ""); err != nil {
			return err
		}
		for _, step := range []func(context.Context, accountdb.DBTX, id.ID) error{
			s.q.DeletePINsOfPerson, s.q.DeleteMembershipsOfPerson, s.q.DeleteLinksOf, s.q.DeleteCodes, s.q.DeletePasskeys, s.q.DeleteNotices,
		} {
			if err := step(ctx, tx, p.ID); err != nil {
				return fmt.Errorf("close account: %w", err)
			}
		}
		if err := s.q.ClosePerson(ctx, tx, accountdb.ClosePersonParams{ID: p.ID, At: &tx.Now}); err != nil {
			return fmt.Errorf("close account: %w", err)
		}
		return nil
	})
	if errors.Is(err, ErrSoleOwner) && s.Business != nil {
		name, _, _ := s.Business(ctx, alone)
		return ErrSoleOwner.With(name)
	}
	return err
}
