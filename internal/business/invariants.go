package business

import "lapak/internal/store"

// Invariants hold at every moment; each query returns the rows that break one.
var Invariants = []store.Invariant{
	{
		Name: "a business of the registry is found at its one address",
		SQL: `SELECT r.business_id FROM registry r LEFT JOIN slugs s ON s.business_id = r.business_id AND s.live = true
			WHERE s.slug IS NULL OR s.slug <> r.slug`,
	},
	{
		Name: "a shop that is shown was opened, and a hidden one has a reason",
		SQL: `SELECT business_id FROM businesses WHERE (state = 'open' AND published_at IS NULL) OR (state = 'ended' AND ended_at IS NULL)
			OR (hidden_at IS NOT NULL AND hidden_reason = '')`,
	},
	{
		Name: "an appeal that was decided has an answerer and a time",
		SQL:  `SELECT id FROM appeals WHERE decision <> 'open' AND (decided_at IS NULL OR decided_by IS NULL)`,
	},
	{
		Name: "a hand-over was accepted by somebody else",
		SQL:  `SELECT business_id FROM handovers WHERE accepted_at IS NOT NULL AND (to_person IS NULL OR to_person = from_person)`,
	},
}
