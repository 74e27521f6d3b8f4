package haul

import "lapak/internal/store"

// Invariants are what must hold within each business at any time. What two
// businesses say of each other is compared by a job.
var Invariants = []store.Invariant{
	{Name: "what a firm owes its shops is what it took and did not pay", SQL: `SELECT l.business_id, l.other_id FROM (
			SELECT business_id, other_id, sum(taken) AS owed FROM haul_links WHERE firm = true AND status = 'delivered' AND payout_id IS NULL GROUP BY business_id, other_id) l
		LEFT JOIN ledger_balances b ON b.business_id = l.business_id AND b.account = 'cod_owed' AND b.holder = l.other_id
		WHERE l.owed <> -coalesce(b.amount, 0)`},
	{Name: "the shares of a round are its fare", SQL: `SELECT r.business_id, r.id FROM haul_rounds r
		JOIN haul_pickups p ON p.business_id = r.business_id AND p.round_id = r.id
		JOIN haul_pickup_items i ON i.business_id = p.business_id AND i.pickup_id = p.id
		GROUP BY r.business_id, r.id HAVING sum(i.share) <> max(r.fare)`},
	{Name: "a link stands as its parcel", SQL: `SELECT l.business_id, l.token FROM haul_links l
		JOIN parcels p ON p.business_id = l.business_id AND p.id = l.parcel_id
		WHERE l.live = true AND (l.status <> p.status OR l.cod <> p.cod OR l.taken <> p.taken)`},
}
