package carrier

// maxSide and maxGrams bound what is reckoned with; larger is a slip of the pen.
const (
	maxSide  = 1000       // centimetres
	maxGrams = 50_000_000 // grams
)

// Volumetric is what a box of these centimetres counts for in grams, started
// grams up: length times width times height by the divisor are kilograms.
func Volumetric(l, w, h, divisor int64) int64 {
	side := func(n int64) int64 { return min(max(0, n), maxSide) }
	if divisor <= 0 {
		return 0
	}
	return (side(l)*side(w)*side(h)*1000 + divisor - 1) / divisor
}

// Chargeable is the weight in whole kilograms that a carrier asks money for:
// the greater of scales and volume, least kilograms at least. What is over a
// whole kilogram by no more than the tolerance in grams is let go, anything
// else counts as a started kilogram.
func Chargeable(grams, l, w, h, divisor, tolerance, least int64) int64 {
	g := max(min(max(0, grams), maxGrams), Volumetric(l, w, h, divisor))
	kg, rest := g/1000, g%1000
	if rest > 0 && (rest > tolerance || kg == 0) {
		kg++
	}
	return max(1, least, kg)
}
