package nixie

// OtherUndefinedStatus is X.0.0.
const OtherUndefinedStatus Detail = 0

func builtinContents() Contents  { return Contents{} }
func snapshotContents() Contents { return Contents{} }
