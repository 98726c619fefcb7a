package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/nixiemail/nixie/verdict"
)

// Prefix is the path below which the API is.
const Prefix = "/api/v1"

// api answers the requests.
type api struct {
	Config
	huma huma.API
	mux  *http.ServeMux

	failures failures
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
	a := newAPI(c)
	spec, err := a.spec()
	if err != nil {
		return nil, err
	}
	a.mux.HandleFunc("GET "+Prefix+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Write(spec)
	})
	return a.guard(a.mux), nil
}

// newAPI registers all endpoints.
func newAPI(c Config) *api {
	a := &api{Config: c, mux: http.NewServeMux()}
	a.huma = humago.New(a.mux, settings())
	a.messageOperations()
	a.eventOperations()
	a.reportOperations()
	a.logOperations()
	a.deliveryOperations()
	a.recipientOperations()
	a.suppressionOperations()
	a.listOperations()
	a.returnPathOperations()
	a.keyOperations()
	a.explainOperations()
	return a
}

// settings are huma's: JSON alone, no pages, nothing added to answers.
func settings() huma.Config {
	s := huma.DefaultConfig("nixie", "1")
	s.OpenAPIPath, s.DocsPath, s.SchemasPath = "", "", ""
	s.CreateHooks = nil
	s.Transformers = []huma.Transformer{tidyAnswer}
	s.RejectUnknownQueryParameters = true
	s.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "A key that nixie key add made."},
	}
	return s
}
