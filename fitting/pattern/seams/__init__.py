"""Seams for patterns without: proposed from lengths, notches and shapes, or kept in a file."""
