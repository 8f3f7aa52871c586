"""Views: what each page says, as plain frozen data."""
