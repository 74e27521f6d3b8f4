package app_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/business"
	"lapak/internal/id"
	"lapak/internal/region"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web"
	"lapak/internal/web/webtest"
)

// things are one of every object that an address may name.
type things map[string]string

// param is a part of an address that names an object.
type param struct {
	missing string // a value of the right form that names nothing; empty: a fresh id
	public  bool   // anybody's is everybody's: another's is no different from one's own
	loose   bool   // who may see one's own is not decided by the route's verb alone
	once    bool   // a POST uses it up
	mute    bool   // taking away what is not there is no mistake
}

const noToken = "aaaaaaaaaaaaaaaaaaaaaaaaaa"

// params tells, by the address up to the parameter, what it names. A new
// address with another parameter fails the test until it stands here.
var params = map[string]param{
	"/atur-ulang/{token}": {missing: noToken, public: true, once: true}, "/bukti-email/{token}": {missing: noToken, public: true, loose: true, once: true},
	"/admin-pertama/{token}": {missing: noToken, public: true, loose: true, once: true}, "/undangan/{token}": {missing: noToken, public: true, once: true},
	"/langkah-baru/{token}": {missing: noToken, public: true, loose: true, once: true}, "/akun/naskah/{kind}": {missing: "tiada", public: true, loose: true},
	"/admin/undangan/{id}": {public: true, loose: true}, "/admin/orang/{id}": {public: true, loose: true}, "/admin/pekerjaan/{id}": {public: true, loose: true},
	"/serah/{token}": {missing: noToken, public: true, loose: true, once: true}, "/berhenti/{token}": {missing: noToken, public: true, once: true},
	"/o/{token}": {missing: noToken, public: true}, "/pin/{member}": {loose: true}, "/akun/sesi/{id}": {loose: true, once: true}, "/akun/kunci/{id}": {loose: true, once: true},
	"/karyawan/undangan/{id}": {once: true}, "/karyawan/hp/{id}": {once: true}, "/karyawan/{id}": {},
	"/dinas/pemulihan/{id}": {loose: true}, "/dinas/naskah/{kind}": {missing: "tiada", public: true}, "/dinas/usaha/{id}": {}, "/dinas/banding/{id}": {loose: true},
	"/foto/{business}": {public: true}, "/foto/{business}/{id}": {}, "/foto/{business}/{id}/{width}": {missing: "7", public: true},
	"/produk/{id}": {}, "/kategori/{id}": {}, "/pelanggan/{id}": {}, "/pelanggan/{id}/alamat/{address}": {once: true},
	"/antaran/{id}": {}, "/ekspedisi/kunci/{carrier}": {missing: "tiada", public: true, loose: true}, "/kirim/{id}": {}, "/kirim/{id}/bukti/{photo}": {}, "/lacak/{token}": {missing: noToken, public: true}, "/pesanan/{id}": {}, "/pesanan/{id}/bukti/{photo}": {}, "/pembayaran/rekening/{id}": {once: true, mute: true},
	"/stok/{variant}": {}, "/stok/hitung/{count}": {}, "/voucher/{id}": {}, "/setoran/ekspedisi/{id}": {},
	"/langganan/{firm}": {loose: true}, "/penjemputan/{id}": {loose: true}, "/jasa-kurir/aset/{id}": {loose: true}, "/jasa-kurir/toko/{shop}": {loose: true},
	"/jemput/{id}": {loose: true}, "/jemput-bareng/{id}": {loose: true}, "/sortir/{id}": {loose: true},
	"/impor/{id}": {loose: true}, "/contoh-impor/{kind}": {missing: "tiada", public: true, loose: true}, "/ekspor/{kind}": {missing: "tiada", public: true, loose: true},
	"/sitemap/{part}":       {missing: "tiada.xml", public: true},
	"/ongkir/berkas/{name}": {missing: "tiada.csv", public: true},
	"/kotak/{id}":           {loose: true, once: true},
	"/toko/webhook/{id}":    {once: true}, "/toko/webhook/{id}/{delivery}": {once: true},
	"/toko/api/{id}": {once: true}, "/api/v1/shops/{slug}": {missing: "tiada", public: true}, "/api/v1/shops/{slug}/products/{product}": {missing: "tiada", public: true},
	"/api/v1/orders/{token}": {missing: noToken, public: true}, "/api/v1/my/products/{id}": {}, "/api/v1/my/stock/{variant}": {}, "/api/v1/my/orders/{id}": {},
	"/api/v1/my/customers/{id}": {}, "/api/v1/my/parcels/{id}": {}, "/api/v1/my/orders/{order}": {}, "/api/v1/parcels/{token}": {missing: noToken, public: true}, "/@/{slug}": {missing: "tiada", public: true}, "/@/{slug}/p/{product}": {missing: "tiada"},
}

