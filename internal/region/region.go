// Package region knows Indonesia's provinces, regencies, districts and
// villages: their official codes, names, postal codes and rough places. The
// table is packed into the binary (LICENSE.txt names its makers), is unpacked
// at the first use, and is searched in memory.
package region

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Kind is the level of a region.
type Kind string

// The levels, from the top.
const (
	Province Kind = "province"
	Regency  Kind = "regency"
	District Kind = "district"
	Village  Kind = "village"
)

// Place is one region with the names of what lies above it.
type Place struct {
	Code     string // dotted, "32.11.05.2003"
	Name     string // as the table has it; a regency's begins with "Kabupaten" or "Kota"
	Kind     Kind
	District string // names above, empty at and above the own level
	Regency  string
	Province string
	Postal   string  // of a village
	Lat, Lng float64 // middle of the region, to about 100 m; both zero if unknown
}

// IsZero reports whether p is no place.
func (p Place) IsZero() bool { return p.Code == "" }

// Title is the name with its level as people say it: "Kec. Tanjungsari".
func (p Place) Title() string {
	switch p.Kind {
	case Regency:
		return short(p.Name)
	case District:
		return "Kec. " + p.Name
	}
	return p.Name
}

// Label names a place so that nobody takes it for another: "Tanjungsari, Kec.
// Tanjungsari, Kab. Sumedang".
func (p Place) Label() string {
	parts := []string{p.Title()}
	if p.District != "" {
		parts = append(parts, "Kec. "+p.District)
	}
	if p.Regency != "" {
		parts = append(parts, short(p.Regency))
	}
	if p.Province != "" && (p.Kind == Regency || !strings.HasPrefix(p.Code, "32.")) {
		parts = append(parts, p.Province)
	}
	return strings.Join(parts, ", ")
}

// Town is where something is in everyday words: "Tanjungsari, Kab. Sumedang".
func (p Place) Town() string {
	switch p.Kind {
	case Village:
		return p.District + ", " + short(p.Regency)
	case District:
		return p.Name + ", " + short(p.Regency)
	case Regency:
		return short(p.Name)
	}
	return p.Name
}

func short(name string) string {
	if rest, ok := strings.CutPrefix(name, "Kabupaten "); ok {
		return "Kab. " + rest
	}
	return name
}

// Get finds a place by its code.
func Get(code string) (Place, bool) {
	t := load()
	i, ok := t.find(code)
	if !ok {
		return Place{}, false
	}
	return t.place(i), true
}

// Parents lists what lies above code, from the province down.
func Parents(code string) []Place {
	var out []Place
	for i, c := range code {
		if c == '.' {
			if p, ok := Get(code[:i]); ok {
				out = append(out, p)
			}
		}
	}
	return out
}

// Up is code cut to a level: Up("32.11.05.2003", Regency) is "32.11". It is
// empty if code lies above that level.
func Up(code string, k Kind) string {
	n := map[Kind]int{Province: 2, Regency: 5, District: 8, Village: 13}[k]
	if n == 0 || len(code) < n {
		return ""
	}
	return code[:n]
}

// Provinces lists all provinces.
func Provinces() []Place { return Children("") }

// Regencies lists the regencies and cities of a province.
func Regencies(province string) []Place { return Children(province) }

// Children lists the regions one level below code, in the order of their codes.
func Children(code string) []Place {
	t := load()
	from, level := 0, 1
	if code != "" {
		i, ok := t.find(code)
		if !ok {
			return nil
		}
		from, level = i+1, t.level(i)+1
	}
	var out []Place
	for i := from; i < len(t.keys); i++ {
		l := t.level(i)
		if l < level {
			break
		}
		if l == level {
			out = append(out, t.place(i))
		}
	}
	return out
}

// Distance is the way from a to b as the crow flies, in kilometres.
func Distance(a, b Place) float64 { return Km(a.Lat, a.Lng, b.Lat, b.Lng) }

