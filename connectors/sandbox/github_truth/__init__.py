"""The truth of a sandbox GitHub: accounts, repositories, issues, and the ways in which they change."""
