package httpapi

func (a *api) messageOperations() {}
