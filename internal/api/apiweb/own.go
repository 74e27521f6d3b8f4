package apiweb

import (
	"cmp"
	"slices"
	"time"

	"lapak/internal/api"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/stock"
)

const (
	tagKey       = "key"
	tagProducts  = "products"
	tagStock     = "stock"
	tagOrders    = "orders"
	tagParcels   = "parcels"
	tagCustomers = "customers"
	tagSettings  = "settings"
)

// own lists the operations that need a key: what a shop's people do.
func (p *pages) own() []operation {
	return []operation{
		define(operation{id: "getKey", method: "GET", path: "/my", tag: tagKey, verb: authz.UseKey}, (*call).getKey),

		define(operation{id: "listProducts", method: "GET", path: "/my/products", tag: tagProducts, verb: authz.SeeProducts}, (*call).listProducts),
		define(operation{
			id: "createProduct", method: "POST", path: "/my/products", tag: tagProducts, verb: authz.EditProducts, once: true, status: 201, sample: sampleProduct,
			faults: []string{"catalog.full"},
		}, (*call).createProduct),
		define(operation{id: "getProduct", method: "GET", path: "/my/products/{id}", tag: tagProducts, verb: authz.SeeProducts}, (*call).getProduct),
		define(operation{
			id: "changeProduct", method: "PATCH", path: "/my/products/{id}", tag: tagProducts, verb: authz.EditProducts, once: true, sample: samplePatch,
			faults: []string{"catalog.variant"},
		}, (*call).changeProduct),

		define(operation{id: "listStock", method: "GET", path: "/my/stock", tag: tagStock, verb: authz.SeeStock}, (*call).listStock),
		define(operation{id: "getStock", method: "GET", path: "/my/stock/{variant}", tag: tagStock, verb: authz.SeeStock}, (*call).getStock),
		define(operation{
			id: "setStockRule", method: "PUT", path: "/my/stock/{variant}/rule", tag: tagStock, verb: authz.MoveStock, once: true, sample: `{"threshold": 2, "warn_at": 5}`,
		}, (*call).setStockRule),
		define(operation{id: "listMovements", method: "GET", path: "/my/stock/{variant}/movements", tag: tagStock, verb: authz.SeeStock}, (*call).listMovements),
		define(operation{
			id: "receiveStock", method: "POST", path: "/my/stock/{variant}/movements", tag: tagStock, verb: authz.MoveStock, once: true, status: 201,
			sample: `{"quantity": 12, "reason": "bought", "note": "Pasar Tanjungsari"}`,
		}, (*call).receiveStock),
		define(operation{
			id: "correctStock", method: "POST", path: "/my/stock/{variant}/corrections", tag: tagStock, verb: authz.MoveStock, once: true, status: 201,
			sample: `{"seen": 10, "actual": 9, "reason": "damaged"}`, faults: []string{"stock.below"},
		}, (*call).correctStock),

		define(operation{id: "listOrders", method: "GET", path: "/my/orders", tag: tagOrders, verb: authz.SeeOrders}, (*call).listOrders),
		define(operation{
			id: "enterOrder", method: "POST", path: "/my/orders", tag: tagOrders, verb: authz.PlaceOrders, once: true, status: 201, sample: sampleEntry,
			faults: []string{"stock.short", "order.gone", "order.way", "voucher.unknown"},
		}, (*call).enterOrder),
		define(operation{id: "getOrder", method: "GET", path: "/my/orders/{id}", tag: tagOrders, verb: authz.SeeOrders}, (*call).getOrder),
		define(operation{
			id: "moveOrder", method: "POST", path: "/my/orders/{id}/moves", tag: tagOrders, verb: authz.SeeOrders, once: true, status: 201, sample: `{"act": "accept"}`,
			grants: []api.Grant{api.OrdersWrite, api.PaymentsWrite}, faults: []string{"order.state", "order.unpaid", "order.too_much", "stock.short"},
		}, (*call).moveOrder),

		define(operation{id: "listParcels", method: "GET", path: "/my/parcels", tag: tagParcels, verb: authz.SeeParcels}, (*call).listParcels),
		define(operation{
			id: "makeParcels", method: "POST", path: "/my/orders/{order}/parcels", tag: tagParcels, verb: authz.SeeParcels, once: true, status: 201, sample: `{}`,
			grants: []api.Grant{api.ParcelsWrite}, faults: []string{"order.state", "parcel.state", "parcel.split_wrong"},
		}, (*call).makeParcels),
		define(operation{id: "getParcel", method: "GET", path: "/my/parcels/{id}", tag: tagParcels, verb: authz.SeeParcels}, (*call).getParcel),
		define(operation{
			id: "moveParcel", method: "POST", path: "/my/parcels/{id}/moves", tag: tagParcels, verb: authz.SeeParcels, once: true, status: 201, sample: sampleMove,
			grants: []api.Grant{api.ParcelsWrite}, faults: []string{"parcel.state", "parcel.limit", "parcel.too_much", "parcel.waybill_taken", "order.unpaid"},
		}, (*call).moveParcel),
		define(operation{
			id: "getLabel", method: "GET", path: "/my/parcels/{id}/label", tag: tagParcels, verb: authz.SeeParcels, kind: "application/pdf",
		}, (*call).getLabel),
		define(operation{id: "getParcelSettings", method: "GET", path: "/my/settings/parcels", tag: tagSettings, verb: authz.SeeParcels}, (*call).getParcelSettings),
		define(operation{
			id: "setParcelSettings", method: "PUT", path: "/my/settings/parcels", tag: tagSettings, verb: authz.RuleParcels, once: true, sample: sampleSettings,
		}, (*call).setParcelSettings),

		define(operation{id: "listCustomers", method: "GET", path: "/my/customers", tag: tagCustomers, verb: authz.SeeCustomers}, (*call).listCustomers),
		define(operation{
			id: "createCustomer", method: "POST", path: "/my/customers", tag: tagCustomers, verb: authz.EditCustomers, once: true, status: 201,
			sample: `{"name": "Rina Sari", "phone": "081234567890", "tags": ["arisan"]}`, faults: []string{"customer.taken"},
		}, (*call).createCustomer),
		define(operation{id: "getCustomer", method: "GET", path: "/my/customers/{id}", tag: tagCustomers, verb: authz.SeeCustomers}, (*call).getCustomer),
		define(operation{
			id: "changeCustomer", method: "PATCH", path: "/my/customers/{id}", tag: tagCustomers, verb: authz.EditCustomers, once: true,
			sample: `{"note": "Suka yang pedas"}`, faults: []string{"customer.taken", "customer.erased"},
		}, (*call).changeCustomer),
	}
}

