package app_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/bundle"
	"lapak/internal/business"
	"lapak/internal/customer"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/money"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// No table with rows of businesses may be forgotten by the shop file: each is
// carried, remade in another form, or left behind for a reason.
func TestEveryTableIsInTheShopFileOrLeftForAReason(t *testing.T) {
	for name, tb := range tablesOf(t, storetest.SQLite(t)) {
		n := 0
		if slices.Contains(bundle.Carried, name) {
			n++
		}
		for _, list := range []map[string]string{bundle.Remade, bundle.Left} {
			if why, has := list[name]; has {
				n++
				if why == "" {
					t.Errorf("%s: say why", name)
				}
			}
		}
		tenant := tb.Tenant() || store.Placements[name] == store.Distributed
		if tenant && n != 1 {
			t.Errorf("%s holds rows of businesses and is named %d times: put it into one of Carried, Remade and Left of package bundle", name, n)
		}
		if !tenant && n > 0 {
			t.Errorf("%s holds no rows of businesses", name)
		}
	}
	for _, list := range [][]string{bundle.Carried} {
		for _, name := range list {
			if _, has := store.Placements[name]; !has {
				t.Errorf("there is no table %s", name)
			}
		}
	}
}

// full is a shop with one of everything.
func (s site) full(t *testing.T, name string) shop {
	t.Helper()
	sh := s.shop(t, name, 10)
	s.furnish(t, sh, sh.sc.Actor)
	buyer := s.person(t)
	o := orderOf(t, s, buyer.order(sh, "2", "Siti", newPhone()))
	sh.move(o, "penerimaan")
	sh.move(o, "pengemasan")
	sh.move(o, "penyerahan")
	at := sh.stop(o)
	sh.send(sh.see(at), at+"/penyerahan", "receiver", "Dedi", "relation", "family", "amount", money.Digits(o.Total))
	if err := s.Directory.Refresh(t.Context(), sh.job()); err != nil {
		t.Fatal(err)
	}
	s.holds(t)
	return sh
}

func (s site) export(t *testing.T, sc authz.Scope, history bool) ([]byte, bundle.Manifest) {
	t.Helper()
	var b bytes.Buffer
	m, err := s.Bundles.Export(t.Context(), sc, &b, history)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m
}

func (s site) bring(t *testing.T, file []byte, o bundle.Options) (bundle.Came, error) {
	t.Helper()
	return s.Bundles.Import(t.Context(), authz.Job(id.ID{}), bytes.NewReader(file), int64(len(file)), o)
}

func TestShopFileComesBackEqual(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.full(t, "Dapur Berkas")
		s.full(t, "Toko Tetangga Xyzzy")
		plain, _ := s.export(t, sh.job(), false)
		if again, _ := s.export(t, sh.job(), false); !bytes.Equal(plain, again) {
			t.Error("the same shop does not give the same file")
		}
		file, m := s.export(t, sh.job(), true)
		if c := m.Counts(); c["orders"] == 0 || c["customers"] == 0 || c["customer_consents"] == 0 || c["ledger_lines"] == 0 || c["stock_moves"] == 0 || c["payments"] == 0 || m.Sums["orders.paid"] == 0 || c["vouchers"] == 0 {
			t.Fatalf("the shop is not full: %v", c)
		}
		for _, part := range unzip(t, file) {
			if bytes.Contains(part, []byte("Xyzzy")) {
				t.Error("the file holds something of another shop")
			}
		}
		for name, other := range map[string]*store.DB{"sqlite": storetest.SQLite(t), "postgres": storetest.Postgres(t)} {
			t.Run("to "+name, func(t *testing.T) {
				o := newSiteKey(t, other, 9)
				came, err := o.bring(t, file, bundle.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if came.Business != sh.sc.Business || came.Slug != sh.slug || came.Copy {
					t.Errorf("came %+v, want the same id and address", came)
				}
				o.holds(t)
				there := authz.Job(came.Business)
				again, m2 := o.export(t, there, true)
				if m2.Content != m.Content {
					t.Error("the content came back different")
					differs(t, file, again)
				}
				if n, err := audit.Verify(t.Context(), other, came.Business); err != nil || n == 0 {
					t.Errorf("history: %d, %v", n, err)
				}
				o.enforces(t, there, sh)
			})
		}
	})
}

