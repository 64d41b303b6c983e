"""The buttons under a reply: stop, regenerate, share and feedback."""
