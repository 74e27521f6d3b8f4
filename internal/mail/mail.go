// Package mail sends plain-text mail. A mail is a row written with the change
// that asks for it; a job sends it later and deletes the row, so that neither
// the job nor the log holds an address.
package mail

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"lapak/internal/authz"
	"lapak/internal/defect"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/mail/maildb"
	"lapak/internal/store"
)

// Settings say through which server mail leaves. The zero value sends none.
type Settings struct {
	Host     string // with port
	User     string
	Password string
	From     string // "Name <address>"
	TLS      bool   // from the first byte (port 465); else STARTTLS is required
	Plain    bool   // no encryption at all; only on this machine
}

// ParseURL reads "smtp://user:password@host:587", "smtps://…:465" or
// "smtp+plain://127.0.0.1:25". The empty text means that mail is off.
func ParseURL(s, from string) (Settings, error) {
	if s == "" {
		return Settings{}, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return Settings{}, errors.New("mail: want smtp://user:password@host:587, smtps://... or smtp+plain://127.0.0.1:25")
	}
	set := Settings{From: from}
	port := "587"
	switch u.Scheme {
	case "smtp":
	case "smtps":
		set.TLS, port = true, "465"
	case "smtp+plain":
		set.Plain, port = true, "25"
		if h := u.Hostname(); h != "localhost" && h != "127.0.0.1" && h != "::1" {
			return Settings{}, errors.New("mail: smtp+plain is for this machine only")
		}
	default:
		return Settings{}, fmt.Errorf("mail: scheme %q is not smtp, smtps or smtp+plain", u.Scheme)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	set.Host = u.Hostname() + ":" + port
	set.User = u.User.Username()
	set.Password, _ = u.User.Password()
	if _, err := mail.ParseAddress(from); err != nil {
		return Settings{}, errors.New(`mail: the sender must look like "Lapak <lapak@example.org>"`)
	}
	return set, nil
}

// Message is one mail, in plain text.
type Message struct {
	To      string
	Subject string
	Text    string
}

// Service keeps and sends mail.
type Service struct {
	db  *store.DB
	q   maildb.Queries
	set Settings
}

// New makes the service.
func New(db *store.DB, set Settings) *Service { return &Service{db: db, set: set} }

// On reports whether mail can be sent at all.
func (s *Service) On() bool { return s.set.Host != "" }

type send struct {
	Mail id.ID `json:"mail"`
}

// Kind names the job that sends one mail.
func (send) Kind() string { return "mail.send" }

// Put writes the mail and the job that sends it, in the caller's transaction.
// With mail off it does nothing.
func (s *Service) Put(ctx context.Context, tx *store.Tx, sc authz.Scope, m Message) error {
	if !s.On() {
		return nil
	}
	if _, err := mail.ParseAddress(m.To); err != nil || strings.ContainsAny(m.To+m.Subject, "\r\n") {
		return errors.New("mail: recipient or subject cannot be sent")
	}
	row := maildb.InsertMailParams{ID: id.New(), Recipient: m.To, Subject: m.Subject, Body: m.Text, CreatedAt: tx.Now}
	if err := s.q.InsertMail(ctx, tx, row); err != nil {
		return fmt.Errorf("insert mail: %w", err)
	}
	return job.Put(ctx, tx, sc, send{row.ID})
}

// Register gives the runner the job that sends and the sweep of old mail.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, func(ctx context.Context, sc authz.Scope, a send) error {
		var m maildb.MailRow
		err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
			m, err = s.q.Mail(ctx, tx, a.Mail)
			return err
		})
		if errors.Is(err, sql.ErrNoRows) {
			return nil // sent before, or swept
		}
		if err != nil {
			return fmt.Errorf("read mail: %w", err)
		}
		if err := s.deliver(ctx, a.Mail, m); err != nil {
			return err
		}
		return s.db.Tx(ctx, sc, func(tx *store.Tx) error { return s.q.DeleteMail(ctx, tx, a.Mail) })
	})
	job.Every(r, "mail.sweep", 24*time.Hour, func(ctx context.Context) error {
		return s.db.Tx(ctx, authz.Job(id.ID{}), func(tx *store.Tx) error {
			_, err := s.q.DeleteOldMails(ctx, tx, tx.Now.Add(-7*24*time.Hour))
			return err
		})
	})
}

func (s *Service) deliver(ctx context.Context, mid id.ID, m maildb.MailRow) error {
	msg := gomail.NewMsg()
	if err := msg.From(s.set.From); err != nil {
		return fmt.Errorf("mail sender: %w", err)
	}
	if err := msg.To(m.Recipient); err != nil {
		return errors.New("mail recipient cannot be sent")
	}
	msg.Subject(m.Subject)
	// The same mail tried twice keeps its id, so that servers can drop the second.
	if defect.On("mail-twice") {
		mid = id.New()
	}
	msg.SetMessageIDWithValue(mid.String() + "@lapak")
	msg.SetDateWithValue(m.CreatedAt)
	msg.SetBodyString(gomail.TypeTextPlain, m.Body)
	c, err := s.client()
	if err != nil {
		return err
	}
	if err := c.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("send mail: %w", masked(err, m.Recipient))
	}
	return nil
}

func (s *Service) client() (*gomail.Client, error) {
	host, port, _ := strings.Cut(s.set.Host, ":")
	if i := strings.LastIndex(s.set.Host, ":"); i > 0 {
		host, port = s.set.Host[:i], s.set.Host[i+1:]
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("mail port: %w", err)
	}
	opts := []gomail.Option{gomail.WithPort(n), gomail.WithTimeout(5 * time.Second), gomail.WithTLSPolicy(gomail.TLSMandatory)}
	switch {
	case s.set.TLS:
		opts = append(opts, gomail.WithSSL())
	case s.set.Plain:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.set.User != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.set.User), gomail.WithPassword(s.set.Password))
	}
	c, err := gomail.NewClient(host, opts...)
	if err != nil {
		return nil, fmt.Errorf("mail client: %w", err)
	}
	return c, nil
}

// Check opens a connection to the mail server and closes it, for `lapak check`.
func (s *Service) Check(ctx context.Context) error {
	if !s.On() {
		return nil
	}
	c, err := s.client()
	if err != nil {
		return err
	}
	if err := c.DialWithContext(ctx); err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	return c.Close()
}

func masked(err error, address string) error {
	return errors.New(strings.ReplaceAll(err.Error(), address, "<address>"))
}
