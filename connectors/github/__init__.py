"""GitHub: github.com and Enterprise Server, as repositories and organisations, through PyGithub."""
