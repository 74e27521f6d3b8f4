// Package route puts a courier's stops into a short order: over straight
// lines, with the windows that were promised kept where that can be done. It
// is pure. Decision 13 says how good its orders are.
package route

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"lapak/internal/region"
)

// Point is a place in millionths of a degree. The zero point is no place.
type Point struct{ LatE6, LngE6 int64 }

// Stop is a place to go to, and the minutes of the day between which the
// courier should arrive. Who comes before From waits; Until 0 is no limit.
type Stop struct {
	Point
	From, Until int
}

// Opts says how the courier goes.
type Opts struct {
	KmPerHour int  // along straight lines, so below what the speedometer says; 0 is 20
	PerStop   int  // minutes at each stop
	Depart    int  // minute of the day at which the courier leaves the start or, if some stops are done, the last of them
	Fixed     int  // how many of the first stops are done: they stay in front as they are
	Return    bool // the way back to the start counts
}

const usual = 20

// Plan gives the order in which to visit stops, as indices into them, how long
// the way is, and by how many minutes promises are broken, all late stops
// together. Being late weighs first, then when the courier is done, which is
// the length of the way as long as nobody waits, then that length. Stops without a place come
// last, as they were given, and do not count. The same input gives the same
// order, always.
func Plan(start Point, stops []Stop, o Opts) (order []int, metres int64, late int) {
	if o.KmPerHour <= 0 {
		o.KmPerHour = usual
	}
	at := start
	fixed := min(max(0, o.Fixed), len(stops))
	for i, s := range stops[:fixed] {
		order = append(order, i)
		metres += apart(at, s.Point)
		if s.Point != (Point{}) {
			at = s.Point
		}
	}
	r := newRun(at, start, stops, fixed, o)
	best := r.best()
	for _, n := range best {
		order = append(order, r.nodes[n].members...)
	}
	for i := fixed; i < len(stops); i++ {
		if stops[i].Point == (Point{}) {
			order = append(order, i)
		}
	}
	all := r.score(best)
	return order, metres + all.way, int((all.late + r.minute - 1) / r.minute)
}

// apart is the distance in metres; there is none to no place.
func apart(a, b Point) int64 {
	if a == (Point{}) || b == (Point{}) {
		return 0
	}
	const e6 = 1e6
	km := region.Km(float64(a.LatE6)/e6, float64(a.LngE6)/e6, float64(b.LatE6)/e6, float64(b.LngE6)/e6)
	return int64(km*1000 + 0.5)
}

// node is one place with one window, and all stops there: whoever is at a door
// hands over everything.
type node struct {
	Point
	from, until int64 // on the run's clock; until 0 is no limit
	members     []int
}

// run is a search. Its clock counts metres: a minute is the way that the
// courier rides in it, so that all sums are whole.
type run struct {
	nodes  []node
	d      [][]int64 // between nodes
	out    []int64   // from where the courier is
	home   []int64   // to where the way ends; zeros if it ends at the last stop
	minute int64
	stay   int64
	depart int64
	busy   int64 // at all stops together
	timed  bool
	budget int
}

func newRun(at, start Point, stops []Stop, fixed int, o Opts) *run {
	minute := int64(o.KmPerHour) * 1000 / 60
	r := &run{minute: minute, stay: int64(max(0, o.PerStop)) * minute, depart: int64(o.Depart) * minute, budget: budget}
	seen := map[Stop]int{}
	for i := fixed; i < len(stops); i++ {
		s := stops[i]
		if s.Point == (Point{}) {
			continue
		}
		n, ok := seen[s]
		if !ok {
			n = len(r.nodes)
			seen[s] = n
			r.nodes = append(r.nodes, node{Point: s.Point, from: int64(s.From) * minute, until: int64(s.Until) * minute})
			r.timed = r.timed || s.From > 0 || s.Until > 0
		}
		r.nodes[n].members = append(r.nodes[n].members, i)
		r.busy += r.stay
	}
	r.d = make([][]int64, len(r.nodes))
	r.out, r.home = make([]int64, len(r.nodes)), make([]int64, len(r.nodes))
	for i, a := range r.nodes {
		r.d[i] = make([]int64, len(r.nodes))
		r.out[i] = apart(at, a.Point)
		if o.Return {
			r.home[i] = apart(a.Point, start)
		}
		for j, b := range r.nodes[:i] {
			r.d[i][j] = apart(a.Point, b.Point)
			r.d[j][i] = r.d[i][j]
		}
	}
	return r
}

// leg is the way from node a to node b, -1 being both where the courier is and
// where the way ends.
func (r *run) leg(a, b int) int64 {
	switch {
	case a < 0 && b < 0:
		return 0
	case a < 0:
		return r.out[b]
	case b < 0:
		return r.home[a]
	}
	return r.d[a][b]
}

// score is what is weighed: how late all are together, then when it is done,
// then how long the way is.
type score struct{ late, end, way int64 }

