"""What all Slack surfaces share: every string, blocks, the footer, model names."""
