"""What people read: terminal, page and data."""
