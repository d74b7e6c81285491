"""A stretch of a graph computed in turn: one array runs layer after layer over its memories."""