var hole = regexp.MustCompile(`\{[a-z]+\}`)

// address fills a route's path with the objects of th; the last one is taken
// from last if that is given, or names nothing if last is empty but not nil.
func address(t *testing.T, path string, th, last things) (addr string, p param, has bool) {
	t.Helper()
	at := hole.FindAllStringIndex(path, -1)
	out := path
	for i, span := range at {
		key := path[:span[1]]
		var ok bool
		if p, ok = params[key]; !ok {
			t.Fatalf("the matrix does not know what %s names: say so in params", key)
		}
		from := th
		if i == len(at)-1 && last != nil {
			from = last
		}
		v := from[key]
		if i == len(at)-1 && last != nil && len(last) == 0 {
			if v = p.missing; v == "" {
				v = id.New().String()
			}
		}
		if v == "" {
			if !p.loose {
				t.Fatalf("the matrix has no object for %s", key)
			}
			if v = p.missing; v == "" {
				v = id.New().String()
			}
		}
		out = strings.Replace(out, path[span[0]:span[1]], v, 1)
	}
	out = strings.TrimSuffix(out, "{$}")
	if rest, ok := strings.CutPrefix(out, "/@/"); ok {
		out = "/@" + rest
	}
	return out, p, len(at) > 0
}

// hidden makes a business at a village, hides it and lets its owner appeal.
func (s site) hidden(t *testing.T, village string, th things) {
	t.Helper()
	ctx := t.Context()
	_, sc := s.plant(t, account.Planted{Name: "Iis", Phone: parsed(t, newPhone())})
	b, err := s.Shops.Create(ctx, sc, business.NewShop{ID: id.New(), Name: "Warung Iis", Trade: "T1", Village: village, Phone: newPhone(), SoldBefore: business.SoldConventional})
	if err != nil {
		t.Fatal(err)
	}
	sc.Role, sc.Business = authz.Owner, b.ID
	if _, err = s.Shops.Publish(ctx, sc); err != nil {
		t.Fatal(err)
	}
	officer := authz.Scope{Actor: id.New(), Role: authz.Office, Perms: authz.OfficePerms, Regions: []string{village[:2]}, Now: s.DB.Now(), ProvenAt: s.DB.Now()}
	if err := s.Shops.Hide(ctx, officer, b.ID, "Alamatnya tidak benar, mohon diperbaiki"); err != nil {
		t.Fatal(err)
	}
	if err := s.Shops.Appeal(ctx, sc, "Alamat sudah kami perbaiki"); err != nil {
		t.Fatal(err)
	}
	list, err := s.Shops.Appeals(ctx, sc)
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	th["/dinas/pemulihan/{id}"] = sc.Actor.String()
	th["/dinas/usaha/{id}"], th["/dinas/banding/{id}"] = b.ID.String(), list[0].ID.String()
}

// filled is what a form of any page may hold, so that a change comes as far as
// looking for its object.
func filled(th things) url.Values {
	f := url.Values{}
	for _, n := range []string{"id", "move", "edit"} {
		f.Set(n, id.New().String())
	}
	for n, v := range map[string]string{
		"variant": th["/stok/{variant}"], "name": "Nama Baru", "title": "Barang", "text": "kata", "quantity": "1", "counted": "1", "reason": "other", "pin": "5826",
		"perms": "orders", "receiver": "Dedi", "relation": "self", "amount": "1000", "by": "1", "code": "ABCDE", "price": "1", "stock": "1", "answer": "Baik", "seen": "on",
		"business_id": th["/foto/{business}"], "state": "done", "total": "1", "min": "1", "threshold": "1", "kind": "default", "consent": "on", "value": "1",
	} {
		f.Set(n, v)
	}
	for _, act := range []string{"decline", "cancel", "deliver", "pay", "refund", "answer", "note", "return", "collect"} {
		for n, v := range map[string]string{"reason": "other", "text": "kata", "amount": "1000", "method": "cash", "receiver": "Dedi", "relation": "self"} {
			f.Set(act+"-"+n, v)
		}
	}
	f.Set("fail-reason", "nobody_home")
	return f
}

var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// same is what an answer says, without what differs from one request to the next.
func same(p webtest.Page) string {
	return fmt.Sprint(p.Status, p.Location(), p.Header.Get("Content-Type"), p.Header.Get("Cache-Control"), p.Header.Get("Set-Cookie") != "", "\n",
		ids.ReplaceAllString(p.Body, "ID"))
}

