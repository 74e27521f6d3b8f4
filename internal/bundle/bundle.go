// Package bundle carries a whole shop in one file: out of an installation, and
// into another one, where it comes back equal. docs/shop-file.md describes the
// file. It owns no rules: rows leave and come back as the slices wrote them.
package bundle

import (
	"slices"

	"lapak/internal/fault"
	"lapak/internal/store"
)

// Version is the format of the file. One that says another number is refused.
const Version = 1

// format is what a file of ours calls itself.
const format = "lapak-shop"

// Carried are the tables whose rows go into the file, every column but those
// that Hidden names and business_id, which the manifest says once.
var Carried = []string{
	"businesses", "blobs", "blob_usage", "categories", "products", "product_slugs", "variants", "product_photos",
	"customers", "customer_addresses", "customer_consents", "stock_levels", "stock_moves", "stock_holds", "stock_counts", "stock_count_lines",
	"payment_settings", "payment_accounts", "payment_codes", "payments", "delivery_ways", "delivery_areas", "delivery_zones",
	"delivery_steps", "delivery_windows", "delivery_slots", "delivery_bookings",
	"vouchers", "voucher_uses", "orders", "order_lines", "order_events", "order_numbers", "order_papers", "order_paper_lines",
	"parcels", "parcel_lines", "parcel_events", "parcel_settings", "carrier_settings", "carrier_bookings", "ledger_entries", "ledger_lines", "ledger_balances",
	"cash_handovers", "cash_counts", "cash_found", "cash_payouts", "cash_payout_lines", "cash_terms",
}

// Remade are the tables that go in another form, and how.
var Remade = map[string]string{
	"blob_files":     "each picture is a file of its own, photos/{blob}/{width}.jpg",
	"audit":          "history/audit.jsonl, outside of the content's hash: it is read, and goes on growing, and carrying it is written into it",
	"audit_heads":    "made anew of the last entry of the history",
	"voucher_buyers": "counted anew of voucher_uses: its buyers are hashes under the installation's key",
	"order_tokens":   "links/orders.jsonl says which orders have a link and until when; the hashes are made anew under the new installation's key",
	"parcel_links":   "made anew of the parcels, under the new installation's key",
	"customer_stops": "links/stops.jsonl says which customers have one; the hashes are made anew",
	"slugs":          "the manifest says the address; where it is taken another is asked for",
	"registry":       "made anew of the business, in the transaction that brings it",
	"memberships":    "staff.jsonl tells names and roles, for people to read; nobody gets a right by a file",
}

// withOthers is why what two businesses have together stays behind.
const withOthers = "kept with another business of this installation, which elsewhere is not there"

// Left are the tables with rows of businesses that stay behind, and why.
var Left = map[string]string{
	"jobs":               "work in progress of this installation; what orders wait for is asked for anew",
	"pins":               "secrets of people",
	"devices":            "secrets of phones",
	"invitations":        "secrets of people",
	"push_subscriptions": "browsers that gave leave to this installation alone",
	"appeals":            "the correspondence of this installation's office",
	"handovers":          "open links of this installation",
	"onboardings":        "steps of a person, not of a shop",
	"directory_shops":    "kept by a job of every installation",
	"directory_products": "kept by a job of every installation",
	"directory_lists":    "kept by a job of every installation",
	"figure_days":        "counted anew of the parcels",
	"backup_erasures":    "who was erased here after a backup, so that a restore of it erases them again",
	"imports":            "files at work on this installation",
	"import_parts":       "files at work on this installation",
	"import_mappings":    "choices that are made anew in a minute",
	"exports":            "counts of the last hour",
	"api_tokens":         "keys of programs, made for this installation",
	"webhook_receivers":  "addresses and secrets of this installation, sealed under its key",
	"webhook_deliveries": "what this installation sent in a month",
	"webhook_counts":     "numbers of what this installation sent",
	"carrier_keys":       "keys of middlemen, sealed under this installation's key: the owner types them again",
	"carrier_hooks":      "addresses of this installation for carriers' messages",
	"carrier_refs":       "bookings under this installation's own key",
	"carrier_watches":    "when carriers are asked next; what is told of a parcel makes it anew",
	"outbox_phones":      "phones that sent acts to this installation",
	"outbox_acts":        "acts of people on phones of this installation; what they did is in the rows they changed, and no right goes by a file",
	"api_answers":        "answers remembered for a week, sealed under this installation's key",

	// What a shop and a courier firm have together.
	"haul_firms":          withOthers,
	"haul_assets":         withOthers,
	"haul_ties":           withOthers,
	"haul_links":          withOthers,
	"haul_pickups":        withOthers,
	"haul_pickup_items":   withOthers,
	"haul_rounds":         withOthers,
	"haul_manifests":      withOthers,
	"haul_manifest_items": withOthers,
	"haul_payouts":        withOthers,
}

// Hidden are columns that do not leave: they say which installation it is, or
// are sealed under its key. What is sealed is typed again by the owner.
var Hidden = map[string][]string{
	"businesses": {"slug", "nik_sealed", "nik_mac", "nik_tail"},
}

// sums are the columns whose totals the manifest tells.
var sums = map[string][]string{
	"orders": {"total", "paid", "refunded"}, "order_lines": {"quantity"}, "payments": {"amount"}, "ledger_lines": {"amount"}, "ledger_balances": {"amount"},
	"stock_levels": {"on_hand", "reserved"}, "stock_moves": {"quantity", "held"}, "customers": {"orders", "spent"}, "vouchers": {"used"}, "blobs": {"bytes"},
}

// Faults that a person may be told of. Each is found before anything changes.
var (
	ErrForeign = fault.New(fault.Invalid, "bundle.foreign") // it is no shop file
	ErrNewer   = fault.New(fault.Invalid, "bundle.newer")   // made by a newer program
	ErrBroken  = fault.New(fault.Invalid, "bundle.broken")  // cut off, altered or damaged; its argument is the part
	ErrLarge   = fault.New(fault.Invalid, "bundle.large")   // beyond what is taken in here
	ErrDiffers = fault.New(fault.Conflict, "bundle.differs")
	ErrNone    = fault.New(fault.NotFound, "bundle.none") // nobody chose a file
)

// Manifest is the table of contents of a shop file, its last entry.
type Manifest struct {
	Format  string           `json:"format"`
	Version int              `json:"version"`
	Schema  int64            `json:"schema"`
	Shop    Shop             `json:"shop"`
	Content string           `json:"content"`
	Sums    map[string]int64 `json:"sums"`
	Parts   []Part           `json:"parts"`
}

// Shop says which shop the file holds.
type Shop struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Part is one entry of the file: lines of JSON, or a picture.
type Part struct {
	Name    string   `json:"name"`
	Rows    int64    `json:"rows,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Bytes   int64    `json:"bytes"`
	SHA256  string   `json:"sha256"`
}

// Counts tells how many rows the file has of each table.
func (m Manifest) Counts() map[string]int64 {
	out := map[string]int64{}
	for _, p := range m.Parts {
		if name, ok := tableOf(p.Name); ok {
			out[name] = p.Rows
		}
	}
	return out
}

// columns are those of a table that go into the file, sorted.
func columns(t store.Table) []string {
	return slices.DeleteFunc(t.Names(), func(n string) bool { return n == "business_id" || slices.Contains(Hidden[t.Name], n) })
}