// Km is the distance of two points on the earth in kilometres.
func Km(latA, lngA, latB, lngB float64) float64 {
	const radius, rad = 6371.0088, math.Pi / 180
	dLat, dLng := (latB-latA)*rad, (lngB-lngA)*rad
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(latA*rad)*math.Cos(latB*rad)*math.Pow(math.Sin(dLng/2), 2)
	return 2 * radius * math.Asin(math.Sqrt(min(1, h)))
}

// The three clocks of Indonesia. They know no summer time, so they need no table.
var (
	WIB  = time.FixedZone("WIB", 7*3600)
	WITA = time.FixedZone("WITA", 8*3600)
	WIT  = time.FixedZone("WIT", 9*3600)
)

// Zone names the clock of the place with this code: "WIB", "WITA" or "WIT".
func Zone(code string) string {
	n, _ := strconv.Atoi(Up(code, Province))
	switch {
	case n == 63 || n == 64 || n == 65 || n >= 51 && n <= 53 || n >= 71 && n <= 76:
		return "WITA"
	case n >= 81:
		return "WIT"
	}
	return "WIB"
}

// Location is the clock that Zone names; WIB for any other name.
func Location(zone string) *time.Location {
	switch zone {
	case "WITA":
		return WITA
	case "WIT":
		return WIT
	}
	return WIB
}

// key packs a code into a number that sorts as the code does.
func key(code string) (uint64, bool) {
	var k uint64
	seg := 0
	width := [4]int{2, 2, 2, 4}
	scale := [4]uint64{100_000_000, 1_000_000, 10_000, 1}
	for code != "" {
		if seg == 4 {
			return 0, false
		}
		s, rest, more := strings.Cut(code, ".")
		if len(s) != width[seg] || more && rest == "" {
			return 0, false
		}
		var n uint64
		for _, c := range []byte(s) {
			if c < '0' || c > '9' {
				return 0, false
			}
			n = n*10 + uint64(c-'0')
		}
		k += n * scale[seg]
		code, seg = rest, seg+1
	}
	return k, seg > 0
}

func (t *table) code(i int) string {
	k := t.keys[i]
	p, r, d, v := k/100_000_000, k/1_000_000%100, k/10_000%100, k%10_000
	switch t.level(i) {
	case 1:
		return fmt.Sprintf("%02d", p)
	case 2:
		return fmt.Sprintf("%02d.%02d", p, r)
	case 3:
		return fmt.Sprintf("%02d.%02d.%02d", p, r, d)
	}
	return fmt.Sprintf("%02d.%02d.%02d.%04d", p, r, d, v)
}

func (t *table) level(i int) int {
	switch k := t.keys[i]; {
	case k%10_000 != 0:
		return 4
	case k%1_000_000 != 0:
		return 3
	case k%100_000_000 != 0:
		return 2
	}
	return 1
}

func (t *table) find(code string) (int, bool) {
	k, ok := key(code)
	if !ok {
		return 0, false
	}
	return t.at(k)
}

func (t *table) at(k uint64) (int, bool) {
	i := sort.Search(len(t.keys), func(i int) bool { return t.keys[i] >= k })
	return i, i < len(t.keys) && t.keys[i] == k
}

// above gives the rows of the province, regency and district over row i, -1
// where there is none.
func (t *table) above(i int) [3]int {
	up := [3]int{-1, -1, -1}
	k := t.keys[i]
	for n, scale := range [3]uint64{100_000_000, 1_000_000, 10_000} {
		if pk := k / scale * scale; pk != k {
			if j, ok := t.at(pk); ok {
				up[n] = j
			}
		}
	}
	return up
}

var levels = [5]Kind{1: Province, 2: Regency, 3: District, 4: Village}

func (t *table) place(i int) Place {
	p := Place{
		Code: t.code(i), Name: t.name(i), Kind: levels[t.level(i)],
		Lat: float64(t.lat[i]) / 1000, Lng: float64(t.lng[i]) / 1000,
	}
	if t.postal[i] != 0 {
		p.Postal = strconv.Itoa(int(t.postal[i]))
	}
	up := t.above(i)
	for n, dst := range [3]*string{&p.Province, &p.Regency, &p.District} {
		if up[n] >= 0 {
			*dst = t.name(up[n])
		}
	}
	return p
}
