"""Our HTTP application: routes, metrics, completion events."""
