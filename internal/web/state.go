package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/ui"
)

// state is what the shell knows of a request, made once and passed by pointer.
type state struct {
	request string
	route   *Route
	scope   authz.Scope
	who     *Who
	shell   *shell
	env     *ui.Env
	fault   string // the key of the fault answered, for the log
}

type stateKey struct{}

func stateOf(r *http.Request) *state {
	if st, ok := r.Context().Value(stateKey{}).(*state); ok {
		return st
	}
	return &state{}
}

// Scope is who sends the request, under which membership.
func Scope(r *http.Request) authz.Scope { return stateOf(r).scope }

// Person is the signed-in person, or nil.
func Person(r *http.Request) *Who { return stateOf(r).who }

// RequestID is the id that the log and error pages show.
func RequestID(r *http.Request) string { return stateOf(r).request }

// Demo reports whether the installation shows sample data.
func Demo(r *http.Request) bool {
	s := stateOf(r).shell
	return s != nil && s.Demo
}

// Secure reports whether cookies may carry the Secure mark.
func Secure(r *http.Request) bool {
	s := stateOf(r).shell
	return s != nil && s.secure
}

// Base is the address of the site, without a slash at its end.
func Base(r *http.Request) string {
	if s := stateOf(r).shell; s != nil {
		return s.Base
	}
	return ""
}

// RemoteAddr is the address that sends the request, behind trusted proxies.
func RemoteAddr(r *http.Request) string {
	if s := stateOf(r).shell; s != nil {
		return s.address(r)
	}
	return r.RemoteAddr
}

// Render writes a page. It is drawn whole before the first byte is sent, so
// that a mistake in it is still answered as one.
func Render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	b := templ.GetBuffer()
	defer templ.ReleaseBuffer(b)
	ctx := r.Context()
	if st := stateOf(r); st.shell != nil {
		st.shell.prepare(w, r, st)
		ctx = ui.With(ctx, st.env)
	}
	if err := c.Render(ctx, b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if e := ui.Of(ctx); e.Offline && e.Flash == nil && status == http.StatusOK { // what was just done is said once
		h.Set("X-Lapak-Offline", "1")
	}
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-cache")
	}
	if status == http.StatusOK && r.Method == http.MethodGet && h.Get("ETag") == "" {
		// lets a page that is fetched again, to see whether it changed, cost nothing
		sum := sha256.Sum256(b.Bytes())
		tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:9]) + `"`
		h.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes())
	}
	return nil
}

// prepare fills the Env of a page: theme, token, flash, navigation.
func (s *shell) prepare(w http.ResponseWriter, r *http.Request, st *state) {
	cached := st.route != nil && st.route.Cached
	e := st.env
	e.Now = s.Now()
	if cached {
		return
	}
	if c, err := r.Cookie("tampilan"); err == nil && (c.Value == "light" || c.Value == "dark") {
		e.Theme = c.Value
	}
	e.Token = s.token(st.scope.Actor)
	e.Flash = s.takeFlash(w, r)
	if st.who == nil {
		return
	}
	e.Person = &ui.Person{Name: st.who.Name, Business: st.who.Business, Place: st.who.Place, Choices: st.who.Choices}
	if !st.scope.Business.IsZero() {
		e.Person.Phone = &ui.Signed{Person: st.who.ID.String(), Business: st.scope.Business.String(), Mark: mark(st.scope)}
		e.Offline = st.route != nil && st.route.Offline
	}
	e.Nav = navigation(st.scope)
	if s.Badges != nil && len(e.Nav) > 0 {
		e.Counts = func(ctx context.Context) map[string]int64 { return s.Badges(ctx, st.scope) }
	}
}

// mark tells the service worker for whom a page was made, so that it shows no
// page of one person to another; "-" is nobody.
func mark(sc authz.Scope) string {
	if sc.Actor.IsZero() {
		return "-"
	}
	sum := sha256.Sum256(append(sc.Actor[:], sc.Membership[:]...))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// navigation is what the person may go to, the most used first.
func navigation(sc authz.Scope) []ui.NavItem {
	var list []ui.NavItem
	add := func(v authz.Verb, path, icon, key string, wide bool) {
		if sc.May(v) {
			list = append(list, ui.NavItem{Path: path, Icon: icon, Key: key, Wide: wide})
		}
	}
	switch sc.Role {
	case authz.Owner, authz.Staff:
		add(authz.SeeToday, "/hari-ini", "sun", "nav.today", false)
		add(authz.SeeOrders, "/pesanan", "receipt-text", "nav.orders", false)
		add(authz.SeeProducts, "/produk", "package", "nav.products", false)
		add(authz.SeeCustomers, "/pelanggan", "users", "nav.customers", false)
		add(authz.SeeStock, "/stok", "boxes", "nav.stock", true)
		add(authz.Deliver, "/antaran", "truck", "nav.deliveries", true)
		add(authz.EditShop, "/toko", "store", "nav.shop", true)
		add(authz.SignedIn, "/lainnya", "menu", "nav.more", false)
	case authz.Courier:
		add(authz.Deliver, "/antaran", "truck", "nav.deliveries", false)
		add(authz.SignedIn, "/lainnya", "menu", "nav.more", false)
	case authz.Office, authz.Admin:
		add(authz.SeeRegistry, "/dinas/usaha", "store", "nav.registry", false)
		add(authz.HideShops, "/dinas/banding", "gavel", "nav.appeals", false)
		add(authz.RecoverPeople, "/dinas/pemulihan", "key-round", "nav.recovery", false)
		add(authz.EditTexts, "/dinas/naskah", "file-text", "nav.texts", false)
		add(authz.RunInstallation, "/admin", "settings", "nav.admin", false)
		add(authz.SignedIn, "/akun", "user", "nav.account", false)
	case authz.Person, authz.Facilitator, authz.Analyst:
		add(authz.SignedIn, "/akun", "user", "nav.account", false)
	}
	return list
}

// SeeOther leads on after a POST that worked. The path is one of ours.
func SeeOther(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, OwnPath(path, "/"), http.StatusSeeOther)
	return nil
}

