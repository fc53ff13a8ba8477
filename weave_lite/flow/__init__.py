"""What users make: objects, models and datasets."""
