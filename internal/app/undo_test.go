package app_test

import (
	"testing"

	"lapak/internal/store"
	"lapak/internal/store/storetest"
	"lapak/internal/web/webtest"
)

// The button that undoes is offered for what was just done, and not after
// something else, where it would undo the step before.
func TestUndoIsOfferedForTheLastStepAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		sh := s.shop(t, "Dapur Urung", 5)
		o := orderOf(t, s, s.person(t).order(sh, "1", "Tuti", "0812 3456 7001"))
		offered := func(page webtest.Page) bool {
			return webtest.Attr(sh.Follow(page).Body, "[data-toast] form", "action") != ""
		}
		if !offered(sh.move(o, "penerimaan")) {
			t.Error("accepting cannot be undone")
		}
		if offered(sh.move(o, "catatan", "note-text", "bungkus rapi")) {
			t.Error("after a note, undoing the acceptance was offered")
		}
	})
}
