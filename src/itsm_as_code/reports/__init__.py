"""Report formats: pure functions, result in, text out. All of them treat what records say as hostile text."""
