"""Figures: ours beside the bare path in the same run, as ratios. `make bench` runs all of them.

Absolute times mean little from one machine to the next; the ratio of two paths measured side by
side holds better.
"""
