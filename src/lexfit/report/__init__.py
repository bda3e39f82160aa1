"""The technical report of a run: from its files alone, each number with the file, key and hash that it comes from."""
