package app_test

import (
	"bytes"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"lapak/internal/app"
	"lapak/internal/store/storetest"
	"lapak/internal/web/browsertest"
)

// field is the way between phone and server: it can be cut, the server can die
// after it did what it was sent and before it answers, and each message of the
// outbox arrives three times.
type field struct {
	cut  atomic.Bool
	dies atomic.Int64
	came atomic.Int64
	to   http.Handler
}

func (f *field) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.cut.Load() {
		panic(http.ErrAbortHandler)
	}
	if r.Method != http.MethodPost || r.URL.Path != "/kotak" {
		f.to.ServeHTTP(w, r)
		return
	}
	f.came.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	var last *httptest.ResponseRecorder
	for range 3 {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		last = httptest.NewRecorder()
		f.to.ServeHTTP(last, again)
	}
	if f.dies.Add(-1) >= 0 {
		panic(http.ErrAbortHandler)
	}
	for k, v := range last.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(last.Code)
	_, _ = w.Write(last.Body.Bytes())
}

// A courier's phone loses the signal in the middle of the run and its battery
// twice; the server dies twice in the middle of the sync, and everything comes
// three times. The end is that of the same run with a signal.
func TestARunOutlivesThePhone(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	errands := []done{
		{"parcel.deliver", 0, map[string]string{"receiver": "Rini", "relation": "self", "amount": "23.000"}},
		{"parcel.fail", 1, map[string]string{"reason": "nobody_home"}},
		{"parcel.deliver", 2, map[string]string{"receiver": "Pembeli 02", "relation": "self", "amount": "20.000", "text": "Kurang uang kecil"}},
		{"parcel.fail", 3, map[string]string{"reason": "refused"}},
		{"parcel.deliver", 1, map[string]string{"receiver": "Pembeli 01", "relation": "self", "amount": "23.000"}},
	}
	with := s.carry(t, "Dapur Bu Euis", 4)
	with.online(t, errands)
	want := with.account(t, s)

	f := &field{}
	srv := httptest.NewUnstartedServer(f)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.BaseURL = "http://" + srv.Listener.Addr().String()
	phone, err := app.Wire(s.Config, s.DB, bytes.Repeat([]byte{3}, 32), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if f.to, err = phone.Handler(); err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(srv.Close)
	c := s.carry(t, "Warung Pak Asep", 4)
	at, profile := s.Config.BaseURL, t.TempDir()
	picture := filepath.Join(t.TempDir(), "bukti.jpg")
	if err := os.WriteFile(picture, jpegOf(90), 0o600); err != nil {
		t.Fatal(err)
	}

	b := browsertest.StartOn(t, profile)
	tab := b.Own(t, browsertest.Phone)
	signIn := func() {
		t.Helper()
		tab.Go(at + "/masuk?ke=/antaran")
		tab.Fill("#who", c.number)
		tab.Fill("#password", password)
		tab.Send("button.primary")
	}
	signIn()
	tab.Go(at + "/antaran")
	const ready = `document.querySelector("[data-offline-ready]:not([hidden])")`
	tab.Until("the run is ready for no signal", ready)
	tab.Shot("antaran-siap")

	stop := func(i int) string { return at + "/antaran/" + c.boxes[i].ID.String() }
	onPhone := func(n string) {
		t.Helper()
		tab.Until(n+" wait on the phone", `location.pathname === "/antaran" && (document.querySelector("[data-outbox-status]:not([hidden])") || {}).innerText === "`+n+` menunggu, 0 gagal"`)
	}
	again := func() { // an empty battery
		t.Helper()
		b.Kill()
		b = browsertest.StartOn(t, profile)
		tab = b.Own(t, browsertest.Phone)
		tab.Signal(false)
		tab.Go(at + "/antaran")
	}
	f.cut.Store(true)
	tab.Signal(false)
	tab.Go(stop(0))
	tab.Fill(`form[data-outbox="parcel.deliver"] [name=receiver]`, "Rini")
	tab.Upload(`form[data-outbox="parcel.deliver"] input[type=file]`, picture)
	tab.Tap(`form[data-outbox="parcel.deliver"] button.primary`)
	onPhone("1")
	again()
	onPhone("1")
	tab.Until("the stop is done for who looks", `document.querySelectorAll("[data-on-phone]").length === 1 && document.querySelector("[data-held]").innerText.includes("Rp23.000")`)
	tab.Shot("antaran-luring")
	tab.Accessible()
	tab.Fits()
	tab.Go(stop(1))
	tab.Tap(`form[data-outbox="parcel.fail"] input[value=nobody_home]`)
	tab.Tap(`form[data-outbox="parcel.fail"] button`)
	onPhone("2")
	tab.Go(stop(2))
	tab.Fill(`form[data-outbox="parcel.deliver"] [name=amount]`, "20000")
	tab.Fill(`form[data-outbox="parcel.deliver"] [name=text]`, "Kurang uang kecil")
	tab.Tap(`form[data-outbox="parcel.deliver"] button.primary`)
	onPhone("3")
	tab.Go(stop(3))
	tab.Tap(`form[data-outbox="parcel.fail"] input[value=refused]`)
	tab.Tap(`form[data-outbox="parcel.fail"] button`)
	onPhone("4")
	again()
	onPhone("4")
	tab.Go(stop(1)) // an hour later somebody is at home
	tab.Tap(`form[data-outbox="parcel.deliver"] button.primary`)
	onPhone("5")
	if n := f.came.Load(); n != 0 {
		t.Fatalf("%d messages went without a signal", n)
	}

	f.dies.Store(2)
	f.cut.Store(false)
	tab.Signal(true)
	tab.Go(at + "/antaran")
	if strings.Contains(tab.At(), "/masuk") { // the battery took the sign-in with it; what waits stays
		signIn()
	}
	tab.Until("all is sent", `(() => { window.dispatchEvent(new Event("online"));
		return document.querySelector("[data-left]").innerText === "0 dari 3" && document.querySelector("[data-outbox-status]").hidden; })()`)
	if got := c.account(t, s); got != want {
		t.Errorf("the run ends otherwise:\n%s\nwith a signal:\n%s", got, want)
	}
	d, err := s.Parcels.Get(t.Context(), c.sc, c.boxes[0].ID)
	if err != nil || d.Proof.IsZero() {
		t.Errorf("the photo at the door is lost: %v", err)
	}
	if n := f.came.Load(); n < 4 {
		t.Errorf("%d messages, want those again that had no answer", n)
	}
	s.holds(t)
}
