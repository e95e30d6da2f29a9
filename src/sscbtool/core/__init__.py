"""Values in, values out: no files, no clock, no database, no terminal."""
