"""The project with one token changed, and the tests that should see it."""
