"""Faults over HTTP/2: of one stream, or of its connection. Imported when a server has chosen HTTP/2, and not before."""
