// Package business keeps the shops: who they are, at which address they are
// found, when they take orders, and how they stand with the office.
//
// A business is a tenant: its rows are keyed by its own id. What must be
// unique over all (the address) or seen by the office (the registry) is kept
// in small shared tables, changed in the same transaction.
package business

import (
	"time"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/region"
)

// Faults of businesses.
var (
	ErrNotFound  = fault.New(fault.NotFound, "business.not_found")
	ErrSlugTaken = fault.New(fault.Conflict, "business.slug_taken") // {0} a free one
	ErrSlugs     = fault.New(fault.Conflict, "business.slugs_full") // {0} the most addresses of a shop
	ErrEnded     = fault.New(fault.Conflict, "business.ended")
)

// State is how far a business has come.
type State string

// The states.
const (
	StateDraft State = "draft" // not yet shown
	StateOpen  State = "open"  // shown, and takes orders as its hours say
	StateEnded State = "ended" // closed for good by its owner
)

// Dye is the colour a shop picks for its awning.
type Dye string

// Dyes lists the colours, the first being the usual one.
var Dyes = []Dye{"nila", "sogan", "daun", "bata", "terong"}

// SoldBefore is how the business sold before it came here; asked once.
type SoldBefore string

// The answers, in the order of the form.
const (
	SoldConventional SoldBefore = "conventional"
	SoldOnline       SoldBefore = "online"
	SoldBoth         SoldBefore = "both"
)

// SoldBefores lists the answers.
var SoldBefores = []SoldBefore{SoldConventional, SoldOnline, SoldBoth}

// Business is a shop as its owner keeps it. The person's identity number is
// not in it: only its last four digits are.
type Business struct {
	ID          id.ID
	Slug        string // the address now: /@slug
	Name        string
	Tagline     string
	About       string
	Trade       string // id of Trades
	KBLI        string
	KBLIEdition string
	Village     string // region code
	Street      string
	Landmark    string
	Pinned      bool // Lat and Lng were set by the owner, else they are the village's
	Lat, Lng    float64
	Phone       string // +62…
	WhatsApp    string // +62…; Chat falls back to Phone
	Mail        string
	Dye         Dye
	Zone        string // "Asia/Jakarta"
	Hours       Hours
	AnyTime     bool // orders are taken outside the hours too
	Closings    []Closing
	Paused      bool
	PausedNote  string
	NIB         string
	NPWP        string
	NIKTail     string // last four digits of the owner's identity number, if given
	Halal       string
	PIRT        string
	SoldBefore  SoldBefore
	State       State

	HiddenReason string
	HiddenAt     *time.Time
	CreatedAt    time.Time
	PublishedAt  *time.Time
	EndedAt      *time.Time
	UpdatedAt    time.Time
}

// Visible reports whether the public may see the shop.
func (b Business) Visible() bool { return b.State == StateOpen && b.HiddenAt == nil }

// Chat is the number for WhatsApp.
func (b Business) Chat() string {
	if b.WhatsApp != "" {
		return b.WhatsApp
	}
	return b.Phone
}

// Location is the shop's clock.
func (b Business) Location() *time.Location { return region.Location(b.Zone) }

// Place is the shop's village with what lies above it.
func (b Business) Place() region.Place {
	p, _ := region.Get(b.Village)
	return p
}

// Town is how people name where the shop is: "Tanjungsari, Kab. Sumedang".
func (b Business) Town() string { return b.Place().Town() }

// Path is the shop's public address on this site.
func (b Business) Path() string { return "/@" + b.Slug }

// TradeLabel is the trade's name in a language.
func (b Business) TradeLabel(lang string) string {
	t, _ := TradeOf(b.Trade)
	return t.Label(lang)
}

// Lengths of what an owner writes.
const (
	maxName     = 60
	maxTagline  = 90
	maxAbout    = 1500
	maxStreet   = 160
	maxLandmark = 120
	maxNote     = 200
	maxReason   = 500
)

// Lengths for maxlength in forms.
const (
	MaxName, MaxTagline, MaxAbout, MaxStreet   = maxName, maxTagline, maxAbout, maxStreet
	MaxLandmark, MaxNote, MaxReason, MaxAppeal = maxLandmark, maxNote, maxReason, 1000
)
