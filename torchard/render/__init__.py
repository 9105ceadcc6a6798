"""A plan, shown: as text for people and as JSON for programs."""
