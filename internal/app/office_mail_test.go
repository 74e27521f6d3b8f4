package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"lapak/internal/account"
	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// The links in mails lead to pages that are there.
func TestLinksOfMailsLeadSomewhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := app.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), LogLevel: "warn", LogFormat: "text", BaseURL: "http://lapak.test", Mail: "smtp+plain://localhost:2525", MailFrom: "lapak@contoh.id", RateFactor: 1000}
		a, err := app.Wire(c, db, bytes.Repeat([]byte{3}, 32), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		s := newSite(t, db) // the same data and key, with a server
		last := func() (body string) {
			err := db.View(t.Context(), authz.Job(id.ID{}), func(tx *store.Tx) error {
				return tx.QueryRowContext(t.Context(), `SELECT body FROM mails ORDER BY id DESC LIMIT 1`).Scan(&body)
			})
			if err != nil {
				t.Fatal(err)
			}
			return body
		}
		path := regexp.MustCompile(`http://lapak\.test(/\S+)`)
		link := func() string {
			m := path.FindStringSubmatch(last())
			if m == nil {
				t.Fatalf("no link in %q", last())
			}
			return m[1]
		}
		const mail = "euis@contoh.id"
		if _, err := a.Accounts.SignUp(t.Context(), account.Newcomer{Who: mail, Password: password, Terms: true, Channel: "web"}, account.Where{Lang: "id"}); err != nil {
			t.Fatal(err)
		}
		p := s.person(t)
		at := link()
		p.send(p.see(at), at)
		if err := a.Accounts.Forgot(t.Context(), mail, account.Where{}); err != nil {
			t.Fatal(err)
		}
		at = link()
		if !strings.HasPrefix(at, "/atur-ulang/") {
			t.Fatalf("the mail leads to %s", at)
		}
		p.send(p.see(at), at, "password", "mangga muda pedas 3")
		p.see("/akun")
	})
}

// A job that was given up waits on the admin's page, and is tried again from there.
func TestTheAdminTriesAJobAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Teh Ai", 1)
		if _, err := s.Jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		admin := s.firstAdmin(t)
		err := db.Tx(context.WithoutCancel(t.Context()), sh.job(), func(tx *store.Tx) error {
			if err := job.Put(t.Context(), tx, sh.job(), business.Refresh{Business: sh.sc.Business}); err != nil {
				return err
			}
			_, err := tx.ExecContext(t.Context(), `UPDATE jobs SET dead_at = $1, last_error = 'x', tries = 9 WHERE business_id = $2`, time.Now().UTC(), sh.sc.Business)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		page := admin.see("/admin")
		admin.says(page, "directory.refresh", "9 kali dicoba")
		at := regexp.MustCompile(`/admin/pekerjaan/[0-9a-f-]{36}`).FindString(page.Body)
		if at == "" {
			t.Fatal("nothing to try again")
		}
		admin.send(page, at)
		admin.says(admin.see("/admin"), "Tidak ada yang menunggu")
		admin.says(admin.see("/admin/riwayat"), "Pekerjaan dicoba lagi")
		if n, err := s.Jobs.Drain(t.Context()); err != nil || n == 0 {
			t.Errorf("Drain = %d, %v; want the job done", n, err)
		}
		s.holds(t)
	})
}
