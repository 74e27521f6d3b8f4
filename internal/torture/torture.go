// Package torture kills the server, cuts its power and takes away what it
// stands on, and then looks whether anything that was answered is gone. It is
// all tests: short ones in every run, long ones with LAPAK_TORTURE=1 (make
// torture). Each has a planted mistake that it must catch, a clean control
// that it must pass, and the verdict "void" when it did not come to the point.
package torture
