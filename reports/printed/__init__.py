"""Reports as a printed book: chapters of words, numbers, charts and tables, set by Typst."""
