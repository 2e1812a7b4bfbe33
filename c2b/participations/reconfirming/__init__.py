"""Members who are asked again because the ground under their answers changed."""
