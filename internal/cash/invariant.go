package cash

import "lapak/internal/store"

// Invariants are what must hold of the money from the door at any time. The
// first one says, together with those of the ledger, that the sum of all
// holders is the sum of delivered COD that is not in the till yet, or that
// somebody has put their name to the difference.
var Invariants = []store.Invariant{
	{Name: "the books took in what parcels took at the door, or somebody explained it", SQL: `SELECT business_id, CAST(sum(amount) AS bigint) FROM (
		SELECT e.business_id, e.amount FROM parcel_events e JOIN parcels p ON p.business_id = e.business_id AND p.id = e.parcel_id
			WHERE e.amount <> 0 AND e.method IN ('cod', 'cash') AND p.order_id IS NOT NULL AND (p.carrier <> 'own' OR p.courier_id IS NOT NULL)
		UNION ALL SELECT y.business_id, y.amount FROM payments y
			WHERE EXISTS (SELECT 1 FROM ledger_balances b WHERE b.business_id = y.business_id AND b.account = 'courier_cash' AND b.holder = y.holder)
			AND NOT EXISTS (SELECT 1 FROM parcels p JOIN parcel_events v ON v.business_id = p.business_id AND v.parcel_id = p.id
				WHERE p.business_id = y.business_id AND p.order_id = y.order_id AND v.received_at = y.at AND v.amount <> 0 AND v.method IN ('cod', 'cash')
					AND (p.carrier <> 'own' OR p.courier_id IS NOT NULL))
		UNION ALL SELECT l.business_id, -l.amount FROM ledger_lines l JOIN ledger_entries e ON e.business_id = l.business_id AND e.id = l.entry_id
			WHERE l.account = 'courier_cash' AND e.kind IN ('payment.in', 'payment.out')
		UNION ALL SELECT business_id, -amount FROM cash_found) x
		GROUP BY business_id HAVING sum(amount) <> 0`},
	{Name: "no hand-over in the books without its row", SQL: `SELECT e.business_id, e.id FROM ledger_entries e
		WHERE e.kind = 'cash.handed' AND NOT EXISTS (SELECT 1 FROM cash_handovers h WHERE h.business_id = e.business_id AND h.key = e.key AND h.first <> '')`},
	{Name: "no hand-over without its entry, and each for its sum", SQL: `SELECT h.business_id, h.id FROM cash_handovers h
		WHERE h.first <> '' AND NOT EXISTS (SELECT 1 FROM ledger_entries e JOIN ledger_lines l ON l.business_id = e.business_id AND l.entry_id = e.id
			WHERE e.business_id = h.business_id AND e.key = h.key AND l.account = 'courier_cash' AND l.holder = h.giver_id AND l.amount = -h.amount)`},
	{Name: "no count without its entry", SQL: `SELECT c.business_id, c.id FROM cash_counts c
		WHERE NOT EXISTS (SELECT 1 FROM ledger_entries e JOIN ledger_lines l ON l.business_id = e.business_id AND l.entry_id = e.id
			WHERE e.business_id = c.business_id AND e.key = c.key AND l.account = 'courier_cash' AND l.holder = c.holder_id AND l.amount = -c.amount - c.missing)`},
	{Name: "no difference without a sentence and a name", SQL: `SELECT business_id, id FROM cash_counts WHERE missing <> 0 AND (why = '' OR explained_by IS NULL)
		UNION ALL SELECT business_id, id FROM cash_handovers WHERE right_side <> '' AND (why = '' OR explained_by IS NULL)
		UNION ALL SELECT business_id, id FROM cash_found WHERE why = '' OR explained_by IS NULL`},
	{Name: "what carriers paid out is booked line by line", SQL: `SELECT business_id, CAST(sum(n) AS bigint) FROM (
		SELECT business_id, 1 AS n FROM cash_payout_lines WHERE state = 'booked'
		UNION ALL SELECT business_id, -1 AS n FROM ledger_entries WHERE kind = 'carrier.paid') x GROUP BY business_id HAVING sum(n) <> 0`},
}
