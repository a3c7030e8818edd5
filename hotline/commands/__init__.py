"""The commands of `hotline` that stand in modules of their own (`base`)."""
