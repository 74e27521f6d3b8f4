package today

import (
	"slices"
	"testing"
)

func TestEveryKindHasItsPlaceInTheOrder(t *testing.T) {
	for _, k := range []Kind{Hidden, Draft, Paused, Closed, Accept, Complaint, Check, Owed, Failed, Pack, Hand, Collect, Way, Low, Settle, Told} {
		if !slices.Contains(urgency, k) {
			t.Errorf("%s has no place in the order of urgency", k)
		}
	}
}
