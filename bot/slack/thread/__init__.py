"""Reading a thread into the prompt that the models receive."""
