//go:build !race

package dsn_test

// raceFactor is how much longer a message may take under the race detector.
const raceFactor = 1