func (s score) less(t score) bool {
	return cmp.Or(cmp.Compare(s.late, t.late), cmp.Compare(s.end, t.end), cmp.Compare(s.way, t.way)) < 0
}

// beats reports whether t is in nothing less than s: then no way on from t is
// better than the same way on from s.
func (s score) beats(t score) bool { return s.late <= t.late && s.end <= t.end && s.way <= t.way }

// visit goes on from s, at node a, to node b.
func (r *run) visit(s score, a, b int) score {
	n, leg := &r.nodes[b], r.leg(a, b)
	s.way += leg
	s.end = max(s.end+leg, n.from)
	for range n.members {
		if n.until > 0 && s.end > n.until {
			s.late += s.end - n.until
		}
		s.end += r.stay
	}
	return s
}

func (r *run) score(tour []int) score {
	s, at := score{end: r.depart}, -1
	for _, n := range tour {
		s = r.visit(s, at, n)
		at = n
	}
	return r.done(s, at)
}

// done ends the way that stands at s, at node a.
func (r *run) done(s score, a int) score {
	leg := r.leg(a, -1)
	s.way += leg
	s.end += leg
	return s
}

// kicks is how often the best tour is shaken and improved anew.
const kicks = 60

// best improves several first tours, then shakes the best of them again and
// again, and keeps what is better.
func (r *run) best() []int {
	if len(r.nodes) == 0 {
		return nil
	}
	var best []int
	var least score
	keep := func(tour []int) {
		tour = r.improve(tour)
		if s := r.score(tour); best == nil || s.less(least) {
			best, least = tour, s
		}
	}
	for _, tour := range r.firsts() {
		keep(tour)
	}
	dice := rand.New(rand.NewPCG(1, 1)) // always the same throws: the same stops make the same tour
	for k := 0; k < kicks && r.budget > 0 && len(best) > 3; k++ {
		keep(shaken(best, dice))
	}
	return best
}

// shaken is tour with two neighbouring parts of it in each other's place,
// which neither turns nor moves undo.
func shaken(tour []int, dice *rand.Rand) []int {
	cuts := []int{dice.IntN(len(tour) + 1), dice.IntN(len(tour) + 1), dice.IntN(len(tour) + 1)}
	slices.Sort(cuts)
	return slices.Concat(tour[:cuts[0]], tour[cuts[1]:cuts[2]], tour[cuts[0]:cuts[1]], tour[cuts[2]:])
}

func (r *run) firsts() [][]int {
	if r.timed {
		return [][]int{r.fitted(), r.nearest(), r.inserted()}
	}
	return [][]int{r.nearest(), r.inserted()}
}

// nearest goes on to the nearest place not yet visited.
func (r *run) nearest() []int {
	tour, at := make([]int, 0, len(r.nodes)), -1
	left := r.all()
	for len(left) > 0 {
		k := 0
		for i, n := range left {
			if r.leg(at, n) < r.leg(at, left[k]) {
				k = i
			}
		}
		at = left[k]
		tour = append(tour, at)
		left = slices.Delete(left, k, k+1)
	}
	return tour
}

// fitted takes the places by their limits, the earliest first and those without
// one last, and puts each where the order so far bears it best.
func (r *run) fitted() []int {
	left := r.nearest()
	slices.SortStableFunc(left, func(a, b int) int {
		x, y := r.nodes[a].until, r.nodes[b].until
		if x == 0 || y == 0 {
			return cmp.Compare(y, x)
		}
		return cmp.Compare(x, y)
	})
	var tour []int
	for k, n := range left {
		if r.budget <= 0 {
			return append(tour, left[k:]...)
		}
		var best []int
		var least score
		for i := range len(tour) + 1 {
			try := slices.Insert(slices.Clone(tour), i, n)
			r.budget -= len(try)
			if s := r.score(try); best == nil || s.less(least) {
				best, least = try, s
			}
		}
		tour = best
	}
	return tour
}

// inserted takes the places from the farthest to the nearest and puts each
// where it lengthens the way least.
func (r *run) inserted() []int {
	left := r.all()
	slices.SortStableFunc(left, func(a, b int) int { return cmp.Compare(r.out[b], r.out[a]) })
	var tour []int
	for _, n := range left {
		k, least := 0, int64(-1)
		for i := range len(tour) + 1 {
			a, b := before(tour, i), after(tour, i)
			if more := r.leg(a, n) + r.leg(n, b) - r.leg(a, b); least < 0 || more < least {
				k, least = i, more
			}
		}
		tour = slices.Insert(tour, k, n)
	}
	return tour
}

func (r *run) all() []int {
	out := make([]int, len(r.nodes))
	for i := range out {
		out[i] = i
	}
	return out
}

// before and after are the nodes around the gap before position i.
func before(tour []int, i int) int {
	if i == 0 {
		return -1
	}
	return tour[i-1]
}

func after(tour []int, i int) int {
	if i == len(tour) {
		return -1
	}
	return tour[i]
}
