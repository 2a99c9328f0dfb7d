"""What is done to panels: folds opened, allowance taken off or added, edges cut for seams."""
