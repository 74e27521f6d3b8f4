package parcelweb

import (
	"net/http"

	"lapak/internal/id"
	"lapak/internal/parcel"
	"lapak/internal/web"
)

// actSuggested assigns each of the chosen parcels as the page suggests.
const actSuggested parcel.Act = "suggested"

func (p pages) asSuggested(w http.ResponseWriter, r *http.Request, ids []id.ID) error {
	ctx, sc := r.Context(), web.Scope(r)
	list, err := p.Parcels.Many(ctx, sc, ids)
	if err != nil {
		return err
	}
	team, err := p.couriers(ctx, sc)
	if err != nil {
		return err
	}
	hints, err := p.Parcels.Suggest(ctx, sc, list, team.ids())
	if err != nil {
		return err
	}
	given, people := 0, map[id.ID]bool{}
	for _, q := range list {
		who, ok := hints[q.ID]
		if !ok {
			continue
		}
		n, _, err := p.Parcels.DoMany(ctx, sc, []id.ID{q.ID}, parcel.Move{Act: parcel.ActAssign, Courier: who})
		if err != nil {
			return err
		}
		given += n
		people[who] = people[who] || n > 0
	}
	web.Flash(w, r, "parcel.bulk_suggested", given, len(people))
	return web.SeeOther(w, r, "/kirim")
}