// OwnPath is path if it leads to this site, else instead.
func OwnPath(path, instead string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return instead
	}
	return path
}

// Flash shows a message on the next page.
func Flash(w http.ResponseWriter, r *http.Request, key string, args ...any) {
	FlashUndo(w, r, "", "", key, args...)
}

// FlashUndo shows a message on the next page, with a button that POSTs note to the path.
func FlashUndo(w http.ResponseWriter, r *http.Request, undo, note, key string, args ...any) {
	st := stateOf(r)
	if st.shell == nil {
		return
	}
	raw, err := json.Marshal(ui.Flash{Text: i18n.T(r.Context(), key, args...), Undo: undo, Note: note})
	if err != nil {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: "pesan", Value: st.shell.seal(raw), Path: "/", MaxAge: 60, HttpOnly: true, Secure: st.shell.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (s *shell) takeFlash(w http.ResponseWriter, r *http.Request) *ui.Flash {
	c, err := r.Cookie("pesan")
	if err != nil || r.Header.Get("If-None-Match") != "" {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: "pesan", Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	raw, ok := s.open(c.Value)
	var f ui.Flash
	if !ok || json.Unmarshal(raw, &f) != nil {
		return nil
	}
	return &f
}

func (s *shell) seal(raw []byte) string {
	m := hmac.New(sha256.New, s.flash)
	m.Write(raw)
	e := base64.RawURLEncoding
	return e.EncodeToString(raw) + "." + e.EncodeToString(m.Sum(nil)[:16])
}

func (s *shell) open(v string) ([]byte, bool) {
	body, sum, _ := strings.Cut(v, ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return nil, false
	}
	m := hmac.New(sha256.New, s.flash)
	m.Write(raw)
	return raw, hmac.Equal([]byte(sum), []byte(base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])))
}

// token is what forms carry for old browsers: bound to the person and the day.
func (s *shell) token(actor id.ID) string {
	return s.tokenOf(actor, s.Now().Unix()/86400)
}

func (s *shell) tokenOf(actor id.ID, day int64) string {
	m := hmac.New(sha256.New, s.form)
	m.Write(actor[:])
	m.Write([]byte(strconv.FormatInt(day, 10)))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

func (s *shell) validToken(tok string, actor id.ID) bool {
	day := s.Now().Unix() / 86400
	return tok != "" && (hmac.Equal([]byte(tok), []byte(s.tokenOf(actor, day))) || hmac.Equal([]byte(tok), []byte(s.tokenOf(actor, day-1))))
}

// FormID reads a field with an id; what is none stays zero.
func FormID(r *http.Request, name string) id.ID {
	v, _ := id.Parse(r.FormValue(name))
	return v
}

// PathID reads an id in the address; what is none is not found.
func PathID(r *http.Request, name string) (id.ID, error) {
	v, err := id.Parse(r.PathValue(name))
	if err != nil {
		return id.ID{}, errMissing
	}
	return v, nil
}

// Int reads a field with a whole number; what is none stays zero. Dots between
// thousands are let through.
func Int(r *http.Request, name string) int64 {
	n, _ := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(r.FormValue(name)), ".", ""), 10, 64)
	return n
}

// Money reads a field with a sum of rupiah; empty is zero.
func Money(r *http.Request, name string) (int64, error) {
	v := strings.TrimSpace(r.FormValue(name))
	if v == "" {
		return 0, nil
	}
	return money.Parse(v)
}

// Day reads a field with a date (2026-11-23) as midnight on the clock of loc.
func Day(r *http.Request, name string, loc *time.Location) (time.Time, bool) {
	d, err := time.ParseInLocation(time.DateOnly, r.FormValue(name), loc)
	return d, err == nil
}

// Again reports whether err is a fault after which the form is shown again, as
// it was filled in, and returns it. What is out of order on our side is not one:
// the error page says it, and keeps the form by itself.
func Again(err error) (*fault.Error, bool) {
	f := fault.Of(err)
	return f, f.HasKind(fault.Invalid, fault.Conflict, fault.TooMany)
}

// withState readies a request for the chain.
func (s *shell) withState(r *http.Request, request string) (*http.Request, *state) {
	lang := i18n.ID
	if c, err := r.Cookie("bahasa"); err == nil && i18n.Known(c.Value) {
		lang = c.Value
	}
	if q := r.URL.Query().Get("bahasa"); i18n.Known(q) {
		lang = q
	}
	if isAPI(r.URL.Path) {
		lang = spoken(r.Header.Get("Accept-Language"))
	}
	st := &state{request: request, shell: s}
	st.env = &ui.Env{Path: r.URL.Path, Base: s.Base, Demo: s.Demo, Request: request}
	ctx := context.WithValue(r.Context(), stateKey{}, st)
	if s.Words != nil {
		ctx = i18n.With(ctx, s.Words, lang)
	}
	return r.WithContext(ui.With(ctx, st.env)), st
}
