package store

// Placement says where a table's rows lie in a Citus cluster.
type Placement string

// The placements. A distributed table is spread by business_id, a reference
// table is copied to every server, a local one stays on the coordinator.
const (
	Distributed Placement = "distributed"
	Reference   Placement = "reference"
	Local       Placement = "local"
)

// Placements names every table. Tests hold it against the migrations: what is
// made by tenant or tenant_log is distributed, what is made by shared is not.
var Placements = map[string]Placement{
	"store_schema": Local,

	"audit":       Distributed,
	"audit_heads": Distributed,

	"jobs":          Local,
	"job_schedules": Local,

	"blobs":      Distributed,
	"blob_files": Distributed,
	"blob_usage": Distributed,

	"mails": Local,

	"people":          Local,
	"phone_owners":    Local,
	"mail_owners":     Local,
	"memberships":     Local,
	"pins":            Local,
	"devices":         Local,
	"sessions":        Local,
	"invitations":     Local,
	"account_links":   Local,
	"recovery_codes":  Local,
	"guesses":         Local,
	"account_notices": Local,
	"legal_texts":     Local,
	"acceptances":     Local,

	"imports":         Distributed,
	"import_parts":    Distributed,
	"import_mappings": Distributed,
	"exports":         Distributed,

	"passkeys":           Local,
	"passkey_challenges": Local,

	"push_subscriptions": Distributed,

	"businesses":  Distributed,
	"slugs":       Local,
	"registry":    Local,
	"appeals":     Local,
	"handovers":   Local,
	"onboardings": Local,

	"outbox_phones": Distributed,
	"outbox_acts":   Distributed,

	"ledger_entries":  Distributed,
	"ledger_lines":    Distributed,
	"ledger_balances": Distributed,

	"categories":     Distributed,
	"products":       Distributed,
	"product_slugs":  Distributed,
	"variants":       Distributed,
	"product_photos": Distributed,

	"customers":          Distributed,
	"customer_addresses": Distributed,
	"customer_consents":  Distributed,
	"customer_stops":     Local,

	"stock_levels":      Distributed,
	"stock_moves":       Distributed,
	"stock_holds":       Distributed,
	"stock_counts":      Distributed,
	"stock_count_lines": Distributed,

	"payment_settings": Distributed,
	"payment_accounts": Distributed,
	"payment_codes":    Distributed,
	"payments":         Distributed,

	"delivery_ways":     Distributed,
	"delivery_areas":    Distributed,
	"delivery_zones":    Distributed,
	"delivery_steps":    Distributed,
	"delivery_windows":  Distributed,
	"delivery_slots":    Distributed,
	"delivery_bookings": Distributed,

	"vouchers":       Distributed,
	"voucher_buyers": Distributed,
	"voucher_uses":   Distributed,

	"orders":        Distributed,
	"order_lines":   Distributed,
	"order_events":  Distributed,
	"order_numbers": Distributed,
	"order_tokens":  Local,

	"parcels":         Distributed,
	"parcel_lines":    Distributed,
	"parcel_events":   Distributed,
	"parcel_settings": Distributed,
	"parcel_links":    Local,

	"carrier_keys":     Distributed,
	"carrier_settings": Distributed,
	"carrier_bookings": Distributed,
	"carrier_watches":  Distributed,
	"carrier_hooks":    Local,
	"carrier_refs":     Local,

	"figure_days":       Distributed,
	"figure_totals":     Local,
	"cash_handovers":    Distributed,
	"cash_counts":       Distributed,
	"cash_found":        Distributed,
	"cash_payouts":      Distributed,
	"cash_payout_lines": Distributed,
	"cash_terms":        Distributed,

	"haul_firms":          Distributed,
	"haul_assets":         Distributed,
	"haul_ties":           Distributed,
	"haul_links":          Distributed,
	"haul_pickups":        Distributed,
	"haul_pickup_items":   Distributed,
	"haul_rounds":         Distributed,
	"haul_manifests":      Distributed,
	"haul_manifest_items": Distributed,
	"haul_payouts":        Distributed,
	"haul_summaries":      Local,
	"haul_pairs":          Local,
	"haul_marks":          Local,
	"haul_differences":    Local,

	"order_papers":      Distributed,
	"order_paper_lines": Distributed,

	"api_tokens":  Local,
	"api_answers": Distributed,

	"webhook_receivers":  Distributed,
	"webhook_deliveries": Distributed,
	"webhook_counts":     Distributed,

	"directory_shops":    Local,
	"directory_products": Local,
	"directory_lists":    Local,
	"directory_words":    Local,
	"directory_near":     Local,
	"search_docs":        Local,

	"backup_runs":     Local,
	"backup_erasures": Local,
}
