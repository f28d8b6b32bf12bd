"""The application: requests in, look-ups and what-ifs out."""
