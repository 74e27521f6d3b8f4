package demo

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"lapak/internal/store"
)

// table is one that many rows are written to at once.
type table struct {
	name, columns, conflict string
	width                   int
}

func into(name, columns, conflict string) *table {
	return &table{name, columns, conflict, strings.Count(columns, ",") + 1}
}

// The tables, each after those it refers to.
var (
	tBusinesses = into("businesses", `business_id, slug, name, tagline, about, trade, kbli, kbli_edition, village, street, landmark, phone, whatsapp, mail,
		dye, zone, hours, any_time, closings, paused, paused_note, nib, npwp, nik_sealed, nik_mac, nik_tail, halal, pirt, sold_before, state,
		hidden_reason, hidden_at, created_at, published_at, updated_at`, "")
	tSlugs    = into("slugs", "slug, business_id, live, created_at", "")
	tRegistry = into("registry", `business_id, slug, name, name_search, trade, kbli, kbli_edition, nib, halal, pirt, province, regency, district, village,
		sold_before, state, hidden_reason, hidden_at, created_at, published_at, updated_at`, "")
	tAppeals  = into("appeals", "id, business_id, province, regency, hidden_reason, text, made_by, made_at, decision, answer", "")
	tProducts = into("products", `business_id, id, slug, state, title, product_search, about, category_id, unit, shelf, labels, halal, pirt, options,
		made_to_order_days, min_quantity, max_quantity, position, form_hash, created_at, changed_at`, "")
	tCategories = into("categories", "business_id, id, name, name_search, position", "")
	tSlugsOf    = into("product_slugs", "business_id, slug, product_id", "")
	tVariants   = into("variants", `business_id, id, product_id, name, choices, sku, price, was_price, weight_grams, length_cm, width_cm, height_cm,
		tracked, gone, position`, "")
	tBlobs    = into("blobs", "business_id, id, kind, private, width, height, bytes, owner_id, loose_since, created_at", "")
	tFiles    = into("blob_files", "business_id, blob_id, width, content", "")
	tUsage    = into("blob_usage", "business_id, bytes", "")
	tPhotos   = into("product_photos", "business_id, product_id, blob_id, width, height, alt, position", "")
	tSettings = into("payment_settings", `business_id, cash, cod, cod_fee_kind, cod_fee, cod_max, transfer, transfer_hold, codes, qris, qris_hold,
		qris_text, qris_photo, updated_at`, "")
	tAccounts = into("payment_accounts", "business_id, id, bank, number, holder, position", "")
	tWays     = into("delivery_ways", `business_id, pickup, pickup_place, pickup_ready, own, kind, flat, free_from, min_order, included_kg, per_kg,
		tolerance, promise, divisor, days, cutoff, updated_at`, "")
	tHours     = into("delivery_windows", "business_id, from_minute, until_minute, most", "")
	tAreas     = into("delivery_areas", "business_id, code, fee, closed", "")
	tVouchers  = into("vouchers", `business_id, id, code, kind, value, cap, min_goods, starts_at, ends_at, max_uses, per_buyer, used, active, created_at`, "")
	tUses      = into("voucher_uses", "business_id, order_id, voucher_id, buyer, amount, at", "")
	tBuyers    = into("voucher_buyers", "business_id, voucher_id, buyer, used", "ON CONFLICT (business_id, voucher_id, buyer) DO UPDATE SET used = voucher_buyers.used + excluded.used")
	tLevels    = into("stock_levels", "business_id, variant_id, on_hand, reserved, threshold, warn_at, short", "")
	tMoves     = into("stock_moves", "business_id, id, variant_id, reason, quantity, held, balance, order_id, person_id, note, at", "")
	tHolds     = into("stock_holds", "business_id, order_id, variant_id, quantity, until", "")
	tCustomers = into("customers", "business_id, id, phone, name, search, note, tags, orders, spent, first_order_at, last_order_at, last_at, created_at",
		`ON CONFLICT (business_id, phone) DO UPDATE SET orders = customers.orders + excluded.orders, spent = customers.spent + excluded.spent,
		first_order_at = excluded.first_order_at, created_at = excluded.created_at`)
	tAddresses = into("customer_addresses", "business_id, id, customer_id, mark, village, street, landmark, used_at",
		"ON CONFLICT (business_id, customer_id, mark) DO NOTHING")
	tConsents = into("customer_consents", "business_id, id, customer_id, purpose, version, channel, source, given_at, withdrawn_by", "ON CONFLICT (business_id, id) DO NOTHING")
	tOrders   = into("orders", `business_id, id, number, body_hash, revision, channel, state, tab, way, pay_by, pay_state, customer_id, name, phone, village,
		street, landmark, note, goods, discount, shipping, cod_fee, code, total, paid, refunded, allowance, cash_given, voucher, weight_grams, pieces,
		brief, ready_days, hold_until, claimed_at, proof, complaint, complained_at, reason, courier_id, receiver, relation, tries, placed_by, placed_at,
		accepted_at, packed_at, sent_at, done_at, ended_at, changed_at, last_act, last_from, last_by, last_at, search`, "")
	tLines = into("order_lines", `business_id, order_id, n, product_id, variant_id, title, variant_name, sku, unit, photo, price, quantity, weight_grams,
		ready_days, tracked`, "")
	tEvents  = into("order_events", `business_id, id, order_id, act, from_state, to_state, by_role, person_id, reason, amount, method, text, photo, at`, "")
	tNumbers = into("order_numbers", "business_id, last", "")
	tTokens  = into("order_tokens", "token_hash, business_id, order_id, expires_at", "")
	tParcels = into("parcels", `business_id, id, order_id, customer_id, n, number, carrier, service, waybill, status, status_at, reason, words, courier_id,
		place, name, phone, village, street, landmark, note, contents, pieces, weight_grams, goods, cod, taken, taken_by, code_asked, code_tries, attempts,
		receiver, relation, restocked, leave_with, created_at, handed_at, out_at, done_at, ended_at, changed_at`, "")
	tBoxed = into("parcel_lines", "business_id, parcel_id, n, quantity", "")
	tSeen  = into("parcel_events", `business_id, id, parcel_id, act, status, reason, words, code, source, person_id, receiver, relation, amount, method,
		text, at, received_at`, "")
	tTracks  = into("parcel_links", "hash, business_id, parcel_id, expires_at", "")
	tCodes   = into("payment_codes", "business_id, amount, order_id, free_at", "")
	tPaid    = into("payments", "business_id, id, order_id, method, amount, holder, person_id, note, at", "")
	tEntries = into("ledger_entries", "business_id, id, key, kind, order_id, person_id, at", "")
	tPosted  = into("ledger_lines", "business_id, entry_id, n, account, holder, amount", "")
	tBalance = into("ledger_balances", "business_id, account, holder, amount",
		"ON CONFLICT (business_id, account, holder) DO UPDATE SET amount = ledger_balances.amount + excluded.amount")

	tables = []*table{
		tBusinesses, tSlugs, tRegistry, tAppeals, tCategories, tProducts, tSlugsOf, tVariants, tBlobs, tFiles, tUsage, tPhotos, tSettings, tAccounts,
		tWays, tAreas, tHours, tVouchers, tLevels, tMoves, tHolds, tCustomers, tAddresses, tConsents, tOrders, tLines, tEvents, tNumbers, tTokens, tParcels, tBoxed, tSeen, tTracks, tCodes, tPaid,
		tUses, tBuyers, tEntries, tPosted, tBalance,
	}
)

