package demo

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"lapak/internal/region"
)

// The names are Faker's (MIT), the titles those of PRDECT-ID (Sutoyo et al.,
// CC BY 4.0); see data/LICENSE.txt.
//
//go:embed data/names-id.json data/product-titles-id.csv.gz
var files embed.FS

type words struct {
	female, male         []string // first names
	lastFemale, lastMale []string
	titles               map[string][]good // by category
	villages             map[string][]region.Place
	regencies            []region.Place
}

func loadWords() (*words, error) {
	raw, err := files.ReadFile("data/names-id.json")
	if err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	var names struct {
		First map[string][]string `json:"first_name"`
		Last  map[string][]string `json:"last_name"`
	}
	if err := json.Unmarshal(raw, &names); err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	w := &words{
		female: names.First["female"], male: names.First["male"], lastFemale: names.Last["female"], lastMale: names.Last["male"],
		titles: map[string][]good{}, villages: map[string][]region.Place{}, regencies: region.Regencies("32"),
	}
	return w, w.loadTitles()
}

// sorts are the categories whose titles are sold here, with their picture.
var sorts = map[string]string{
	"Household": "basket", "Kitchen": "bottle", "Office & Stationery": "book", "Food and Drink": "pouch", "Party Supplies and Craft": "parcel",
	"Muslim Fashion": "dress", "Women's Fashion": "dress", "Men's Fashion": "shirt", "Kids and Baby Fashion": "shirt", "Carpentry": "parcel",
}

func (w *words) loadTitles() error {
	raw, err := files.ReadFile("data/product-titles-id.csv.gz")
	if err != nil {
		return fmt.Errorf("read titles: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("read titles: %w", err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		return fmt.Errorf("read titles: %w", err)
	}
	for _, r := range rows[1:] {
		price, err := strconv.ParseInt(r[3], 10, 64)
		title := tidy(r[1])
		if motif := sorts[r[0]]; motif != "" && err == nil && price >= 2000 && price <= 500_000 && len(title) >= 8 {
			w.titles[r[0]] = append(w.titles[r[0]], good{name: title, price: (price + 499) / 500 * 500, weight: 300, motif: motif})
		}
	}
	return nil
}

// tidy cuts what sellers pack into a title.
func tidy(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r > 0x24f || r == '|' || r == '*' || r == '~' || r == '!' {
			return ' '
		}
		return r
	}, s)), " ")
	if i := strings.IndexAny(s, "(/["); i > 12 {
		s = s[:i]
	}
	if i := strings.Index(s, " - "); i > 12 {
		s = s[:i]
	}
	fields := strings.Fields(s)
	s = ""
	for _, f := range fields {
		if len(s)+len(f) > 56 {
			break
		}
		if f == strings.ToUpper(f) && len(f) > 3 {
			f = f[:1] + strings.ToLower(f[1:])
		}
		s = strings.TrimSpace(s + " " + f)
	}
	return strings.Trim(s, " ,.-+&")
}

// placesIn lists some villages of a regency, spread over its districts.
func (w *words) placesIn(regency string) []region.Place {
	return slices.Clone(w.villages[regency])
}

// readPlaces readies the villages, once, before the shops are planned.
func (w *words) readPlaces() {
	for _, r := range w.regencies {
		for _, d := range region.Children(r.Code) {
			for i, v := range region.Children(d.Code) {
				if i%3 == 0 {
					w.villages[r.Code] = append(w.villages[r.Code], v)
				}
			}
		}
	}
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// person is a made-up name; women are the larger part of buyers and owners.
func (w *words) person(r *rand.Rand) (first, full string) {
	if r.IntN(100) < 62 {
		first = pick(r, w.female)
		return first, first + " " + pick(r, w.lastFemale)
	}
	first = pick(r, w.male)
	return first, first + " " + pick(r, w.lastMale)
}

var streets = []string{"Melati", "Mawar", "Kenanga", "Cempaka", "Pahlawan", "Ahmad Yani", "Merdeka", "Raya Timur", "Pasar Lama", "Sukamaju", "Cikuda", "Pesantren", "Veteran", "Siliwangi", "Otista", "Stasiun", "Kebon Jati", "Anggrek", "Dahlia", "Ciseke"}

var landmarks = []string{"dekat masjid", "seberang SD", "sebelah warung", "rumah cat hijau", "pagar hitam", "dekat pos ronda", "belakang puskesmas", "samping lapangan voli", "dekat balai desa", "gang kedua setelah minimarket"}

func street(r *rand.Rand) string {
	switch r.IntN(3) {
	case 0:
		return fmt.Sprintf("Kp. %s RT %02d/RW %02d", pick(r, streets), 1+r.IntN(9), 1+r.IntN(12))
	case 1:
		return fmt.Sprintf("Gg. %s No. %d", pick(r, streets), 1+r.IntN(60))
	}
	return fmt.Sprintf("Jl. %s No. %d", pick(r, streets), 1+r.IntN(180))
}
