"""Update: bring a service to a newer release without losing a line that a person wrote."""
