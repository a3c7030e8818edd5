"""In which languages every text that a person sees must exist."""

READER_LANGUAGES = ("th", "en")
