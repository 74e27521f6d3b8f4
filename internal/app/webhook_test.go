package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"lapak/internal/app"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/webhook"
)

// A receiver that was switched off is told to its owner: by mail, if they have
// proven an address, and on "Hari ini", until they mend or delete it.
func TestTheOwnerIsToldOfAReceiverThatIsOff(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := app.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), LogLevel: "warn", LogFormat: "text", BaseURL: "http://lapak.test", Mail: "smtp+plain://localhost:2525", MailFrom: "lapak@contoh.id", RateFactor: 1000}
		a, err := app.Wire(c, db, bytes.Repeat([]byte{3}, 32), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		s := newSite(t, db) // the same data and key, with a server
		sh, other := s.shop(t, "Dapur Bu Euis", 5), s.shop(t, "Toko Lain", 5)
		exec := func(sc authz.Scope, sql string, args ...any) {
			t.Helper()
			err := db.Tx(context.WithoutCancel(t.Context()), sc, func(tx *store.Tx) error {
				_, err := tx.ExecContext(t.Context(), sql, args...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		none := authz.Job(id.ID{})
		exec(none, `UPDATE people SET mail = 'euis@contoh.id', mail_proven_at = $1 WHERE id = $2`, time.Now().UTC(), sh.sc.Actor)
		exec(none, `UPDATE people SET mail = 'lain@contoh.id' WHERE id = $1`, other.sc.Actor) // not proven
		fail := func(sh shop) id.ID {
			t.Helper()
			// This machine is no address of the internet: every try fails, and nothing goes out.
			r, _, err := a.Webhooks.Make(t.Context(), sh.sc, webhook.Draft{ID: id.New(), URL: "https://127.0.0.1:9/lapak", About: "Kasir", Kinds: webhook.Kinds})
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Webhooks.Try(t.Context(), sh.sc, r.ID); err != nil {
				t.Fatal(err)
			}
			exec(sh.job(), `UPDATE webhook_deliveries SET begun_at = $1 WHERE business_id = $2`, time.Now().UTC().Add(-webhook.Lifetime), sh.sc.Business)
			exec(sh.job(), `UPDATE webhook_receivers SET failing_at = $1 WHERE business_id = $2`, time.Now().UTC().Add(-webhook.Lifetime), sh.sc.Business)
			if n, err := a.Jobs.Drain(t.Context()); err != nil || n == 0 {
				t.Fatal(n, err)
			}
			return r.ID
		}
		hook := fail(sh)
		fail(other)
		var to, subject, body string
		err = db.View(t.Context(), none, func(tx *store.Tx) error {
			return tx.QueryRowContext(t.Context(), `SELECT recipient, subject, body FROM mails WHERE subject LIKE 'Kabar ke %'`).Scan(&to, &subject, &body)
		})
		if err != nil || to != "euis@contoh.id" || subject != "Kabar ke Kasir berhenti" || !strings.Contains(body, "http://lapak.test/toko/webhook/"+hook.String()) {
			t.Errorf("mail to %q, %q, %q, %v", to, subject, body, err)
		}
		if n := s.one(t, none, `SELECT count(*) FROM mails WHERE subject LIKE 'Kabar ke %'`); n != 1 {
			t.Errorf("%d mails, want 1: the other's address is not proven", n)
		}
		const card = "Kabar ke 1 aplikasi berhenti"
		sh.says(sh.see("/hari-ini"), card)
		sh.says(sh.see("/toko/webhook"), "Dimatikan")
		if err := s.Webhooks.Drop(t.Context(), sh.sc, hook); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(sh.see("/hari-ini").Body, card) {
			t.Error("the card stays when the receiver is gone")
		}
		other.says(other.see("/hari-ini"), card)
		s.holds(t)
	})
}
