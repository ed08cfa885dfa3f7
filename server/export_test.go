package server

import (
	"maps"
	"slices"
)

// Routes returns the names of all routes, as metrics and the audit have them, and the methods of all RPCs.
func (s *Server) Routes() []string {
	names := slices.Collect(maps.Keys(s.names))
	for service, info := range s.grpc.GetServiceInfo() {
		for _, m := range info.Methods {
			names = append(names, "/"+service+"/"+m.Name)
		}
	}
	slices.Sort(names)
	return names
}