// none is what an operation without parameters is told.
type none struct{}

// Key is the key that a request came with.
type Key struct {
	Name      string    `json:"name"`
	Begins    string    `json:"begins" doc:"The first letters of its secret." example:"lapak_3f9x2k"`
	Grants    []string  `json:"grants" doc:"What it may do: no more than its maker may."`
	ExpiresAt time.Time `json:"expires_at"`
	Shop      string    `json:"shop" doc:"Slug of the shop it acts for."`
	ShopName  string    `json:"shop_name"`
}

func (c *call) getKey(none) (Key, error) {
	k, err := c.Keys.About(c.ctx, c.sc)
	if err != nil {
		return Key{}, err
	}
	b, err := c.Shops.Get(c.ctx, c.sc)
	if err != nil {
		return Key{}, err
	}
	return Key{k.Name, k.Begins, texts(k.Grants), k.ExpiresAt, b.Slug, b.Name}, nil
}

// Level is how much there is of a variant whose stock is counted.
type Level struct {
	Variant   id.ID  `json:"variant"`
	Product   id.ID  `json:"product"`
	Title     string `json:"title" doc:"With the variant's name."`
	Unit      string `json:"unit"`
	Shelf     string `json:"shelf"`
	OnHand    int64  `json:"on_hand"`
	Reserved  int64  `json:"reserved" doc:"Of it, held by orders."`
	Threshold int64  `json:"threshold" doc:"Kept back; below zero: how much may be ordered ahead."`
	Free      int64  `json:"free" doc:"What can still be ordered."`
	WarnAt    *int64 `json:"warn_at,omitempty" doc:"Warn when no more than this is free; missing: by the sales of a week."`
	Low       bool   `json:"low" doc:"Running low."`
}

// LevelList is a page of the stock.
type LevelList struct {
	Items []Level `json:"items"`
	Next  string  `json:"next_cursor,omitempty" doc:"Where the next page begins; missing on the last one."`
}

func level(i stock.Item) Level {
	return Level{i.Variant, i.Product, i.Full(), i.Unit, i.Shelf, i.OnHand, i.Reserved, i.Threshold, i.Free(), i.WarnAt, i.Low()}
}

type pageIn struct {
	Limit  int64  `query:"limit" minimum:"1" maximum:"100" doc:"How many at most; 25 if missing."`
	Cursor string `query:"cursor" doc:"Where the page begins: next_cursor of the page before."`
}

const perPage = 25

func most(limit int64) int {
	if limit == 0 {
		return perPage
	}
	return int(limit)
}

// listStock lists by the variants' ids, which stay as they are while rows come and go.
func (c *call) listStock(in pageIn) (LevelList, error) {
	out := LevelList{Items: []Level{}}
	after, err := cursor(in.Cursor, parseID)
	if err != nil {
		return out, err
	}
	list, err := c.Stock.Items(c.ctx, c.sc)
	if err != nil {
		return out, err
	}
	slices.SortFunc(list, func(a, b stock.Item) int { return compare(a.Variant, b.Variant) })
	for _, i := range list {
		if compare(i.Variant, after.ID) <= 0 {
			continue
		}
		if len(out.Items) == most(in.Limit) {
			out.Next = out.Items[len(out.Items)-1].Variant.String()
			break
		}
		out.Items = append(out.Items, level(i))
	}
	return out, nil
}

func compare(a, b id.ID) int { return cmp.Compare(a.String(), b.String()) }

