package label

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lapak/internal/i18n"
	"lapak/internal/money"
)

var update = flag.Bool("update", false, "write the golden files anew")

const hair = 1e-6

func within(a, b area) bool {
	return a.x >= b.x-hair && a.y >= b.y-hair && a.x+a.w <= b.x+b.w+hair && a.y+a.h <= b.y+b.h+hair
}

func meet(a, b area) bool {
	return a.x+a.w > b.x+hair && b.x+b.w > a.x+hair && a.y+a.h > b.y+hair && b.y+b.h > a.y+hair
}

// tidy says what is wrong on the pages: a block off the page or on another, a
// mark outside of its block, text on text or on a line, type too small.
func tidy(b book) (bad []string) {
	say := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	for n, l := range b.leaves {
		for i, block := range l.blocks {
			if !within(block.area, area{0, 0, b.w, b.h}) {
				say("page %d: %s leaves the page: %+v", n, block.name, block.area)
			}
			if block.name == "cut" {
				continue
			}
			for _, other := range l.blocks[:i] {
				if meet(block.area, other.area) && other.name != "cut" {
					say("page %d: %s lies on %s", n, block.name, other.name)
				}
			}
			for j, m := range block.marks {
				if !within(m.area, block.area) {
					say("page %d: %q leaves %s: %+v in %+v", n, m.text, block.name, m.area, block.area)
				}
				if m.text == "" {
					continue
				}
				if m.font.size < least {
					say("page %d: %q is set in %.1f points", n, m.text, m.font.size)
				}
				for k, o := range block.marks {
					if k != j && !o.ground && !o.hollow && meet(m.area, o.area) {
						say("page %d: %q lies on %q in %s", n, m.text, o.text, block.name)
					}
				}
			}
		}
	}
	return bad
}

// texts are those of a page's block.
func texts(b book, name string) (out []string) {
	for _, l := range b.leaves {
		for _, block := range l.blocks {
			if block.name == name {
				for _, m := range block.marks {
					if m.text != "" {
						out = append(out, m.text)
					}
				}
			}
		}
	}
	return out
}

func has(list []string, prefix string) bool {
	for _, s := range list {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// words draws texts of any length and script, with words that are longer than
// any line among them.
func words() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.Just(""),
		rapid.String(),
		rapid.StringN(0, 400, -1),
		rapid.StringMatching(`[A-Za-z0-9,./ -]{0,300}`),
		rapid.StringMatching(`[WM]{1,250}`),
		rapid.StringMatching(`([A-Z][a-z]{1,9} ){1,40}`),
	)
}

func TestNoBlockLeavesItsBox(t *testing.T) {
	ctx := speak(t, i18n.ID)
	party := rapid.Custom(func(t *rapid.T) Party {
		w := words()
		return Party{w.Draw(t, "name"), w.Draw(t, "phone"), w.Draw(t, "street"), w.Draw(t, "area"), w.Draw(t, "postcode")}
	})
	rapid.Check(t, func(t *rapid.T) {
		w, n := words(), rapid.IntRange(0, 5)
		var parcels []Parcel
		for range rapid.IntRange(1, 5).Draw(t, "parcels") {
			p := Parcel{
				Number: w.Draw(t, "number"), Carrier: w.Draw(t, "carrier"), Service: w.Draw(t, "service"), Sorting: w.Draw(t, "sorting"),
				Sender: party.Draw(t, "sender"), Recipient: party.Draw(t, "recipient"), Landmark: w.Draw(t, "landmark"), Note: w.Draw(t, "note"),
				Contents: w.Draw(t, "contents"), COD: rapid.Int64Range(-1, money.Max).Draw(t, "cod"), Grams: rapid.Int64Range(0, math.MaxInt64).Draw(t, "grams"),
				Piece: rapid.Int().Draw(t, "piece"), Pieces: rapid.Int().Draw(t, "pieces"), Order: w.Draw(t, "order"), Placed: on(n.Draw(t, "day"), 9),
				From: on(n.Draw(t, "from"), 9), Until: on(n.Draw(t, "until"), 12), Fragile: rapid.Bool().Draw(t, "fragile"), URL: w.Draw(t, "url"),
			}
			parcels = append(parcels, p)
		}
		sheet := rapid.SampledFrom(Sheets).Draw(t, "sheet")
		b, err := labels(ctx, sheet, parcels)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range tidy(b) {
			t.Error(s)
		}
		if err := b.write(io.Discard, false); err != nil {
			t.Error(err)
		}
		if len(parcels) == 1 { // what a courier cannot do without is never cut away
			p, to := parcels[0], texts(b, "to")
			for prefix, from := range map[string]string{"Dari": p.from(ctx), "Patokan": plain(p.Landmark), "Catatan": plain(p.Note)} {
				if from != "" && !has(to, prefix) {
					t.Errorf("%s: nothing of %s", sheet, prefix)
				}
			}
			if name := plain(p.Recipient.Name); name != "" && !has(to, name[:1]) {
				t.Errorf("%s: nothing of the name", sheet)
			}
		}
	})
}

