"""Where the bytes of a load come from: a live server, a cassette or a script."""
