package nixie

func builtinContents() Contents  { return Contents{} }
func snapshotContents() Contents { return Contents{} }
