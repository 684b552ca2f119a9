"""The API's client: `wire` and `answers` know the protocol, `client` does the I/O."""
