package web_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"

	"lapak/internal/authz"
	"lapak/internal/ui"
	"lapak/internal/web"
	"lapak/internal/web/browsertest"
	"lapak/internal/web/webtest"
)

// bench is a page for each thing that script helps with.
type bench struct {
	sent, polled, size atomic.Int64
	photo              atomic.Value
}

func (b *bench) routes() []web.Route {
	show := func(scripts []string, parts ...templ.Component) func(http.ResponseWriter, *http.Request) error {
		return func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r, http.StatusOK, in(ui.Shell(ui.Page{Title: "Bangku", Plain: true, Scripts: scripts}), parts...))
		}
	}
	live := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, `<div id="kabar" data-live="/kabar" data-every="1">%d</div><a href="/satu">lain</a>`, b.polled.Add(1))
		return err
	})
	post := templ.Attributes{"required": true}
	form := tag(`form method="post" action="/terima" data-draft="uji" id="f"`, ui.Token(),
		ui.Text("title", "Nama barang", "", nil, "", false, post), ui.Text("phone", "HP", "", nil, "", true, nil), ui.Stepper("quantity", "Jumlah", 2, 1, 3),
		tag(`button class="btn primary"`, say("Simpan")))
	return []web.Route{
		{Pattern: "GET /isian", Verb: authz.Public, Handle: show(nil, form, ui.Copy("83113", "Rp83.113", "Salin"), ui.Countdown(time.Now().Add(time.Hour)))},
		{Pattern: "POST /terima", Verb: authz.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
			b.sent.Add(1)
			time.Sleep(300 * time.Millisecond) // a slow line, during which people press again
			if r.FormValue("title") == "rusak" {
				return fmt.Errorf("broken")
			}
			web.Flash(w, r, "ui.saved")
			return web.SeeOther(w, r, "/satu")
		}},
		{Pattern: "GET /kabar", Verb: authz.Public, Handle: show(nil, live)},
		{Pattern: "GET /foto", Verb: authz.Public, Handle: show([]string{"photo"}, tag(`form method="post" action="/foto" enctype="multipart/form-data"`,
			ui.Token(), ui.Photo("photo", "Foto", nil, "", false), tag(`button class="btn primary"`, say("Kirim"))))},
		{Pattern: "POST /foto", Verb: authz.Public, MaxBody: 10 << 20, Handle: func(w http.ResponseWriter, r *http.Request) error {
			file, head, err := r.FormFile("photo")
			if err != nil {
				return err
			}
			defer file.Close()
			pic, kind, err := image.DecodeConfig(file)
			if err != nil {
				return err
			}
			b.size.Store(head.Size)
			b.photo.Store(fmt.Sprintf("%s %dx%d", kind, pic.Width, pic.Height))
			return web.SeeOther(w, r, "/satu")
		}},
		{Pattern: "GET /desa", Verb: authz.Public, Handle: show([]string{"region"}, tag(`form method="post" action="/terima"`, ui.Token(),
			ui.Text("place", "Desa", "", nil, "", false, templ.Attributes{"data-combobox": "/wilayah?q=", "data-target": "village"}),
			tag(`input type="hidden" id="village" name="village"`), tag(`button class="btn primary"`, say("Simpan"))))},
		{Pattern: "GET /wilayah", Verb: authz.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Content-Type", "application/json")
			_, err := io.WriteString(w, `[{"code":"32.05.01.2001","label":"Sukamaju, Garut Kota"},{"code":"32.05.01.2002","label":"Sukamenak, Garut Kota"}]`)
			return err
		}},
	}
}

