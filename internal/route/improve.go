package route

// budget is how many steps all searches of a plan may take together: an end
// for any number of stops, and one that does not hang on the clock.
const budget = 4_000_000

// longest is how many stops in a row are moved elsewhere at once.
const longest = 3

// search is a tour while it is being improved.
type search struct {
	*run
	tour, try []int
	at        []score // before each position of tour
	now       score
}

// improve turns parts of the tour around (2-opt) and moves up to three stops
// in a row elsewhere (or-opt), as long as that helps.
func (r *run) improve(tour []int) []int {
	s := &search{run: r, tour: tour, try: make([]int, len(tour)), at: make([]score, len(tour)+1)}
	s.take(tour)
	for again := true; again && r.budget > 0; {
		again = s.turns()
		again = s.moves() || again
	}
	return s.tour
}

// take makes tour the one that is improved.
func (s *search) take(tour []int) {
	copy(s.tour, tour)
	s.at[0] = score{end: s.depart}
	for i, n := range s.tour {
		s.at[i+1] = s.visit(s.at[i], before(s.tour, i), n)
	}
	s.now = s.score(s.tour)
}

// hopeless reports whether a tour that is longer by more cannot be better: all
// are in time, and even without any waiting it is done no sooner.
func (s *search) hopeless(more int64) bool {
	s.budget--
	if !s.timed {
		return more >= 0
	}
	soonest := s.depart + s.busy + s.now.way + more
	return s.now.late == 0 && (soonest > s.now.end || soonest == s.now.end && more >= 0)
}

// better takes the tour in try if it is. Before position i and from j on it is
// as the present one.
func (s *search) better(i, j int) bool {
	if s.timed {
		c := s.at[i]
		for k := i; k < len(s.try); k++ {
			s.budget--
			c = s.visit(c, before(s.try, k), s.try[k])
			if c.late > s.now.late || k >= j && s.at[k+1].beats(c) {
				return false
			}
		}
		if c = s.done(c, s.try[len(s.try)-1]); !c.less(s.now) {
			return false
		}
	}
	s.take(s.try)
	return true
}

func (s *search) turns() bool {
	found := false
	for i := 0; i < len(s.tour); i++ {
		for j := i + 1; j < len(s.tour); j++ {
			if s.budget <= 0 {
				return false
			}
			a, b, c, d := before(s.tour, i), s.tour[i], s.tour[j], after(s.tour, j+1)
			if s.hopeless(s.leg(a, c) + s.leg(b, d) - s.leg(a, b) - s.leg(c, d)) {
				continue
			}
			copy(s.try, s.tour)
			for x, y := i, j; x < y; x, y = x+1, y-1 {
				s.try[x], s.try[y] = s.try[y], s.try[x]
			}
			found = s.better(i, j+1) || found
		}
	}
	return found
}

func (s *search) moves() bool {
	found := false
	for n := 1; n <= longest; n++ {
		for i := 0; i+n <= len(s.tour); i++ {
			for k := 0; k <= len(s.tour); k++ { // the gap that they move into
				if k >= i && k <= i+n {
					continue
				}
				if s.budget <= 0 {
					return false
				}
				a, b, c, d := before(s.tour, i), s.tour[i], s.tour[i+n-1], after(s.tour, i+n)
				e, f := before(s.tour, k), after(s.tour, k)
				gone := s.leg(a, d) - s.leg(a, b) - s.leg(c, d) - s.leg(e, f)
				if !s.hopeless(gone+s.leg(e, b)+s.leg(c, f)) && s.move(i, n, k, false) ||
					n > 1 && !s.hopeless(gone+s.leg(e, c)+s.leg(b, f)) && s.move(i, n, k, true) {
					found = true
					break // what stands at i is another now
				}
			}
		}
	}
	return found
}

// move tries n stops from position i in the gap before position k, turned
// around or not.
func (s *search) move(i, n, k int, turned bool) bool {
	part := s.tour[i : i+n]
	out := s.try[:0]
	put := func() {
		for x := range part {
			if turned {
				x = n - 1 - x
			}
			out = append(out, part[x])
		}
	}
	for x, v := range s.tour {
		if x == k {
			put()
		}
		if x < i || x >= i+n {
			out = append(out, v)
		}
	}
	if k == len(s.tour) {
		put()
	}
	return s.better(min(i, k), max(i+n, k))
}
