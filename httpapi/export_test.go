package httpapi

// Held returns how many bytes of appends are held.
func (h *Handler) Held() int64 { return h.held.used.Load() }
