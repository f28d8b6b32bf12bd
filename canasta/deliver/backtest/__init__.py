"""The back-test for people: figures as JSON, and a page in Spanish."""
