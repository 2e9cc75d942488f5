"""GitHub: github.com and Enterprise Server, as repositories and organisations, authenticated by PyGithub."""
