"""The settings modals of a channel and of the workspace."""
