"""A stand-in for conda, built on py-rattler. Its modules run on a simulated Mac as well."""
