// Package haul lets a courier firm be a business here. A shop and a firm are
// two businesses, and no transaction spans both: a parcel that is handed over
// lives in each of them, joined by a token, and they tell each other by jobs
// that may come late, twice and in any order. Whoever is told reads how the
// other stands now, so a message that was lost is mended by the next one. What
// both say is compared at night.
package haul

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lapak/internal/carrier"
	"lapak/internal/delivery"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/parcel"
	"lapak/internal/region"
)

// Faults of hauling.
var (
	ErrNotFound = fault.New(fault.NotFound, "haul.not_found")
	ErrNoFirm   = fault.New(fault.Conflict, "haul.no_firm")   // this business is no courier firm yet
	ErrSelf     = fault.New(fault.Invalid, "haul.self")       // nobody is its own customer
	ErrTied     = fault.New(fault.Conflict, "haul.not_tied")  // shop and firm have not agreed
	ErrNone     = fault.New(fault.Invalid, "haul.none")       // nothing was chosen
	ErrUnfit    = fault.New(fault.Conflict, "haul.unfit")     // {0} how the parcel stands
	ErrMoved    = fault.New(fault.Conflict, "haul.moved")     // the sum is another by now
	ErrEmpty    = fault.New(fault.Conflict, "haul.empty")     // there is nothing to pay
	ErrSent     = fault.New(fault.Conflict, "haul.sent")      // the manifest has left, or has come
	ErrFar      = fault.New(fault.Invalid, "haul.far")        // {0} firm {1} place: nothing is brought there
	ErrScan     = fault.New(fault.NotFound, "haul.scan_none") // {0} no parcel has that number
)

// KindOf is what a firm works with.
type KindOf string

// The kinds of assets.
const (
	ServiceKind KindOf = "service" // detail: days and hours
	Hub         KindOf = "hub"     // detail: a village's code
	Vehicle     KindOf = "vehicle" // detail: the plate
)

// Asset is a service, a hub or a vehicle.
type Asset struct {
	ID     id.ID
	Kind   KindOf
	Name   string
	Detail string
}

// Place is the village of a hub.
func (a Asset) Place() region.Place {
	p, _ := region.Get(a.Detail)
	return p
}

// Firm is a courier firm as its owner sets it. What it asks for carrying, and
// where to, is its tariff in package delivery.
type Firm struct {
	Code    string
	Open    bool
	CODBP   int64  // of what is taken at the door it keeps so many hundredths of a percent
	PayDays string // weekdays on which it pays, "1" Monday to "7"
	Assets  []Asset
}

// Of lists the assets of a kind.
func (f Firm) Of(k KindOf) []Asset {
	var list []Asset
	for _, a := range f.Assets {
		if a.Kind == k {
			list = append(list, a)
		}
	}
	return list
}

// Asset finds one by its id.
func (f Firm) Asset(which id.ID) Asset {
	i := slices.IndexFunc(f.Assets, func(a Asset) bool { return a.ID == which })
	if i < 0 {
		return Asset{}
	}
	return f.Assets[i]
}

// Limits of what a firm writes.
const (
	MaxName   = 60
	MaxDetail = 90
	MaxAssets = 60
	MaxRef    = 60
	maxBP     = 5_000
)

// Validate reports every field that is wrong.
func (f Firm) Validate() error {
	var bad fault.Fields
	bad.Check(f.CODBP >= 0 && f.CODBP <= maxBP, "cod", "form.between", 0, maxBP/100)
	bad.Check(strings.Trim(f.PayDays, "1234567") == "" && len(f.PayDays) <= 7, "days", "form.choose")
	bad.Check(!f.Open || len(f.Of(ServiceKind)) > 0, "service.name", "haul.service_needed")
	bad.Check(len(f.Assets) <= MaxAssets, "service.name", "form.between", 0, MaxAssets)
	for _, a := range f.Assets {
		n := utf8.RuneCountInString(a.Name)
		bad.Check(n > 0, string(a.Kind)+".name", "form.required")
		bad.Check(n <= MaxName, string(a.Kind)+".name", "form.too_long", MaxName)
		bad.Check(utf8.RuneCountInString(a.Detail) <= MaxDetail, string(a.Kind)+".detail", "form.too_long", MaxDetail)
		if a.Kind == Hub {
			_, ok := region.Get(a.Detail)
			bad.Check(ok && strings.Count(a.Detail, ".") == 3, "hub.detail", "haul.village_choose")
		}
	}
	return bad.Err()
}