func TestNoPaperLeavesItsBox(t *testing.T) {
	ctx := speak(t, i18n.EN)
	rapid.Check(t, func(t *rapid.T) {
		w := words()
		check := func(b book, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range tidy(b) {
				t.Error(s)
			}
			if err := b.write(io.Discard, false); err != nil {
				t.Error(err)
			}
		}
		sum := rapid.Int64Range(0, money.Max)
		p := Product{
			Name: w.Draw(t, "name"), Shop: w.Draw(t, "shop"), Batch: w.Draw(t, "batch"), Made: on(1, 0), Expires: on(2, 0), PIRT: w.Draw(t, "pirt"), Halal: w.Draw(t, "halal"),
			Grams: sum.Draw(t, "grams"), Price: sum.Draw(t, "price"), Copies: rapid.IntRange(0, 30).Draw(t, "copies"),
		}
		check(products(ctx, rapid.SampledFrom(Sheets).Draw(t, "sheet"), []Product{p}))
		l := List{w.Draw(t, "shop"), on(30, 8)}
		h := Handover{List: l, Number: w.Draw(t, "number"), To: w.Draw(t, "to")}
		var wants []Want
		for range rapid.IntRange(1, 60).Draw(t, "rows") {
			h.Parcels = append(h.Parcels, Handed{w.Draw(t, "number"), w.Draw(t, "name"), w.Draw(t, "district"), rapid.IntRange(0, 1e9).Draw(t, "pieces"), sum.Draw(t, "cod")})
			wants = append(wants, Want{w.Draw(t, "order"), w.Draw(t, "shelf"), w.Draw(t, "title"), w.Draw(t, "variant"), w.Draw(t, "sku"), sum.Draw(t, "quantity")})
		}
		check(manifest(ctx, h))
		check(picking(ctx, l, wants))
	})
}

// The picking list takes off the shelves what the orders want, no more and no
// less, each product once.
func TestGatherKeepsTheSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.SampledFrom([]string{"", "a", "B", "b", "c"})
		wanted, got := map[[5]string]int64{}, map[[5]string]int64{}
		var wants []Want
		for range rapid.IntRange(0, 40).Draw(t, "n") {
			w := Want{few.Draw(t, "order"), few.Draw(t, "shelf"), few.Draw(t, "title"), few.Draw(t, "variant"), "", rapid.Int64Range(1, 9).Draw(t, "quantity")}
			wants = append(wants, w)
			wanted[[5]string{w.Shelf, w.Title, w.Variant, w.SKU, w.Order}] += w.Quantity
		}
		seen := map[[4]string]bool{}
		for _, g := range gather(wants) {
			k := [4]string{g.Shelf, g.Title, g.Variant, g.SKU}
			if seen[k] {
				t.Errorf("%v is there twice", k)
			}
			seen[k] = true
			sum := int64(0)
			for _, n := range g.Orders {
				got[[5]string{g.Shelf, g.Title, g.Variant, g.SKU, n.Order}] += n.Quantity
				sum += n.Quantity
			}
			if sum != g.Sum {
				t.Errorf("%v: %d in all, but orders take %d", k, g.Sum, sum)
			}
		}
		if d := cmp.Diff(wanted, got); d != "" {
			t.Error(d)
		}
	})
}

