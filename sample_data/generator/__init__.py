"""What makes the sample year: every person and every organisation in it is invented."""
