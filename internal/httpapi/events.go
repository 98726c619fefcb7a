package httpapi

func (a *api) eventOperations() {}
