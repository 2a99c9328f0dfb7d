"""Sensors over people and sizes: cases, shares of people, and a search for better places."""
