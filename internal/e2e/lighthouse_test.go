//go:build lighthouse

package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lapak/internal/payment"
	"lapak/internal/web/browsertest"
)

// least is what each category must reach, of 100.
const least = 98

// report is what Lighthouse writes.
type report struct {
	LighthouseVersion string
	RuntimeError      *struct{ Code, Message string }
	Categories        map[string]struct {
		Score     *float64
		AuditRefs []struct {
			ID     string
			Weight float64
		}
	}
	Audits map[string]struct {
		Score        *float64
		Title        string
		DisplayValue string
	}
}

// TestLighthouse measures the buyer's pages on a simulated cheap phone: the
// median of five runs. LAPAK_LIGHTHOUSE is the program.
func TestLighthouse(t *testing.T) {
	program := os.Getenv("LAPAK_LIGHTHOUSE")
	if program == "" {
		t.Fatal("LAPAK_LIGHTHOUSE does not name the program; use make lighthouse")
	}
	chromium := browsertest.Find()
	if chromium == "" {
		t.Fatal("no Chromium was found: install it (apt-get install chromium)")
	}
	s := newSite(t)
	sh := s.shop(t, "Dapur Sari")
	jar, err := cookiejar.New(nil)
	must(t, err)
	c := &http.Client{Jar: jar, Timeout: time.Minute}
	res, err := c.PostForm(s.url+sh.at("/keranjang"), url.Values{"variant": {sh.product.Variants[0].ID.String()}, "quantity": {"2"}, "then": {"order"}})
	must(t, err)
	res.Body.Close()
	var cookie []string
	for _, k := range jar.Cookies(res.Request.URL) {
		cookie = append(cookie, k.Name+"="+k.Value)
	}
	all := []string{"performance", "accessibility", "best-practices", "seo"}
	hidden := all[:3] // noindex: found by link alone
	for _, page := range []struct {
		name, path string
		judged     []string
	}{
		{"shop", sh.at(""), all},
		{"product", sh.at("/p/" + sh.product.Slug), all},
		{"checkout", sh.at("/pesan"), hidden},
		{"order", "/o/" + s.Orders.Link(sh.order("Rina Wati", payment.Transfer)), hidden},
	} {
		scores := map[string][]float64{}
		lost := map[string]string{}
		for n := range 5 {
			out := filepath.Join(t.TempDir(), page.name+strconv.Itoa(n)+".json")
			cmd := exec.CommandContext(t.Context(), program, s.url+page.path, "--quiet", "--output=json", "--output-path="+out, "--only-categories="+strings.Join(page.judged, ","),
				"--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage --lang=id", "--extra-headers="+header(t, strings.Join(cookie, "; ")))
			cmd.Env = append(os.Environ(), "CHROME_PATH="+chromium)
			if msg, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("lighthouse: %v: %s", err, bytes.TrimSpace(msg))
			}
			raw, err := os.ReadFile(out)
			must(t, err)
			var r report
			must(t, json.Unmarshal(raw, &r))
			if r.RuntimeError != nil && r.RuntimeError.Code != "" {
				t.Fatalf("%s: %s", page.name, r.RuntimeError.Message)
			}
			if n == 0 && page.name == "shop" {
				t.Logf("Lighthouse %s", r.LighthouseVersion)
			}
			for name, cat := range r.Categories {
				if cat.Score == nil {
					t.Fatalf("%s: no score for %s", page.name, name)
				}
				scores[name] = append(scores[name], *cat.Score*100)
				for _, ref := range cat.AuditRefs {
					if a := r.Audits[ref.ID]; ref.Weight > 0 && a.Score != nil && *a.Score < 0.9 {
						lost[name+" "+ref.ID] = a.Title + " " + a.DisplayValue
					}
				}
			}
		}
		for _, name := range page.judged {
			slices.Sort(scores[name])
			median := scores[name][2]
			t.Logf("%-8s  %-14s  %3.0f  (%v)", page.name, name, median, scores[name])
			if median < least {
				t.Errorf("%s: %s is %.0f, want at least %d", page.name, name, median, least)
			}
		}
		for what, why := range lost {
			t.Logf("%-8s  lost: %s: %s", page.name, what, why)
		}
	}
}

func header(t *testing.T, cookie string) string {
	t.Helper()
	b, err := json.Marshal(map[string]string{"Cookie": cookie})
	must(t, err)
	return string(b)
}