// enforces: links are this installation's, consents hold, the shop is shown.
func (s site) enforces(t *testing.T, there authz.Scope, from shop) {
	t.Helper()
	b := s.person(t)
	if p := b.Get("/@" + from.slug); p.Status != 200 || !strings.Contains(p.Body, from.product.Title) {
		t.Errorf("the shop's page: %d", p.Status)
	}
	if n := s.one(t, there, "SELECT count(*) FROM customer_stops"); n == 0 {
		t.Error("no stop link came")
	}
	if n, m := s.one(t, there, "SELECT count(*) FROM order_tokens"), s.one(t, there, "SELECT count(*) FROM orders"); n == 0 || n != m {
		t.Errorf("%d links of %d orders", n, m)
	}
	page, err := s.Customers.List(t.Context(), there, customer.Filter{Max: 100})
	list := page.Customers
	if err != nil || len(list) == 0 {
		t.Fatalf("customers %v, %v", list, err)
	}
	promo := 0
	for _, c := range list {
		var may bool
		err := s.DB.View(t.Context(), there, func(tx *store.Tx) (err error) {
			may, err = s.Customers.MayPromote(t.Context(), tx, there, c.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !may {
			continue
		}
		promo++
		stop := s.Customers.StopPath(there, c.ID)
		b.try(b.see(stop), stop)
		err = s.DB.View(t.Context(), there, func(tx *store.Tx) (err error) {
			may, err = s.Customers.MayPromote(t.Context(), tx, there, c.ID)
			return err
		})
		if err != nil || may {
			t.Errorf("after the stop link the customer may be written to: %v, %v", may, err)
		}
	}
	if promo == 0 || promo == len(list) {
		t.Errorf("%d of %d customers agreed; want some, not all", promo, len(list))
	}
}

func unzip(t *testing.T, file []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// differs tells which parts of two files are not the same.
func differs(t *testing.T, a, b []byte) {
	t.Helper()
	x, y := unzip(t, a), unzip(t, b)
	for name := range x {
		if !bytes.Equal(x[name], y[name]) && name != "manifest.json" && name != "history/audit.jsonl" {
			t.Errorf("%s\n- %s\n+ %s", name, x[name], y[name])
		}
	}
}

// A shop that lives here comes beside itself as a copy, with everything in it,
// and the original stays as it was.
func TestShopFileBesideItsOriginal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.full(t, "Dapur Kembar")
		before := s.fingerprint(t, sh.sc.Business)
		file, m := s.export(t, sh.job(), true)
		if _, err := s.bring(t, file, bundle.Options{}); !errors.Is(fault.Of(err).Field("slug"), business.ErrSlugTaken) {
			t.Fatalf("Import = %v, want the address to be taken", err)
		}
		came, err := s.bring(t, file, bundle.Options{Slug: "dapur-kembar-dua"})
		if err != nil {
			t.Fatal(err)
		}
		if n := s.one(t, authz.Job(came.Business), `SELECT count(*) FROM jobs WHERE kind = 'figure.again'`); n == 0 {
			t.Error("nobody counts what the shop delivered")
		}
		if !came.Copy || came.Business == sh.sc.Business {
			t.Fatalf("came %+v, want a copy", came)
		}
		for _, b := range []authz.Scope{sh.job(), authz.Job(came.Business)} {
			if err := s.Directory.Refresh(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		s.holds(t)
		_, m2 := s.export(t, authz.Job(came.Business), true)
		for name, n := range m.Counts() {
			if m2.Counts()[name] != n {
				t.Errorf("%s: %d rows, want %d", name, m2.Counts()[name], n)
			}
		}
		for name, n := range m.Sums {
			if m2.Sums[name] != n {
				t.Errorf("%s: sum %d, want %d", name, m2.Sums[name], n)
			}
		}
		after := s.fingerprint(t, sh.sc.Business)
		for table, sum := range before {
			if after[table] != sum && !strings.HasPrefix(table, "audit") && !strings.HasPrefix(table, "directory_") { // carrying it away is noted, and the directory read it anew
				t.Errorf("the original's %s changed", table)
			}
		}
		if n := s.one(t, sh.job(), "SELECT count(*) FROM directory_products WHERE slug = '"+sh.product.Slug+"'"); n != 2 {
			t.Errorf("%d products of that address are found, want the original's and the copy's", n)
		}
	})
}

func TestShopFileIsOfTheOwnerAlone(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.full(t, "Dapur Milik")
	for name, sc := range map[string]authz.Scope{
		"staff": {Actor: sh.sc.Actor, Business: sh.sc.Business, Role: authz.Staff, Perms: authz.StaffPerms}, "guest": authz.Visitor(sh.sc.Business),
		"stale": {Actor: sh.sc.Actor, Business: sh.sc.Business, Role: authz.Owner, Now: sh.sc.Now.Add(11 * 60e9), ProvenAt: sh.sc.Now},
	} {
		if _, err := s.Bundles.Export(t.Context(), sc, io.Discard, true); err == nil {
			t.Errorf("%s carried the shop away", name)
		}
	}
}

// An import that is refused, or fails late, leaves nothing behind.
func TestShopFileRefusedLeavesNothing(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.full(t, "Dapur Utuh")
	file, _ := s.export(t, sh.job(), true)
	o := newSiteKey(t, storetest.SQLite(t), 9)
	rows := func() (n int64) {
		for name, tb := range tablesOf(t, o.DB) {
			if tb.Tenant() {
				n += o.one(t, sh.job(), `SELECT count(*) FROM "`+name+`"`)
			}
		}
		return n
	}
	photo := ""
	for name := range unzip(t, file) {
		if strings.HasPrefix(name, "photos/") {
			photo = name
		}
	}
	flip := bytes.Clone(file)
	flip[len(flip)/3] ^= 1
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"empty":        {nil, bundle.ErrForeign},
		"text":         {[]byte("Halo, ini bukan berkas toko."), bundle.ErrForeign},
		"another zip":  {rezip(t, map[string][]byte{"a.txt": []byte("a")}, nil), bundle.ErrForeign},
		"cut off":      {file[:len(file)/2], bundle.ErrForeign},
		"end cut off":  {file[:len(file)-10], bundle.ErrForeign},
		"one bit":      {flip, nil},
		"newer format": {rezip(t, unzip(t, file), func(n string, b []byte) []byte { return swap(n, b, "manifest.json", `"version": 1`, `"version": 2`) }), bundle.ErrNewer},
		"newer schema": {rezip(t, unzip(t, file), func(n string, b []byte) []byte { return swap(n, b, "manifest.json", `"schema": `, `"schema": 9`) }), bundle.ErrNewer},
		"a sum": {rezip(t, unzip(t, file), func(n string, b []byte) []byte {
			return swap(n, b, "manifest.json", `"orders.total": `, `"orders.total": 1`)
		}), bundle.ErrBroken},
		"a row": {rezip(t, unzip(t, file), func(n string, b []byte) []byte {
			return swap(n, b, "tables/orders.jsonl", `"street":"`, `"street":"X`)
		}), bundle.ErrBroken},
		"no part": {rezip(t, unzip(t, file), func(n string, b []byte) []byte {
			if n == "tables/orders.jsonl" {
				return nil
			}
			return b
		}), bundle.ErrBroken},
		"the installation's own history": {rezip(t, unzip(t, file), func(n string, b []byte) []byte {
			return swap(n, b, "manifest.json", sh.sc.Business.String(), "00000000-0000-0000-0000-000000000000")
		}), bundle.ErrBroken},
		// Hashes that fit, and rows that do not fit each other: found by the rehearsal.
		"orders without a beginning": {reseal(t, file, "tables/order_events.jsonl", nil), bundle.ErrBroken},
		"lines of no order":          {reseal(t, file, "tables/orders.jsonl", nil), bundle.ErrBroken},
		"a picture that is none":     {reseal(t, file, photo, []byte("<html><script>alert(1)</script></html>")), bundle.ErrBroken},
	} {
		_, err := o.bring(t, c.file, bundle.Options{})
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: Import = %v, want %v", name, err, c.want)
		}
		if f := fault.Of(err); f == nil {
			t.Errorf("%s: %v is nothing that a person is told", name, err)
		}
		if n := rows(); n != 0 {
			t.Fatalf("%s: %d rows stayed", name, n)
		}
	}
	if _, err := o.bring(t, file, bundle.Options{Limits: bundle.Limits{Entries: 1000, Total: 100, Line: 1000, Photo: 1000, Manifest: 1 << 20}}); !errors.Is(err, bundle.ErrLarge) {
		t.Errorf("over the limit: %v", err)
	}
	if _, err := o.bring(t, file, bundle.Options{Slug: "admin"}); fault.Of(err).Field("slug") == nil {
		t.Errorf("a reserved address: %v", err)
	}
	if _, err := o.bring(t, file, bundle.Options{}); err != nil {
		t.Errorf("the clean control: %v", err)
	}
}

func swap(name string, b []byte, in, from, to string) []byte {
	if name != in {
		return b
	}
	return bytes.Replace(b, []byte(from), []byte(to), 1)
}

// rezip packs parts again, the manifest last, each as edit gives it.
func rezip(t *testing.T, parts map[string][]byte, edit func(name string, b []byte) []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	var names []string
	for _, p := range manifestOf(t, parts).Parts {
		names = append(names, p.Name)
	}
	if names = append(names, "manifest.json"); len(names) == 1 {
		names = slices.Sorted(maps.Keys(parts))
	}
	for _, name := range names {
		b := parts[name]
		if edit != nil {
			if b = edit(name, b); b == nil {
				continue
			}
		}
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// reseal puts another text in the place of a part and makes every hash and
// count fit again, as somebody with the description of the file could.
func reseal(t *testing.T, file []byte, name string, b []byte) []byte {
	t.Helper()
	parts := unzip(t, file)
	m := manifestOf(t, parts)
	parts[name] = b
	lines := []string{}
	for i, p := range m.Parts {
		if p.Name == name {
			sum := sha256.Sum256(b)
			m.Parts[i].Bytes, m.Parts[i].Rows, m.Parts[i].SHA256 = int64(len(b)), int64(bytes.Count(b, []byte("\n"))), hex.EncodeToString(sum[:])
		}
		if p = m.Parts[i]; p.Name != "history/audit.jsonl" && p.Name != "staff.jsonl" {
			lines = append(lines, fmt.Sprintf("%s %d %s\n", p.Name, p.Rows, p.SHA256))
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	m.Content = hex.EncodeToString(sum[:])
	if name == "tables/orders.jsonl" {
		m.Sums["orders.total"], m.Sums["orders.paid"], m.Sums["orders.refunded"] = 0, 0, 0
	}
	if strings.HasPrefix(name, "photos/") {
		for i := range m.Parts {
			if m.Parts[i].Name == name {
				m.Parts[i].Rows = 0
			}
		}
	}
	var err error
	if parts["manifest.json"], err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	return rezip(t, parts, nil)
}

func manifestOf(t *testing.T, parts map[string][]byte) (m bundle.Manifest) {
	t.Helper()
	if b, ok := parts["manifest.json"]; ok {
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// The owner downloads the shop, and somebody brings it in on the page.
func TestShopFileByThePages(t *testing.T) {
	s := newSite(t, storetest.SQLite(t))
	sh := s.full(t, "Dapur Halaman")
	page := sh.see("/toko/berkas")
	sh.says(page, "Dapur Halaman")
	got := sh.try(page, "/toko/berkas")
	if got.Status != 200 || got.Header.Get("Content-Disposition") != `attachment; filename="`+sh.slug+`.lapak"` {
		t.Fatalf("download: %d, %v", got.Status, got.Header)
	}
	if verbs := s.entries(t, sh); !slices.Contains(verbs, "bundle.exported") {
		t.Errorf("the download is not in the history: %v", verbs)
	}
	o := newSiteKey(t, storetest.SQLite(t), 9)
	other := o.shop(t, "Toko Sendiri", 3)
	bring := func(data string, changes ...string) webtest.Page {
		f := other.fill(other.see("/mulai/berkas"), "/mulai/berkas", changes...)
		return other.PostFiles("/mulai/berkas", f, webtest.File{Field: "file", Name: "toko.lapak", Data: []byte(data)})
	}
	if p := bring("bukan"); p.Status != 422 || !strings.Contains(webtest.Text(p.Body, "main"), "bukan berkas toko") {
		t.Errorf("a foreign file: %d %s", p.Status, webtest.Text(p.Body, "main"))
	}
	if p := bring(got.Body, "slug", other.slug); p.Status != 422 || webtest.Attr(p.Body, "#slug", "value") != other.slug {
		t.Errorf("a taken address: %d, what was typed is %q", p.Status, webtest.Attr(p.Body, "#slug", "value"))
	}
	if p := other.want(bring(got.Body, "slug", "dapur-pindah"), 303); p.Location() != "/toko" {
		t.Errorf("leads to %s", p.Location())
	}
	other.says(other.see("/toko"), "Dapur Halaman")
	other.says(other.see("/pelanggan"), "Siti")
	o.holds(t)
}