// fingerprint is a sum of every row of the business in every table.
func (s site) fingerprint(t *testing.T, shop id.ID) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := s.DB.View(t.Context(), authz.Job(shop), func(tx *store.Tx) error {
		q := `SELECT m.name FROM sqlite_master m WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) c WHERE c.name = 'business_id')`
		if tx.Postgres() {
			q = `SELECT table_name FROM information_schema.columns WHERE column_name = 'business_id' AND table_schema = current_schema()`
		}
		names, err := texts(t, tx, q)
		if err != nil {
			return err
		}
		for _, n := range names {
			rows, err := texts(t, tx, `SELECT * FROM `+n+` WHERE business_id = $1`, shop)
			if err != nil {
				return err
			}
			slices.Sort(rows)
			out[n] = fmt.Sprintf("%d rows %x", len(rows), sha256.Sum256([]byte(strings.Join(rows, "\n"))))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d tables were looked at", len(out))
	}
	return out
}

// texts are the rows of a query, each as one text.
func texts(t *testing.T, tx *store.Tx, query string, args ...any) (out []string, err error) {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		vals := make([]any, len(cols))
		for i := range vals {
			vals[i] = new(any)
		}
		if err := rows.Scan(vals...); err != nil {
			return nil, err
		}
		var b strings.Builder
		for i, v := range vals {
			if i > 0 {
				b.WriteByte('|')
			}
			switch x := (*v.(*any)).(type) {
			case []byte:
				fmt.Fprintf(&b, "%s", x)
			default:
				fmt.Fprint(&b, x)
			}
		}
		out = append(out, b.String())
	}
	return out, rows.Err()
}

// actor is somebody who tries every address.
type actor struct {
	name string
	person
	sc         authz.Scope
	own, other things
	victim     id.ID // whose data must stay as it is
}

// officer signs in somebody of the office, with the second step.
func (s site) officer(t *testing.T, role authz.Role, perms ...authz.Perm) (person, authz.Scope) {
	t.Helper()
	const seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	number := newPhone()
	p, sc := s.plant(t, account.Planted{Name: "Petugas", Phone: parsed(t, number), Role: role, Perms: perms, Regions: []string{"32.11"}, TOTP: seed})
	to := p.send(p.see("/masuk"), "/masuk", "who", number, "password", password).Location()
	code, err := totp.GenerateCode(seed, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p.send(p.see(to), "/masuk/kode", "code", code)
	return p, sc
}

func (s site) actors(t *testing.T) []actor {
	t.Helper()
	a, b := s.shop(t, "Dapur Bu Euis", 20), s.shop(t, "Warung Pak Asep", 20)
	var list []actor
	worker := func(sh shop, role authz.Role, perms ...authz.Perm) actor {
		number := newPhone()
		p, sc := s.plant(t, account.Planted{Name: "Pekerja", Phone: parsed(t, number), Role: role, Perms: perms, Business: sh.sc.Business})
		p.signIn(number)
		return actor{name: strings.Trim(fmt.Sprint(role, " ", perms), "[] "), person: p, sc: sc}
	}
	courier := worker(a, authz.Courier)
	ta, tb := s.furnish(t, a, courier.sc.Actor), s.furnish(t, b, b.sc.Actor)
	s.hidden(t, jatimukti, ta)
	far := region.Search("garut", 1, region.Village)
	s.hidden(t, far[0].Code, tb)
	guest := actor{name: "guest", person: s.person(t), sc: authz.Scope{Role: authz.Guest}}
	number := newPhone()
	p, sc := s.plant(t, account.Planted{Name: "Orang", Phone: parsed(t, number)})
	p.signIn(number)
	list = append(list, guest, actor{name: "person", person: p, sc: sc}, courier, worker(a, authz.Staff))
	for _, perm := range authz.StaffPerms {
		list = append(list, worker(a, authz.Staff, perm))
	}
	for _, perm := range authz.OfficePerms {
		p, sc := s.officer(t, authz.Office, perm)
		list = append(list, actor{name: "office " + string(perm), person: p, sc: sc})
	}
	p, sc = s.officer(t, authz.Admin)
	list = append(list, actor{name: "admin", person: p, sc: sc})
	for i := range list {
		list[i].own, list[i].other, list[i].victim = ta, tb, b.sc.Business
		if list[i].sc.Role == authz.Courier { // sees the parcel alone that they bring
			list[i].own = maps.Clone(ta)
			list[i].own["/pesanan/{id}"] = ta["what the courier brings"]
		}
	}
	return append(list, actor{"owner of another", b.person, b.sc, tb, ta, a.sc.Business}, actor{"owner", a.person, a.sc, ta, tb, b.sc.Business})
}

func TestMatrix(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		routes := slices.DeleteFunc(web.Table(s.Routes()...), func(rt web.Route) bool { return rt.Hook }) // judged by their own handler
		// What changes nothing first, and signing out at the end.
		slices.SortStableFunc(routes, func(x, y web.Route) int { return rank(x) - rank(y) })
		tried := 0
		for _, a := range s.actors(t) {
			before := s.fingerprint(t, a.victim)
			for _, rt := range routes {
				tried += a.try(t, rt)
			}
			for table, sum := range s.fingerprint(t, a.victim) {
				if before[table] != sum {
					t.Errorf("%s changed another business's %s: %s, was %s", a.name, table, sum, before[table])
				}
			}
		}
		t.Logf("%d addresses, %d requests", len(routes), tried)
		s.holds(t)
	})
}

