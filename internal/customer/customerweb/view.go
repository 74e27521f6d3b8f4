package customerweb

import (
	"context"
	"strconv"

	"lapak/internal/customer"
	"lapak/internal/i18n"
	"lapak/internal/id"
	"lapak/internal/phone"
	"lapak/internal/ui"
)

type detailView struct {
	customer.Detail
	Orders []OrderLine
	Edit   bool // may change
	Own    bool // may erase and take out a copy
	Stop   string
}

func path(c id.ID, more string) string { return "/pelanggan/" + c.String() + more }

func number(n int64) string { return strconv.FormatInt(n, 10) }

func groupPath(g customer.Group) string {
	if g == customer.All {
		return "/pelanggan"
	}
	return "/pelanggan?kelompok=" + string(g)
}

func groupKey(g customer.Group) string {
	if g == customer.All {
		return "customer.group_all"
	}
	return "customer.group_" + string(g)
}

func addressPath(c id.ID, a customer.Address) string {
	return path(c, "/alamat/"+a.ID.String()+"/penghapusan")
}

func groups(ctx context.Context, f customer.Filter) []ui.Tab {
	var list []ui.Tab
	for _, g := range customer.Groups {
		list = append(list, ui.Tab{Path: groupPath(g), Label: i18n.T(ctx, groupKey(g)), Count: -1, On: f.Group == g && f.Words == ""})
	}
	return list
}

// called is how a customer is called where there may be no name.
func called(ctx context.Context, c customer.Customer) string {
	switch {
	case c.ErasedAt != nil:
		return i18n.T(ctx, "customer.nobody")
	case c.Name != "":
		return c.Name
	}
	return phone.Show(c.Phone)
}

func town(c customer.Customer) string {
	if c.Village == "" {
		return "-"
	}
	return c.Place().Town()
}
