"""The page of crews: their jobs on a telephone with a bad line."""