func rank(rt web.Route) int {
	switch {
	case rt.Pattern == "POST /keluar":
		return 3
	case rt.Pattern == "POST /toko/webhook/{id}/hapus": // after what is done with it
		return 2
	case rt.Method() == http.MethodPost:
		return 1
	}
	return 0
}

// try sends a request to the actor's own object, to another's and to one that
// is not there, and judges the answers.
func (a actor) try(t *testing.T, rt web.Route) (n int) {
	t.Helper()
	if rt.API {
		return a.tryAPI(t, rt)
	}
	ask := func(addr string, form url.Values) webtest.Page {
		n++
		if rt.Method() == http.MethodPost {
			return a.Post(addr, form)
		}
		return a.Get(addr)
	}
	can := a.sc.Can(rt.Verb)
	own, p, has := address(t, rt.Path(), a.own, nil)
	post := rt.Method() == http.MethodPost
	uses := post && can == nil && (p.once || strings.HasSuffix(own, "/penghapusan") || strings.HasSuffix(own, "/hapus"))
	if a.sc.Role == authz.Owner && !p.public && !p.loose {
		uses = false
	}
	if !uses {
		if got := ask(own, url.Values{}); !fits(got, can, rt, p, false) {
			t.Errorf("%s, own: %s %s: %d %s, Can says %v: %s", a.name, rt.Method(), own, got.Status, got.Location(), can, cutTo(webtest.Text(got.Body, "main")))
		}
	}
	if !has {
		return n
	}
	form := filled(a.own)
	a.Get("/syarat") // takes the message of the change before
	addr, _, _ := address(t, rt.Path(), a.own, things{})
	missing := ask(addr, form)
	if !fits(missing, can, rt, p, true) {
		t.Errorf("%s, missing: %s %s: %d %s, Can says %v", a.name, rt.Method(), addr, missing.Status, missing.Location(), can)
	}
	if p.public || a.sc.Role == authz.Admin && strings.HasPrefix(rt.Path(), "/dinas/pemulihan/") {
		return n // the installation's admin helps people of every region
	}
	was := addr
	addr, _, _ = address(t, rt.Path(), a.own, a.other)
	other := ask(addr, form)
	if x, y := strings.ReplaceAll(same(other), url.QueryEscape(addr), ""), strings.ReplaceAll(same(missing), url.QueryEscape(was), ""); x != y {
		t.Errorf("%s: %s %s: another's differs from a missing one: %d %s %s; %d %s %s", a.name, rt.Method(), addr,
			other.Status, other.Location(), cutTo(webtest.Text(other.Body, "main")), missing.Status, missing.Location(), cutTo(webtest.Text(missing.Body, "main")))
	}
	return n
}

func cutTo(s string) string { return s[:min(len(s), 200)] }

// fits reports whether the answer is one that the scope may get there.
func fits(got webtest.Page, can error, rt web.Route, p param, absent bool) bool {
	post := rt.Method() == http.MethodPost
	switch {
	case got.Status >= 500 || got.Status == http.StatusMethodNotAllowed:
		return false
	case can == authz.ErrSignIn && post:
		return got.Status == http.StatusUnauthorized
	case can == authz.ErrSignIn:
		return got.Status == http.StatusSeeOther && strings.HasPrefix(got.Location(), "/masuk?ke=")
	case can != nil:
		return got.Status == http.StatusForbidden
	case absent && p.loose:
		return !post || got.Status >= 300
	case absent && post:
		return got.Status >= 400 || p.mute
	case absent:
		return got.Status == http.StatusNotFound
	case p.loose || rt.Verb == authz.Public || rt.Verb == authz.SignedIn:
		return true
	case post:
		return slices.Contains([]int{200, 303, 409, 422}, got.Status)
	}
	return slices.Contains([]int{200, 303, 409}, got.Status)
}
