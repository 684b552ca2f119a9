"""The API's client: `wire` and `answers` know the protocol, `client` is the small shell that talks."""
