package store

// work is what a transaction has read, and what it has yet to write.
type work struct{}

func (w *work) forget() { *w = work{} }

func (t *tx) flush() error { return nil }
