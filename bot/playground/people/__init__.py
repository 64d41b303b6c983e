"""What people do in the local Slack, and what they see."""
