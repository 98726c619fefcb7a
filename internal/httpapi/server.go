package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/verdict"
)

// Prefix is the path below which the API is.
const Prefix = "/api/v1"

// api answers the requests.
type api struct {
	Config
	huma huma.API
}

// New makes the handler of everything below [Prefix].
func New(c Config) (http.Handler, error) {
	if c.Judge == nil {
		c.Judge = verdict.Builtin()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	mux := http.NewServeMux()
	a := &api{Config: c}
	a.huma = humago.New(mux, settings(c.Version))
	a.operations()
	return a.guard(mux), nil
}

// settings are huma's: JSON alone, no pages, nothing added to answers.
func settings(version string) huma.Config {
	s := huma.DefaultConfig("nixie", version)
	s.OpenAPIPath, s.DocsPath, s.SchemasPath = Prefix+"/openapi", "", ""
	s.CreateHooks = nil
	s.RejectUnknownQueryParameters = true
	s.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "A key that nixie key add made."},
	}
	return s
}

// operations registers all endpoints.
func (a *api) operations() {
	a.logOperations()
	a.reportOperations()
	a.eventOperations()
	a.messageOperations()
	a.deliveryOperations()
}

// operation is what all endpoints have in common.
func (a *api) operation(method, path, id, summary string, scope auth.Scope) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: Prefix + path, Summary: summary,
		Security:    []map[string][]string{{"key": {string(scope)}}},
		Middlewares: huma.Middlewares{a.allow(scope)},
	}
}