// codeOf is the short code of a firm: it stands on parcels, and never changes.
func codeOf(firm id.ID) string {
	h := sha256.Sum256(append([]byte("haul/"), firm[:]...))
	return strings.ToLower(base32.StdEncoding.EncodeToString(h[:])[:10])
}

// CarrierOf is what a firm is called in a parcel.
func CarrierOf(code string) string { return parcel.Firm + code }

// Summary is what anybody may know of a firm.
type Summary struct {
	Firm     id.ID
	Code     string
	Name     string
	Village  string
	Services []string
	Coverage []string // regions; none: see Km
	Km       int64    // so far around it; 0: everywhere, or see Coverage
	FromFee  int64
	CODBP    int64
	PayDays  string
	prices
}

// prices are how a firm reckons, as it published them.
type prices struct {
	From   delivery.Point
	Tariff delivery.Tariff
}

// fee is what carrying a parcel costs the shop.
func (s Summary) fee(p parcel.Parcel) (int64, error) {
	var to *delivery.Point
	if p.LatE6 != nil && p.LngE6 != nil {
		to = &delivery.Point{LatE6: *p.LatE6, LngE6: *p.LngE6}
	}
	fee, err := s.Tariff.Fee(s.From, p.Village, to, delivery.Load{Grams: p.Grams})
	if err != nil {
		return 0, ErrFar.With(s.Name, p.Region().Town())
	}
	return fee, nil
}

func (p prices) text() (string, error) {
	b, err := json.Marshal(p)
	return string(b), err
}

// Wish is what a shop wants of a firm, Answer what the firm says to it.
type (
	Wish   string
	Answer string
)

// The wishes and answers.
const (
	Asked    Wish   = "asked"
	Ended    Wish   = "ended"
	Open     Answer = ""
	Accepted Answer = "accepted"
	Refused  Answer = "refused"
)

// Tie is what two businesses agreed, as one of them has it.
type Tie struct {
	Other    id.ID
	Firm     bool // the scope's business is the firm
	Code     string
	Name     string // of the other
	Phone    string
	Village  string
	Street   string
	Landmark string
	LatE6    *int64
	LngE6    *int64
	Wish     Wish
	WishN    int64
	Answer   Answer
	AnswerN  int64
	At       time.Time
}

// Live reports whether parcels may be handed over.
func (t Tie) Live() bool { return t.Wish == Asked && t.Answer == Accepted }

// Region is where the other is.
func (t Tie) Region() region.Place {
	p, _ := region.Get(t.Village)
	return p
}

// Link is a parcel's side of the token.
type Link struct {
	Token   id.ID
	Parcel  id.ID
	Other   id.ID
	Firm    bool
	Live    bool
	N       int64
	Fee     int64
	Status  carrier.Status
	COD     int64
	Taken   int64
	Pickup  id.ID
	Payout  id.ID
	At      time.Time
	DoneAt  *time.Time
	Changed time.Time
}

// before are the states in which nobody has fetched a parcel.
func before(s carrier.Status) bool {
	return s == carrier.Draft || s == carrier.Ready || s == carrier.PickupRequested
}

// Share parts a sum among n, so that the shares add up to it: each is rounded
// down to whole rupiah, and what is left goes, one rupiah each, to the first.
func Share(sum int64, n int) []int64 {
	if n <= 0 {
		return nil
	}
	list := make([]int64, n)
	for i := range list {
		list[i] = sum / int64(n)
		if int64(i) < sum%int64(n) {
			list[i]++
		}
	}
	return list
}
