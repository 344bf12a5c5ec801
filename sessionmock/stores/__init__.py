"""What lasts beyond one load: caches, cookies, credentials, and the files that they live in."""