func TestScriptsHelp(t *testing.T) {
	b := &bench{}
	s := webtest.New(t, nil, nil, b.routes(), routes())
	chrome := browsertest.Start(t)

	t.Run("a form is sent once", func(t *testing.T) {
		tab := chrome.Tab(t, browsertest.Phone)
		tab.Go(s.URL + "/isian")
		tab.Fill("#title", "Opak")
		browsertest.Eval[bool](tab, `(() => { const b = document.querySelector("#f button.primary"); b.click(); b.click(); b.click(); return true; })()`)
		tab.Until("the answer", `location.pathname === "/satu" && document.querySelector("[data-toast]")`)
		if n := b.sent.Load(); n != 1 {
			t.Errorf("sent %d times", n)
		}
		tab.Calm()
	})

	t.Run("a draft stays until it arrived", func(t *testing.T) {
		tab := chrome.Tab(t, browsertest.Phone)
		tab.Go(s.URL + "/isian")
		tab.Fill("#title", "Dodol")
		tab.Fill("#phone", "08123456789")
		tab.Go(s.URL + "/isian")
		tab.Until("the draft", `document.querySelector("#title").value === "Dodol"`)
		if got := browsertest.Eval[string](tab, `document.querySelector("#phone").value + JSON.stringify({...sessionStorage})`); strings.Contains(got, "0812") {
			t.Errorf("a phone number was kept: %s", got)
		}
		tab.Fill("#title", "rusak")
		tab.Send("#f button.primary")
		tab.Go(s.URL + "/isian")
		tab.Until("the draft after a mishap", `document.querySelector("#title").value === "rusak"`)
		tab.Fill("#title", "Dodol")
		tab.Send("#f button.primary")
		tab.Go(s.URL + "/isian")
		if got := browsertest.Eval[string](tab, `document.querySelector("#title").value`); got != "" {
			t.Errorf("the draft is there after it arrived: %q", got)
		}
	})

	t.Run("buttons count", func(t *testing.T) {
		tab := chrome.Tab(t, browsertest.Phone)
		tab.Go(s.URL + "/isian")
		for range 3 {
			tab.Tap(`[data-step="1"]`)
		}
		if got := browsertest.Eval[string](tab, `document.querySelector("#quantity").value`); got != "3" {
			t.Errorf("quantity %s", got)
		}
		tab.Until("the countdown", `/^(1:00:00|59:\d\d)$/.test(document.querySelector("[data-until]").textContent)`)
		tab.Until("the copy button", `!document.querySelector("[data-copy]").hidden`)
		tab.Calm()
	})

	t.Run("a page brings itself up to date", func(t *testing.T) {
		tab := chrome.Tab(t, browsertest.Phone)
		tab.Go(s.URL + "/kabar")
		tab.Until("a newer part", `+document.querySelector("#kabar").textContent >= 3`)
		tab.Calm()
	})

	t.Run("a photo becomes small before it is sent", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "besar.jpg")
		big := image.NewRGBA(image.Rect(0, 0, 3000, 2000))
		r := rand.New(rand.NewPCG(1, 2))
		for y := range 2000 {
			for x := range 3000 {
				v := uint8(r.UintN(60)) + uint8(x/16)
				big.SetRGBA(x, y, color.RGBA{v, uint8(y / 8), v / 2, 255})
			}
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := jpeg.Encode(f, big, &jpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
		st, _ := f.Stat()
		_ = f.Close()
		tab := chrome.Tab(t, browsertest.Phone)
		tab.Go(s.URL + "/foto")
		tab.Upload("#photo", path)
		tab.Until("the look of it", `document.querySelector("#look-photo img")`)
		tab.Send("button.primary")
		if b.size.Load() > 220<<10 || b.size.Load() == 0 || st.Size() < 1<<20 {
			t.Errorf("from %d to %d bytes", st.Size(), b.size.Load())
		}
		if got := b.photo.Load(); !strings.HasPrefix(fmt.Sprint(got), "jpeg ") {
			t.Errorf("the photo came as %v", got)
		}
		tab.Calm()
	})

	t.Run("a village is found while typing", func(t *testing.T) {
		tab := chrome.Tab(t, browsertest.Phone)
		tab.Go(s.URL + "/desa")
		tab.Fill("#place", "suka")
		tab.Wait("#place-list li")
		tab.Accessible()
		tab.Tap("#place-list li:nth-child(2)")
		if got := browsertest.Eval[string](tab, `document.querySelector("#village").value + " " + document.querySelector("#place").value`); got != "32.05.01.2002 Sukamenak, Garut Kota" {
			t.Errorf("chosen %q", got)
		}
		tab.Calm()
	})

	t.Run("the same form without script", func(t *testing.T) {
		v := browsertest.Phone
		v.NoScript = true
		tab := chrome.Tab(t, v)
		tab.Go(s.URL + "/isian")
		tab.Fill("#title", "Opak")
		tab.Send("#f button.primary")
		if !strings.HasSuffix(tab.At(), "/satu") {
			t.Errorf("at %s", tab.At())
		}
	})
}
