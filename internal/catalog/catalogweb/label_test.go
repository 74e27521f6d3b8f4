package catalogweb

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lapak/internal/catalog"
	"lapak/internal/id"
	"lapak/internal/web/webtest"
)

func TestProductLabels(t *testing.T) {
	s := newStall(t)
	product := id.New()
	if _, err := s.goods.Create(t.Context(), s.sc, catalog.Form{
		ID: product, Edit: id.New(), Title: "Opak Ketan", PIRT: "2153211010123-26", Min: 1,
		Variants: []catalog.VariantForm{{ID: id.New(), Price: 9_000, WeightGrams: 250}},
	}); err != nil {
		t.Fatal(err)
	}
	at := "/produk/" + product.String() + "/label"
	page := s.Get(at)
	if page.Status != http.StatusOK || webtest.Attr(page.Body, "#pirt", "value") != "2153211010123-26" || webtest.Attr(page.Body, "#grams", "value") != "250" {
		t.Fatalf("%s = %d: %s", at, page.Status, webtest.Text(page.Body, "main"))
	}
	f := url.Values{"_t": {webtest.Attr(page.Body, `input[name="_t"]`, "value")}, "batch": {"261130-A"}, "made": {"2026-11-30"}, "expires": {"2026-11-01"}, "copies": {"24"}, "sheet": {"a4"}}
	page = s.Post(at+".pdf", f)
	if page.Status != http.StatusUnprocessableEntity || webtest.Attr(page.Body, "#batch", "value") != "261130-A" || !strings.Contains(webtest.Text(page.Body, "main"), "harus sesudah") {
		t.Errorf("a date before the other: %d, %s", page.Status, webtest.Text(page.Body, "main"))
	}
	f.Set("expires", "2027-02-28")
	if page = s.Post(at+".pdf", f); page.Status != http.StatusOK || !strings.HasPrefix(page.Body, "%PDF") {
		t.Errorf("%d: %.60q", page.Status, page.Body)
	}
	other := s.sc
	other.Business = id.New()
	s.As.Set(other)
	if page = s.Get(at); page.Status != http.StatusNotFound {
		t.Errorf("another shop sees the product: %d", page.Status)
	}
}
