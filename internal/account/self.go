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

// fresh asks for a proof of identity not older than authz.FreshFor.
func fresh(sc authz.Scope) error {
	if sc.ByPIN {
		return authz.ErrPIN
	}
	if sc.Now.Sub(sc.ProvenAt) > authz.FreshFor {
		return authz.ErrFresh
	}
	return nil
}

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

func (s *Service) self(ctx context.Context, ses Session, verb string, change func(*store.Tx, accountdb.Person) error) error {
	if ses.Scope.ByPIN {
		return authz.ErrPIN
	}
	return s.db.Tx(ctx, scopeless, func(tx *store.Tx) error {
		s.changed(tx)
		p, err := s.person(ctx, tx, ses.Scope.Actor)
		if err != nil {
			return err
		}
		if err := change(tx, p); err != nil {
			return err
		}
		return audit.Note(ctx, tx, personal(ses.Scope), verb, p.ID)
	})
}

// ChangePhone claims another number. It is unproven until an officer has seen it.
func (s *Service) ChangePhone(ctx context.Context, ses Session, number string) error {
	if err := fresh(ses.Scope); err != nil {
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
	if err := fresh(ses.Scope); err != nil {
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
	if err := judgePassword(password, phone.Number(p.Phone), p.Name); err != nil {
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

// The texts of the office that people accept.
const (
	Terms   = "terms"
	Privacy = "privacy"
)

// Legal is one version of such a text. Version zero is the one that Lapak brings along.
type Legal struct {
	Kind    string
	Version int64
	Body    string
	At      time.Time
}

// Legal is the version that holds now.
func (s *Service) Legal(ctx context.Context, kind, lang string) (l Legal, err error) {
	l = Legal{Kind: kind, Body: shipped(kind, lang)}
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		v, err := s.q.LatestVersion(ctx, tx, kind)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("version: %w", err)
		}
		body, err := s.q.LegalText(ctx, tx, accountdb.LegalTextParams{Kind: kind, Version: v.Version, Lang: lang})
		if err != nil {
			return fmt.Errorf("text: %w", err)
		}
		l = Legal{kind, v.Version, body, v.PublishedAt}
		return nil
	})
	return l, err
}

// MaxLegal is how long a text may be.
const MaxLegal = 40_000

// PublishLegal makes a new version of a text, in both languages.
func (s *Service) PublishLegal(ctx context.Context, sc authz.Scope, kind string, after int64, texts map[string]string) error {
	if err := sc.Can(authz.EditTexts); err != nil {
		return err
	}
	var f fault.Fields
	for _, lang := range []string{"id", "en"} {
		f.Check(len(texts[lang]) >= 40, lang, "form.required")
		f.Check(len(texts[lang]) <= MaxLegal, lang, "account.text_long", MaxLegal)
	}
	if kind != Terms && kind != Privacy {
		return ErrNotFound
	}
	if err := f.Err(); err != nil {
		return err
	}
	return s.db.Tx(ctx, personal(sc), func(tx *store.Tx) error {
		for _, lang := range []string{"id", "en"} {
			n, err := s.q.InsertText(ctx, tx, accountdb.InsertTextParams{
				Kind: kind, Version: after + 1, Lang: lang, Body: texts[lang], PublishedBy: sc.Actor, PublishedAt: tx.Now,
			})
			if err != nil {
				return fmt.Errorf("insert text: %w", err)
			}
			if n == 0 {
				return fault.New(fault.Conflict, "account.text_changed")
			}
		}
		return audit.Note(ctx, tx, personal(sc), "text.published", id.ID{}, audit.Diff{kind: {From: after, To: after + 1}})
	})
}

// accept writes that a person accepts the terms and has read the notice, in the versions that hold now.
func (s *Service) accept(ctx context.Context, tx *store.Tx, person id.ID, channel string) error {
	for _, kind := range []string{Terms, Privacy} {
		v, err := s.q.LatestVersion(ctx, tx, kind)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("version: %w", err)
		}
		if err := s.q.Accept(ctx, tx, accountdb.AcceptParams{PersonID: person, Kind: kind, Version: v.Version, Channel: channel, At: tx.Now}); err != nil {
			return fmt.Errorf("accept: %w", err)
		}
	}
	return nil
}
