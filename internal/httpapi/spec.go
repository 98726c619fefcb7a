package httpapi

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Spec returns the description of the API in OpenAPI 3.1, as docs/openapi.json has it.
func Spec() ([]byte, error) { return newAPI(Config{}).spec() }

func (a *api) spec() ([]byte, error) {
	text, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the API's description: %w", err)
	}
	return append(text, '\n'), nil
}

// document describes an operation that is not huma's.
func (a *api) document(op *huma.Operation) {
	api := a.huma.OpenAPI()
	op.Responses["default"] = &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: api.Components.Schemas.Schema(reflect.TypeFor[huma.ErrorModel](), true, "")},
	}}
	api.AddOperation(op)
}
