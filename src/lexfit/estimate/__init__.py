"""What a training needs, from the model's config alone: memory by part, time and money."""
