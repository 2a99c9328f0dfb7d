"""Learners that judge windows: softmax regression, trees, a small net."""
