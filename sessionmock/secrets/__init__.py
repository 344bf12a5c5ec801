"""Where secrets stand in URLs, header fields and bodies, and what stands there instead: in cassettes, and in what reports print."""
