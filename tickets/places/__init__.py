"""Where a matter is: the pin and the words, whose area that is, and what stands there."""
