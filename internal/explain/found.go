package explain

// scan makes a piece of the first place of every code in a text.
func scan(text string) []piece { return nil }
