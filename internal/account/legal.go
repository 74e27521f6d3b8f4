package account

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"lapak/internal/account/accountdb"
	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

//go:embed legal
var legalFiles embed.FS

// shipped is the text that Lapak brings along until the office publishes its own.
func shipped(kind, lang string) string {
	if lang != "en" {
		lang = "id"
	}
	raw, err := legalFiles.ReadFile("legal/" + kind + "." + lang + ".txt")
	if err != nil {
		panic(fmt.Sprintf("account: %v", err)) // embedded when built
	}
	return string(raw)
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

// Unaccepted lists the texts that changed since the person last accepted them.
// It blocks nothing: people are told, and accept when they have read.
func (s *Service) Unaccepted(ctx context.Context, person id.ID) (out []Legal, err error) {
	err = s.db.View(ctx, scopeless, func(tx *store.Tx) error {
		out = nil
		have := map[string]int64{}
		rows, err := s.q.Accepted(ctx, tx, person)
		if err != nil {
			return fmt.Errorf("accepted: %w", err)
		}
		for _, r := range rows {
			have[r.Kind] = max(have[r.Kind], r.Version)
		}
		for _, kind := range []string{Terms, Privacy} {
			v, err := s.q.LatestVersion(ctx, tx, kind)
			if nothing(err) {
				continue
			}
			if err != nil {
				return fmt.Errorf("version: %w", err)
			}
			if have[kind] < v.Version {
				out = append(out, Legal{Kind: kind, Version: v.Version, At: v.PublishedAt})
			}
		}
		return nil
	})
	return out, err
}

// Accept writes that the person of a session accepts a version of a text,
// which must be the one that holds now.
func (s *Service) Accept(ctx context.Context, ses Session, kind string, version int64, channel string) error {
	return s.self(ctx, ses, "text.accepted", func(tx *store.Tx, p accountdb.Person) error {
		v, err := s.q.LatestVersion(ctx, tx, kind)
		if nothing(err) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("version: %w", err)
		}
		if v.Version != version {
			return fault.New(fault.Conflict, "account.text_changed")
		}
		if err := s.q.Accept(ctx, tx, accountdb.AcceptParams{PersonID: p.ID, Kind: kind, Version: version, Channel: channel, At: tx.Now}); err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		return nil
	}, audit.Diff{kind: {To: version}})
}
