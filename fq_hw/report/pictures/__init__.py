"""The pictures of a report, each drawn from records alone."""
