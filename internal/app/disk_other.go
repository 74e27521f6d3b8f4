//go:build !linux && !darwin

package app

import "errors"

func diskSpace(string) (free, total uint64, err error) {
	return 0, 0, errors.New("the free space cannot be read on this system")
}
