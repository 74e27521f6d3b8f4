package paymentweb_test

import (
	"context"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/id"
	"lapak/internal/ledger"
	"lapak/internal/parcel"
	"lapak/internal/payment"
	"lapak/internal/payment/paymentweb"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

const qris = "00020101021126680016ID.CO.CONTOH.WWW011893600000000000001702150000000000000170303UMI51440014ID.CO.QRIS.WWW0215ID10200000000170303UMI5204581253033605802ID5914WARUNG BU SITI6007BANDUNG610540111630431AA"

// few is a shop of which little is known.
func few(context.Context, authz.Scope) (parcel.Meter, error) {
	r := parcel.Refusals{Tried: 5, Refused: 2}
	return parcel.Meter{All: r, Areas: []parcel.Area{{Refusals: r, District: "32.11.01", Freight: parcel.Freight{Known: true, Both: 30_000}}}, Near: parcel.Area{District: "32.11.01"}}, nil
}

func site(t *testing.T) (*webtest.Site, *payment.Service, authz.Scope) {
	t.Helper()
	db := storetest.SQLite(t)
	blobs := blob.New(db)
	s := payment.New(db, ledger.New(db), blobs)
	at := webtest.New(t, []fs.FS{paymentweb.Words}, nil, paymentweb.Routes(paymentweb.Services{Payments: s, Blobs: blobs, Meter: few}))
	now := time.Now()
	owner := authz.Scope{Actor: id.New(), Business: id.New(), Role: authz.Owner, Now: now, ProvenAt: now}
	at.As.Set(owner)
	return at, s, owner
}

func TestWaysAreKept(t *testing.T) {
	at, s, owner := site(t)
	if got := at.Get("/pembayaran"); got.Status != http.StatusOK {
		t.Fatalf("GET = %d", got.Status)
	} else if text := webtest.Text(got.Body, "main"); !strings.Contains(text, "2 dari 5 paket COD ditolak. Terlalu sedikit") || !strings.Contains(text, "Rp30.000 per penolakan") || strings.Contains(text, "%).") {
		t.Errorf("the COD meter says %s", text)
	}
	form := url.Values{"cash": {"on"}, "cod": {"on"}, "cod_fee_kind": {"percent"}, "cod_percent": {"2,5"}, "cod_max": {"500 rb"}, "transfer_hold": {"12"}, "qris_hold": {"30"}, "codes": {"on"}}
	if got := at.Post("/pembayaran", form); got.Status != http.StatusSeeOther {
		t.Fatalf("POST = %d %s", got.Status, got.Body)
	}
	st, err := s.Get(t.Context(), owner)
	if err != nil || st.CODFee != 250 || st.CODMax != 500_000 || st.TransferHold != 12*time.Hour || !st.Codes || st.Transfer {
		t.Errorf("settings = %+v, %v", st, err)
	}
	form = url.Values{"transfer": {"on"}, "cod_fee_kind": {"fixed"}, "transfer_hold": {"12"}, "qris_hold": {"30"}}
	if got := at.Post("/pembayaran", form); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "Tambahkan rekening dulu") {
		t.Errorf("transfer without an account = %d", got.Status)
	}
}

func TestAccountsAreJudgedAndKept(t *testing.T) {
	at, s, owner := site(t)
	form := url.Values{"id": {id.New().String()}, "bank": {"bca"}, "number": {"123-456"}, "holder": {"Siti"}}
	if got := at.Post("/pembayaran/rekening", form); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "BCA punya 10 angka") {
		t.Errorf("a short number = %d", got.Status)
	}
	form.Set("number", "123-456-7890")
	for range 2 {
		if got := at.Post("/pembayaran/rekening", form); got.Status != http.StatusSeeOther {
			t.Fatalf("POST = %d %s", got.Status, got.Body)
		}
	}
	st, err := s.Get(t.Context(), owner)
	if err != nil || len(st.Accounts) != 1 || st.Accounts[0].Number != "1234567890" || !st.Transfer {
		t.Fatalf("settings = %+v, %v", st, err)
	}
	if got := at.Get("/pembayaran"); !strings.Contains(got.Body, "1234 5678 90") {
		t.Error("the account is not on the page")
	}
	if got := at.Post("/pembayaran/rekening/"+st.Accounts[0].ID.String()+"/penghapusan", url.Values{}); got.Status != http.StatusSeeOther {
		t.Errorf("delete = %d", got.Status)
	}
	if st, _ = s.Get(t.Context(), owner); len(st.Accounts) != 0 || st.Transfer {
		t.Errorf("settings = %+v", st)
	}
}

func TestQRISIsReadAndDrawn(t *testing.T) {
	at, s, owner := site(t)
	if got := at.Post("/pembayaran/qris", url.Values{"qris_text": {strings.Replace(qris, "5812", "5813", 1)}}); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "tidak utuh") {
		t.Errorf("a damaged text = %d", got.Status)
	}
	if got := at.Post("/pembayaran/qris", url.Values{"qris_text": {" " + qris + "\n"}}); got.Status != http.StatusSeeOther {
		t.Fatalf("POST = %d %s", got.Status, got.Body)
	}
	if st, err := s.Get(t.Context(), owner); err != nil || !st.QRIS || st.QRISText != qris {
		t.Errorf("settings = %+v, %v", st, err)
	}
	if got := at.Get("/pembayaran"); !strings.Contains(got.Body, "WARUNG BU SITI") || !strings.Contains(got.Body, "<svg") {
		t.Error("the code is not on the page")
	}
}

func TestOnlyTheOwnerWithAFreshProof(t *testing.T) {
	at, s, owner := site(t)
	if err := s.AddAccount(t.Context(), owner, payment.Account{ID: id.New(), Bank: "bjb", Number: "0012345678", Holder: "Siti"}); err != nil {
		t.Fatal(err)
	}
	old := owner
	old.ProvenAt = owner.Now.Add(-time.Hour)
	add := payment.Account{ID: id.New(), Bank: "bri", Number: "001234567890123", Holder: "Maling"}
	if err := s.AddAccount(t.Context(), old, add); err == nil {
		t.Error("an account was added with an old proof")
	}
	staff := owner
	staff.Role, staff.Perms = authz.Staff, authz.StaffPerms
	for _, sc := range []authz.Scope{staff, authz.Visitor(owner.Business)} {
		if err := s.AddAccount(t.Context(), sc, add); err == nil {
			t.Errorf("%s added an account", sc.Role)
		}
		at.As.Set(sc)
		if got := at.Get("/pembayaran"); got.Status == http.StatusOK {
			t.Errorf("%s sees the page", sc.Role)
		}
	}
}
