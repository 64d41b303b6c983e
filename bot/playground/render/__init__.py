"""What a person sees of a message, a modal or the Home tab, as text."""
