package region

import (
	"math"
	"runtime"
	"strings"
	"testing"
)

func TestGet(t *testing.T) {
	for code, want := range map[string]string{
		"32":            "Jawa Barat",
		"32.11":         "Kab. Sumedang, Jawa Barat",
		"32.73":         "Kota Bandung, Jawa Barat",
		"11.01.01.2001": "Keude Bakongan, Kec. Bakongan, Kab. Aceh Selatan, Aceh",
	} {
		p, ok := Get(code)
		if !ok || p.Label() != want || p.Code != code {
			t.Errorf("Get(%s) = %q %q %v, want %q", code, p.Code, p.Label(), ok, want)
		}
	}
	for _, code := range []string{"", "3", "32.", "32.1", "32.11.", "99", "32.11.05.2003.1", "xx", "32.11.05.200x", "32..05"} {
		if p, ok := Get(code); ok {
			t.Errorf("Get(%q) = %v, want nothing", code, p)
		}
	}
	p, _ := Get("11.01.01.2001")
	if p.Postal != "23773" || math.Abs(p.Lat-2.931) > 0.001 || math.Abs(p.Lng-97.485) > 0.001 {
		t.Errorf("village = %+v", p)
	}
}

func TestCounts(t *testing.T) {
	if n := len(Provinces()); n != 38 {
		t.Errorf("%d provinces, want 38", n)
	}
	regencies, districts, villages := 0, 0, 0
	for _, p := range Provinces() {
		for _, r := range Regencies(p.Code) {
			regencies++
			if !strings.HasPrefix(r.Code, p.Code+".") || r.Province != p.Name {
				t.Fatalf("%v is not of %v", r, p)
			}
			districts += len(Children(r.Code))
		}
	}
	for _, d := range Children("32.11") {
		for _, v := range Children(d.Code) {
			villages++
			if v.Regency != "Kabupaten Sumedang" || v.District != d.Name || len(v.Postal) != 5 || v.Lat == 0 {
				t.Fatalf("village %+v", v)
			}
		}
	}
	if regencies != 514 || districts != 7285 || villages < 270 {
		t.Errorf("%d regencies, %d districts, %d villages of Sumedang", regencies, districts, villages)
	}
	if n := len(load().keys); n != 91_599 {
		t.Errorf("%d places, want 91599", n)
	}
}

func TestParentsAndUp(t *testing.T) {
	up := Parents("32.11.05.2001")
	if len(up) != 3 || up[0].Code != "32" || up[2].Kind != District {
		t.Errorf("Parents = %v", up)
	}
	if Up("32.11.05.2001", Regency) != "32.11" || Up("32", District) != "" {
		t.Error("Up cuts at the wrong place")
	}
}

func TestSearch(t *testing.T) {
	for q, want := range map[string]string{
		"tanjungsari sumedang":    "Kec. Tanjungsari, Kab. Sumedang",
		"  TANJUNGSARI, Sumed":    "Kec. Tanjungsari, Kab. Sumedang",
		"tanjung sari sumedang":   "Kec. Tanjungsari, Kab. Sumedang",
		"kota bandung":            "Kota Bandung, Jawa Barat",
		"kab bandung":             "Kab. Bandung, Jawa Barat",
		"jawa barat":              "Jawa Barat",
		"garut":                   "Kab. Garut, Jawa Barat",
		"kabupaten aceh selatan":  "Kab. Aceh Selatan, Aceh",
		"kelurahan dago coblong":  "Dago, Kec. Coblong, Kota Bandung",
		"coblong":                 "Kec. Coblong, Kota Bandung",
		"Desa Cibiru Wetan":       "Cibiru Wetan, Kec. Cileunyi, Kab. Bandung",
		"cibiru wetan kab. bdg x": "",
		"pasar minggu":            "Kec. Pasar Minggu, Kota Administrasi Jakarta Selatan, Daerah Khusus Ibukota Jakarta",
	} {
		got := Search(q, 5)
		if want == "" {
			if len(got) > 0 {
				t.Errorf("Search(%q) = %v, want nothing", q, got[0].Label())
			}
			continue
		}
		if len(got) == 0 || got[0].Label() != want {
			t.Errorf("Search(%q) = %v, want first %q", q, labels(got), want)
		}
	}
	for _, p := range Search("45362", 50) {
		if p.Postal != "45362" || p.Kind != Village {
			t.Errorf("postal search found %v", p)
		}
	}
	if len(Search("", 5)) != 0 || len(Search("...", 5)) != 0 || len(Search("a", 0)) != 0 || len(Search("a", 1000)) > maxHits {
		t.Error("bounds of Search do not hold")
	}
}

// Who types the district finds its villages.
func TestSearchVillagesOfDistrict(t *testing.T) {
	got := Search("coblong bandung", 10, Village)
	if len(got) != 6 {
		t.Fatalf("villages of Coblong = %v, want 6", labels(got))
	}
	for _, p := range got {
		if p.District != "Coblong" {
			t.Errorf("%v is not in Coblong", p.Label())
		}
	}
}

func labels(ps []Place) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Label())
	}
	return out
}

func TestZone(t *testing.T) {
	for code, want := range map[string]string{"32.73": "WIB", "61": "WIB", "51.71": "WITA", "64": "WITA", "73.71": "WITA", "81": "WIT", "94.01": "WIT", "": "WIB"} {
		if got := Zone(code); got != want {
			t.Errorf("Zone(%s) = %s, want %s", code, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	bandung, _ := Get("32.73")
	jakarta, _ := Get("31.71")
	if km := Distance(bandung, jakarta); km < 100 || km > 140 {
		t.Errorf("Bandung to Jakarta = %.0f km", km)
	}
	if km := Distance(bandung, bandung); km != 0 {
		t.Errorf("Bandung to itself = %f km", km)
	}
}

func TestSmall(t *testing.T) {
	if len(packed) > 1_500_000 {
		t.Errorf("the packed table has %d bytes", len(packed))
	}
	var a, b runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&a)
	u := unpack()
	runtime.GC()
	runtime.ReadMemStats(&b)
	if n := int64(b.HeapAlloc) - int64(a.HeapAlloc); n > 12<<20 {
		t.Errorf("the unpacked table holds %d bytes", n)
	}
	runtime.KeepAlive(u)
}

func FuzzSearch(f *testing.F) {
	for _, s := range []string{"tanjungsari", "a b c d e f g h", "45362", "kota", "\xff\x00", "''''", "ba'u"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		seen := map[string]bool{}
		for _, p := range Search(q, 10) {
			if seen[p.Code] {
				t.Errorf("Search(%q) gives %s twice", q, p.Code)
			}
			seen[p.Code] = true
			if again, ok := Get(p.Code); !ok || again != p {
				t.Errorf("Get(%s) = %v, want %v", p.Code, again, p)
			}
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	Warm()
	for _, q := range []string{"tanj", "tanjungsari", "tanjungsari sumedang", "s", "su ka ma", "a b c d e", "45362"} {
		b.Run(strings.ReplaceAll(q, " ", "_"), func(b *testing.B) {
			for b.Loop() {
				Search(q, 10, Village)
			}
		})
	}
}

func BenchmarkUnpack(b *testing.B) {
	for b.Loop() {
		unpack()
	}
}