func TestGatherSortsByShelfThenTitle(t *testing.T) {
	var got []string
	for _, g := range gather(wants()) {
		got = append(got, g.Shelf+" "+g.Title+" "+g.Variant)
	}
	want := []string{"A1 Opak ", "B2 Keripik Balado 100 g", "B2 Keripik Balado 250 g", " Dodol Ketan Wijen, kotak"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPlainLetters(t *testing.T) {
	for in, want := range map[string]string{
		"Asep":                 "Asep",
		"  Jl.\tCimanuk\n12 ":  "Jl. Cimanuk 12",
		"José":                 "Jos\xe9",
		"Đặng Łukasz":          "Dang Lukasz",
		"Jose\u0301":           "Jos\xe9",
		"ᮃᮞᮨᮕ᮪ ᮞᮥᮔ᮪ᮓ":          "? ?",
		"محمد 12":              "? 12",
		"٠٨٥٧ ᮱᮲":              "0857 12",
		"Toko 😀 Ujang 👍🏽":      "Toko Ujang",
		"👨‍👩‍👧":                "",
		"“pagar” – 5 m²… €":    "\x93pagar\x94 \x96 5 m\xb2\x85 \x80",
		"a−b‑c":                "a-b-c",
		"① ﬁlm Ａ":              "1 film A",
		"bad \xff byte \x00 .": "bad byte .",
		"王小明，雅加达":              "?,?",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	ctx := speak(t, i18n.ID)
	rich := handover(2)
	rich.Parcels[0].COD, rich.Parcels[1].COD = math.MaxInt64, 1
	for name, c := range map[string]struct{ got, want error }{
		"no parcel":      {Labels(ctx, io.Discard, A4, nil), ErrEmpty},
		"no sheet":       {Labels(ctx, io.Discard, "a5", samples()), ErrSheet},
		"many parcels":   {Labels(ctx, io.Discard, A6, make([]Parcel, Max+1)), ErrMany},
		"no product":     {Products(ctx, io.Discard, A4, nil), ErrEmpty},
		"product, sheet": {Products(ctx, io.Discard, "", goods()), ErrSheet},
		"many copies":    {Products(ctx, io.Discard, A4, []Product{{Copies: math.MaxInt}}), ErrMany},
		"many products":  {Products(ctx, io.Discard, A4, make([]Product, Max+1)), ErrMany},
		"no want":        {Picking(ctx, io.Discard, List{}, nil), ErrEmpty},
		"no hand-over":   {Manifest(ctx, io.Discard, Handover{}), ErrEmpty},
		"too much money": {Manifest(ctx, io.Discard, rich), money.ErrTooLarge},
		"labels":         {Labels(ctx, io.Discard, Thermal, samples()), nil},
		"products":       {Products(ctx, io.Discard, A6, goods()), nil},
		"picking":        {Picking(ctx, io.Discard, List{}, wants()), nil},
		"manifest":       {Manifest(ctx, io.Discard, handover(3)), nil},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}

// How the pages are laid out, block by block.
func TestLayoutsAreAsAgreed(t *testing.T) {
	ctx := speak(t, i18n.ID)
	for name, make := range map[string]func() (book, error){
		"thermal":  func() (book, error) { return labels(ctx, Thermal, samples()) },
		"a4":       func() (book, error) { return labels(ctx, A4, samples()) },
		"products": func() (book, error) { return products(ctx, A4, goods()) },
		"picking":  func() (book, error) { return picking(ctx, List{"Dapur Bu Euis", on(30, 8)}, wants()) },
		"manifest": func() (book, error) { return manifest(ctx, handover(40)) },
	} {
		b, err := make()
		if err != nil {
			t.Fatal(err)
		}
		got := sketch(b)
		path := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s differs; -update writes it anew:\n%s", name, d)
		}
	}
}

func sketch(b book) string {
	var s strings.Builder
	for n, l := range b.leaves {
		fmt.Fprintf(&s, "page %d\n", n+1)
		for _, block := range l.blocks {
			fmt.Fprintf(&s, " %s %.1f,%.1f %.1fx%.1f\n", block.name, block.x, block.y, block.w, block.h)
			drawn := 0
			for _, m := range block.marks {
				if m.text == "" {
					drawn++
					continue
				}
				fmt.Fprintf(&s, "  %.1f,%.1f %.2f%s %q\n", m.x, m.y, m.font.size, m.font.style(), m.text)
			}
			if drawn > 0 {
				fmt.Fprintf(&s, "  %d rectangles\n", drawn)
			}
		}
	}
	return s.String()
}

func BenchmarkHundredLabels(b *testing.B) {
	ctx := speak(b, i18n.ID)
	parcels := make([]Parcel, 100)
	for i := range parcels {
		parcels[i] = usual()
		if i%3 == 0 {
			parcels[i] = crowded()
		}
		parcels[i].Number = fmt.Sprintf("LPK26110147%02d", i)
	}
	for _, sheet := range Sheets {
		b.Run(string(sheet), func(b *testing.B) {
			for b.Loop() {
				if err := Labels(ctx, io.Discard, sheet, parcels); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
