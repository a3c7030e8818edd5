"""What is spoken: prompts, values in words, the music of the waiting room."""
