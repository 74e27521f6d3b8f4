package app_test

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// The admin's page of backups in all its states: none yet, whole, a copy that
// is missing, a drill that failed.
func TestTheBackupsPageInABrowser(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	s.shop(t, "Dapur Bu Euis", 5)
	srv := httptest.NewUnstartedServer(nil)
	s.Config.BaseURL = "http://" + srv.Listener.Addr().String()
	away := t.TempDir()
	k := keeper(t, s, away)
	h, err := k.Handler()
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = h
	srv.Start()
	t.Cleanup(srv.Close)
	url := k.Config.BaseURL

	tab := browsertest.Start(t).Tab(t, browsertest.Phone)
	token, _, err := k.Accounts.FirstAdminLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tab.Go(url + "/admin-pertama/" + token)
	tab.Fill("#who", newPhone())
	tab.Fill("#password", password)
	tab.Tap("#terms")
	tab.Send("button.primary")
	code, err := totp.GenerateCode(seedOf.FindString(tab.Text("main")), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	tab.Fill("#code", code)
	tab.Send("button.primary")
	tab.Go(url + "/admin/cadangan")
	tab.Fits()
	tab.Accessible()
	tab.Shot("cadangan-kosong")
	tab.Send(`form[action="/admin/cadangan"] button`)
	if n, err := k.Jobs.Drain(t.Context()); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	k.Backups.Wait()
	if err := k.DrillNow(t.Context(), func(string, ...any) {}); err != nil {
		t.Fatal(err)
	}
	looks(t, tab, url, "baik", "/admin/cadangan")
	if text := tab.Text("main"); !strings.Contains(text, "Can be restored") {
		t.Errorf("the page says %s", text)
	}

	// The other disk is gone, and what it held with it.
	if err := os.RemoveAll(away); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(away, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := k.BackupNow(t.Context()); err == nil {
		t.Fatal("a copy is missing and nobody said so")
	}
	if err := k.DrillNow(t.Context(), func(string, ...any) {}); err == nil {
		t.Fatal("the place cannot be read and nobody said so")
	}
	looks(t, tab, url, "rusak", "/admin/cadangan")
	if text := tab.Text("main"); !strings.Contains(text, "A copy is missing") || !strings.Contains(text, "Failed") {
		t.Errorf("the page says %s", text)
	}
}
