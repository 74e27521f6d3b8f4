package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lapak/internal/fault"
	"lapak/internal/web/webtest"
)

// A form that could not be taken is on the page that says so, whole; what is
// secret, what came from another site and what had a file is not.
func TestAFormThatCannotBeTakenIsKept(t *testing.T) {
	err := error(fault.New(fault.Unavailable, "store.full"))
	refuse := func(http.ResponseWriter, *http.Request) error { return err }
	s := webtest.New(t, nil, nil, append(one("POST", "/kirim", refuse), one("POST", "/@/{slug}/pesan", refuse)...))
	form := url.Values{"q": {`a "b" & <c>`, "zwei"}, "id": {"1"}, "note": {"baris\nkedua"}}

	for _, path := range []string{"/kirim?dari=1", "/@toko/pesan"} {
		p := s.Post(path, form)
		got := webtest.Form(p.Body, "form[data-kept]")
		got.Del("_t")
		if p.Status != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" || got.Encode() != form.Encode() || webtest.Attr(p.Body, "form[data-kept]", "action") != path {
			t.Errorf("%s: %d, kept %v for %q, want %v", path, p.Status, got, webtest.Attr(p.Body, "form[data-kept]", "action"), form)
		}
		if !strings.Contains(webtest.Text(p.Body, "main"), p.Header.Get("X-Request-Id")) {
			t.Errorf("%s: the page does not say its name in the log", path)
		}
	}
	p := s.PostFiles("/kirim", form)
	if got := webtest.Form(p.Body, "form[data-kept]"); got.Get("note") != form.Get("note") {
		t.Errorf("a form for files, without one: kept %v", got)
	}
	for what, p := range map[string]webtest.Page{
		"a password":         s.Post("/kirim", url.Values{"who": {"euis"}, "password": {"rahasia"}}),
		"a PIN":              s.Post("/kirim", url.Values{"helper_pin": {"123456"}}),
		"a photo":            s.PostFiles("/kirim", form, webtest.File{Field: "photo", Name: "a.jpg", Data: []byte("x")}),
		"another site's":     send(t, s, "POST", "/kirim", map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site"}, strings.NewReader(form.Encode())),
		"more than it takes": s.Post("/kirim", url.Values{"q": {strings.Repeat("x", 70<<10)}}),
	} {
		if webtest.Attr(p.Body, "form[data-kept]", "action") != "" || strings.Contains(p.Body, "rahasia") || strings.Contains(p.Body, "123456") {
			t.Errorf("%s is kept on the page: %s", what, p.Body)
		}
	}
	if p := s.PostFiles("/kirim", form, webtest.File{Field: "photo", Name: "a.jpg", Data: []byte("x")}); !strings.Contains(webtest.Text(p.Body, "main"), "Fotonya belum terkirim") {
		t.Errorf("it is not said that the photo is lost: %s", webtest.Text(p.Body, "main"))
	}
	err = errors.New("a surprise")
	if got := webtest.Form(s.Post("/kirim", form).Body, "form[data-kept]"); got.Get("note") != form.Get("note") {
		t.Errorf("after a surprise: kept %v", got)
	}
	err = fault.New(fault.NotFound, "error.404_hint")
	if webtest.Attr(s.Post("/kirim", form).Body, "form[data-kept]", "action") != "" {
		t.Error("a form for what is not there is kept")
	}
}
