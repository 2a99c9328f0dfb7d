"""Activity models. The only room that knows torch; import its modules where they are used."""