type variantIn struct {
	Variant id.ID `path:"variant" doc:"Id of the variant."`
}

func (c *call) getStock(in variantIn) (Level, error) {
	i, err := c.Stock.Item(c.ctx, c.sc, in.Variant)
	if err != nil {
		return Level{}, err
	}
	return level(i), nil
}

// Rule is what the owner sets for the stock of a variant.
type Rule struct {
	Threshold int64  `json:"threshold" minimum:"-1000000" maximum:"1000000" doc:"Kept back; below zero: how much may be ordered ahead."`
	WarnAt    *int64 `json:"warn_at,omitempty" minimum:"0" maximum:"1000000" doc:"Missing: by the sales of a week."`
}

type ruleIn struct {
	Variant id.ID `path:"variant" doc:"Id of the variant."`
	Body    Rule
}

func (c *call) setStockRule(in ruleIn) (Level, error) {
	if err := c.Stock.SetRule(c.ctx, c.sc, stock.Rule{Variant: in.Variant, Threshold: in.Body.Threshold, WarnAt: in.Body.WarnAt}); err != nil {
		return Level{}, err
	}
	return c.getStock(variantIn{in.Variant})
}

// Movement is a line of a variant's ledger.
type Movement struct {
	ID       id.ID     `json:"id"`
	Reason   string    `json:"reason" enum:"held,released,sold,returned,counted,opening,bought,made,corrected,damaged,lost,used"`
	Quantity int64     `json:"quantity" doc:"Change of what is on hand."`
	Held     int64     `json:"held" doc:"Change of what orders hold."`
	Balance  int64     `json:"balance" doc:"On hand after it."`
	Order    *id.ID    `json:"order,omitempty"`
	Note     string    `json:"note"`
	At       time.Time `json:"at"`
}

// MovementList is a page of a variant's ledger, newest first.
type MovementList struct {
	Items []Movement `json:"items"`
	Next  string     `json:"next_cursor,omitempty" doc:"Where the next page begins; missing on the last one."`
}

type listMovementsIn struct {
	Variant id.ID  `path:"variant" doc:"Id of the variant."`
	Cursor  string `query:"cursor" doc:"Where the page begins: next_cursor of the page before."`
}

func (c *call) listMovements(in listMovementsIn) (MovementList, error) {
	out := MovementList{Items: []Movement{}}
	after, err := cursor(in.Cursor, parseMark)
	if err != nil {
		return out, err
	}
	if _, err := c.Stock.Item(c.ctx, c.sc, in.Variant); err != nil { // another's is missing
		return out, err
	}
	var from *stock.Move
	if !after.id.IsZero() {
		from = &stock.Move{At: after.at, ID: after.id}
	}
	list, next, err := c.Stock.Moves(c.ctx, c.sc, in.Variant, from)
	if err != nil {
		return out, err
	}
	for _, m := range list {
		out.Items = append(out.Items, Movement{m.ID, string(m.Reason), m.Quantity, m.Held, m.Balance, m.Order.Null(), m.Note, m.At})
	}
	if next != nil {
		out.Next = mark{next.At, next.ID}.String()
	}
	return out, nil
}

// Receipt is stock that came in.
type Receipt struct {
	Quantity int64  `json:"quantity" minimum:"1" maximum:"1000000"`
	Reason   string `json:"reason" enum:"bought,made,returned"`
	Note     string `json:"note,omitempty" maxLength:"200"`
}

type receiptIn struct {
	Variant id.ID `path:"variant" doc:"Id of the variant."`
	Body    Receipt
}

func (c *call) receiveStock(in receiptIn) (Level, error) {
	m := stock.Movement{ID: id.New(), Variant: in.Variant, Quantity: in.Body.Quantity, Reason: stock.Reason(in.Body.Reason), Note: in.Body.Note}
	if err := c.Stock.Receive(c.ctx, c.sc, m); err != nil {
		return Level{}, err
	}
	return c.getStock(variantIn{in.Variant})
}

// Correction sets right what the book says. The difference between seen and
// actual is booked, so that what was sold meanwhile stays sold.
type Correction struct {
	Seen   int64  `json:"seen" minimum:"0" maximum:"1000000" doc:"on_hand as it was when somebody looked."`
	Actual int64  `json:"actual" minimum:"0" maximum:"1000000" doc:"What was really there."`
	Reason string `json:"reason" enum:"corrected,damaged,lost,used"`
	Note   string `json:"note,omitempty" maxLength:"200"`
}

type correctionIn struct {
	Variant id.ID `path:"variant" doc:"Id of the variant."`
	Body    Correction
}

func (c *call) correctStock(in correctionIn) (Level, error) {
	b := in.Body
	m := stock.Correction{ID: id.New(), Variant: in.Variant, Seen: b.Seen, Actual: b.Actual, Reason: stock.Reason(b.Reason), Note: b.Note}
	if err := c.Stock.Correct(c.ctx, c.sc, m); err != nil {
		return Level{}, err
	}
	return c.getStock(variantIn{in.Variant})
}
