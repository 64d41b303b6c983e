"""How events reach the app: over Socket Mode or HTTP, retried until acknowledged."""