// bulk collects rows until they are written.
type bulk struct{ rows map[*table][]any }

func newBulk() *bulk { return &bulk{map[*table][]any{}} }

func (b *bulk) add(t *table, values ...any) {
	if len(values) != t.width {
		panic(fmt.Sprintf("demo: %d values for %s, not %d", len(values), t.name, t.width))
	}
	b.rows[t] = append(b.rows[t], values...)
}

// Each statement writes one of a few numbers of rows, so that its text is
// prepared once. SQLite looks for the name of each parameter among all of the
// statement's, so there few are fastest.
const (
	fewParameters  = 80
	manyParameters = 4000
)

func (t *table) chunks(parameters int) []int {
	n := max(1, parameters/t.width)
	return []int{n, max(1, n/8), 1}
}

// text is the statement that writes so many rows.
func (t *table) text(rows int) string {
	var s strings.Builder
	s.WriteString("INSERT INTO " + t.name + " (" + t.columns + ") VALUES ")
	n := 0
	for r := range rows {
		if r > 0 {
			s.WriteByte(',')
		}
		for c := range t.width {
			s.WriteByte("(,"[min(c, 1)])
			n++
			fmt.Fprintf(&s, "$%d", n)
		}
		s.WriteByte(')')
	}
	s.WriteString(" " + t.conflict)
	return s.String()
}

// texts are the statements that were made.
var texts sync.Map

type textKey struct {
	t    *table
	rows int
}

func textOf(t *table, rows int) string {
	key := textKey{t, rows}
	if s, ok := texts.Load(key); ok {
		return s.(string)
	}
	s := t.text(rows)
	texts.Store(key, s)
	return s
}

// write writes all rows that were added. It leaves them as they are, so that
// the transaction may run again.
func (b *bulk) write(ctx context.Context, tx *store.Tx, parameters int) error {
	for _, t := range tables {
		rest := b.rows[t]
		for _, n := range t.chunks(parameters) {
			for size := n * t.width; len(rest) >= size; rest = rest[size:] {
				if _, err := tx.ExecContext(ctx, textOf(t, n), rest[:size]...); err != nil {
					return fmt.Errorf("write %s: %w", t.name, err)
				}
			}
		}
	}
	return nil
}

// count is how many rows were added.
func (b *bulk) count() int64 {
	var n int64
	for t, v := range b.rows {
		n += int64(len(v) / t.width)
	}
	return n
}
